"""`evaluate`: measure a checkpoint on its data set."""

import argparse
import dataclasses
import sys
from pathlib import Path

from vampcore import zoo
from vampcore.checkpoints import save
from vampcore.checkpoints.destinations import writable_folder
from vampcore.checkpoints.locking import run_lock
from vampcore.checkpoints.measuring import measured_again, with_figures
from vampcore.checkpoints.records import FORMAT
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
    command.add_argument(
        "--covering",
        metavar="N",
        type=whole_number(2),
        help="add the second estimate of log p(x) for N random test images, with S samples each, as `measure` does",
    )
    command.add_argument("--split", choices=("train", "validation", "test"), default="test", help="Default: test.")
    command.add_argument("--seed", type=whole_number(0), default=0, help="seed of the samples. Default: 0.")
    command.add_argument("--json", action="store_true", help="print the scores as JSON")
    command.add_argument("--save", action="store_true", help="store the scores in the checkpoint")
    command.set_defaults(command=evaluate_checkpoint)


def evaluate_checkpoint(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Measure a checkpoint on its data set, and print or store the scores."""
    if options.save and (options.limit is not None or options.split != "test"):
        parser.error("--save stores scores of the whole test set: remove --limit and --split")
    if options.covering is not None:
        if options.limit is not None or options.split != "test":
            parser.error("--covering is for the whole test set: remove --limit and --split")
        check_covering_samples(parser, options.samples)
    if not options.save:
        return _evaluate(options)
    with run_lock(writable_folder(zoo.find(options.checkpoint))):
        return _evaluate(options)


def _evaluate(options: argparse.Namespace) -> int:
    checkpoint, where = zoo.load(options.checkpoint), chosen_device(options.device)
    found = data_of(checkpoint, options)
    checkpoint = dataclasses.replace(checkpoint, identity=found.identity)
    with progress_bar("sample") as progress:
        measured = measured_again(
            checkpoint,
            found.dataset,
            options.samples,
            options.seed,
            split=options.split,
            limit=options.limit,
            device=where,
            progress=progress,
        )
    metrics = measured.metrics
    if options.save or options.covering is not None:
        checkpoint = with_figures(checkpoint, measured)
    if options.covering is not None:
        with progress_bar("image") as progress:
            checkpoint = with_scores(checkpoint, found.dataset, options.covering, options.samples, where, progress)
        metrics = checkpoint.metrics
        if checkpoint.metric("log_likelihood_covering") is None:
            exact = measured.log_likelihood_is is not None
            why = "log p(x) is exact" if exact else "the posterior is a flow, which cannot be refined"
            print(f"there is no second estimate: {why}", file=sys.stderr)
    if options.save:
        save(checkpoint, checkpoint.folder or Path(options.checkpoint))
    if measured.refusal is not None:
        print(
            f"log p(x) was estimated by importance sampling instead of quadrature: {measured.refusal}", file=sys.stderr
        )
    if options.json:
        entries = [metric_to_json(metric) for metric in metrics]
        print(dumps({"format": FORMAT, "entries": entries}), end="")
    else:
        for metric in metrics:
            layer = "" if metric.layer is None else f" (layer {metric.layer})"
            print(f"{metric.name + layer:24} {shown(metric)}")
    return 0
