"""`measure`: add missing scores to checkpoints."""

import argparse
import dataclasses
import time
from pathlib import Path

from vampcore import zoo
from vampcore.checkpoints import save
from vampcore.checkpoints.destinations import writable_folder
from vampcore.checkpoints.locking import run_lock
from vampcore.checkpoints.scoring import with_scores
from vampcore.commands.options import (
    Commands,
    check_covering_samples,
    chosen_device,
    data_root,
    device,
    own_data,
    shown,
    whole_number,
)
from vampcore.commands.progress import progress_bar
from vampcore.commands.reading import data_of


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "measure",
        help="add missing scores to checkpoints",
        description="Computes log p(x) of the test set. With two latent dimensions it is integrated by quadrature. In "
        "more dimensions a second importance-sampling estimate is added "
        "for a random subset of the images; its proposal "
        "is wider than q and covers more of the posterior. Existing scores are kept, so the command can be stopped and "
        "run again.",
        parents=[own_data(), data_root(), device()],
    )
    command.add_argument(
        "checkpoints",
        metavar="CHECKPOINT",
        nargs="*",
        help="a name printed by `list`, or a folder. Default: all shipped checkpoints.",
    )
    command.add_argument(
        "--images",
        type=whole_number(2),
        default=1000,
        help="number of random images for the second estimate, the same images for all models. Default: 1000.",
    )
    command.add_argument(
        "--samples",
        type=whole_number(0),
        default=5000,
        help="importance samples per image (S) in the second estimate. Default: 5000.",
    )
    command.set_defaults(command=measure)


def measure(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Measure checkpoint after checkpoint, and store each."""
    check_covering_samples(parser, options.samples)
    names = options.checkpoints or [str(entry.path) for entry in zoo.entries((zoo.SHIPPED,))]
    where = chosen_device(options.device)
    for name in names:
        folder = writable_folder(zoo.find(name))
        with run_lock(folder):
            _measure(name, folder, where, options)
    return 0


def _measure(name: str, folder: Path, where: str, options: argparse.Namespace) -> None:
    checkpoint = zoo.load(name)
    found = data_of(checkpoint, options)
    checkpoint = dataclasses.replace(checkpoint, identity=found.identity)
    start = time.monotonic()
    with progress_bar("image", name) as progress:
        measured = with_scores(checkpoint, found.dataset, options.images, options.samples, where, progress)
    if measured is not checkpoint:
        save(measured, folder)
    score = measured.metric("log_likelihood")
    seconds = "nothing to add" if measured is checkpoint else f"{time.monotonic() - start:.0f} s"
    print(f"{name}: {'no log p(x)' if score is None else shown(score)} ({seconds})", flush=True)
