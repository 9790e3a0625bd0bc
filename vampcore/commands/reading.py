"""Reading a data set with a progress bar, and saying what was done to it."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from vampcore import datasets
from vampcore.checkpoints import Checkpoint
from vampcore.checkpoints.identity import Identified, identified
from vampcore.commands.options import chosen_data
from vampcore.datasets import Dataset
from vampcore.trusted import check_readable

# Files that are read so fast that no bar is worth drawing.
_FEW = 1000


def data_of(checkpoint: Checkpoint, options: argparse.Namespace) -> Identified:
    """The data of a checkpoint as the options of `own_data` and `data_root` ask for them; changes are printed.

    Raises:
        DataError: If they must not or cannot be read, or are not the images that it was trained and tested on.
    """
    config = checkpoint.config
    if options.data is None:
        check_readable(config.data, checkpoint.folder, options.data_root, "name them with --data, ")
    data = chosen_data(options, config.data) or config.data
    found = identified(checkpoint, read_data(data, options.data_root, config.likelihood))
    for note in found.notes:
        print(f"{datasets.short_name(data)}: {note}", file=sys.stderr)
    return found


def read_data(name: str, root: Path | None, likelihood: str | None = None, quiet: bool = False) -> Dataset:
    """A data set, with a progress bar where many files are read; what was done to it is said on standard error.

    Arguments:
        name: Of the data set.
        root: Data folder.
        likelihood: Asked for; the data set's own if None.
        quiet: Whether to show nothing: of several processes, one speaks.

    Raises:
        DataError: If it cannot be read.
    """
    with tqdm(unit="image", desc=f"reading {datasets.short_name(name)}", disable=True) as hidden:
        bar = hidden

        def progress(done: int, total: int) -> None:
            nonlocal bar
            if bar.disable and total >= _FEW and not quiet:
                bar = tqdm(total=total, unit="image", desc=f"reading {datasets.short_name(name)}")
            bar.update(done - bar.n)

        try:
            dataset = datasets.load(name, root, likelihood, progress)
        finally:
            bar.close()
    if not quiet:
        for note in dataset.notes:
            print(f"{datasets.short_name(name)}: {note}", file=sys.stderr)
    return dataset
