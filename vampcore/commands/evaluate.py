"""`evaluate`: measure a checkpoint on its data set."""

import argparse
import dataclasses
import sys
from pathlib import Path

from tqdm import tqdm

from vampcore import datasets, zoo
from vampcore.checkpoints import save
from vampcore.checkpoints.destinations import writable_folder
from vampcore.checkpoints.identity import identified
from vampcore.checkpoints.locking import run_lock
from vampcore.checkpoints.measuring import measured_again, with_figures
from vampcore.checkpoints.records import FORMAT
from vampcore.commands.options import (
    Commands,
    chosen_data,
    chosen_device,
    data_root,
    device,
    own_data,
    shown,
    whole_number,
)
from vampcore.commands.reading import read_data
from vampcore.config import dumps
from vampcore.metrics import metric_to_json


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "evaluate", help="measure a checkpoint on its data set", parents=[own_data(), data_root(), device()]
    )
    command.add_argument("checkpoint", metavar="CHECKPOINT", help="a name printed by `list`, or a folder")
    command.add_argument(
        "--samples",
        type=whole_number(0),
        default=5000,
        help="importance samples per image (S) for log p(x); 0 keeps the stored log p(x). Default: 5000.",
    )
    command.add_argument(
        "--limit", type=whole_number(2), help="measure a random subset of this many images, the same for all models"
    )
    command.add_argument("--split", choices=("train", "validation", "test"), default="test", help="Default: test.")
    command.add_argument("--seed", type=whole_number(0), default=0, help="of the samples. Default: 0.")
    command.add_argument("--json", action="store_true", help="print the scores as JSON")
    command.add_argument("--save", action="store_true", help="store the scores in the checkpoint")
    command.set_defaults(command=evaluate_checkpoint)


def evaluate_checkpoint(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Measure a checkpoint on its data set, and print or store the scores."""
    if options.save and (options.limit is not None or options.split != "test"):
        parser.error("--save stores scores of the whole test set: remove --limit and --split")
    if not options.save:
        return _evaluate(options)
    with run_lock(writable_folder(zoo.find(options.checkpoint))):
        return _evaluate(options)


def _evaluate(options: argparse.Namespace) -> int:
    checkpoint = zoo.load(options.checkpoint)
    config = checkpoint.config
    data = chosen_data(options, config.data) or config.data
    found = identified(checkpoint, read_data(data, options.data_root, config.likelihood))
    for note in found.notes:
        print(f"{datasets.short_name(data)}: {note}", file=sys.stderr)
    checkpoint = dataclasses.replace(checkpoint, identity=found.identity)
    with tqdm(total=0, unit="sample", unit_scale=True) as bar:

        def progress(seen: int, total: int) -> None:
            bar.total = total
            bar.update(seen - bar.n)

        measured = measured_again(
            checkpoint,
            found.dataset,
            options.samples,
            options.seed,
            split=options.split,
            limit=options.limit,
            device=chosen_device(options.device),
            progress=progress,
        )
    if options.save:
        save(with_figures(checkpoint, measured), checkpoint.folder or Path(options.checkpoint))
    if measured.refusal is not None:
        print(
            f"log p(x) was estimated by importance sampling instead of quadrature: {measured.refusal}", file=sys.stderr
        )
    if options.json:
        entries = [metric_to_json(metric) for metric in measured.metrics]
        print(dumps({"format": FORMAT, "entries": entries}), end="")
    else:
        for metric in measured.metrics:
            layer = "" if metric.layer is None else f" (layer {metric.layer})"
            print(f"{metric.name + layer:24} {shown(metric)}")
    return 0
