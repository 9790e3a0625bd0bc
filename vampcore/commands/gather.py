"""`gather`: of several trainings of an experiment keep one with its weights, and the scores of the others."""

import argparse
import statistics
from pathlib import Path

from vampcore.checkpoints import Checkpoint, CheckpointError, load, save
from vampcore.checkpoints.destinations import writable_folder
from vampcore.checkpoints.trainings import own_training, trainings, with_trainings
from vampcore.commands.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "gather",
        help="keep one of several trainings of an experiment, with the scores of the others",
        description="Each RUN is a folder with a checkpoint per prior, trained with one seed and otherwise alike. The "
        "seed whose validation bound, averaged over the priors, is the middle one (the lower of two) is copied to "
        "EXPERIMENT, all priors of it. Of the other seeds each copy keeps the scores of every test image, and no "
        "weights. Score all of them first, with `evaluate --save`.",
    )
    command.add_argument("experiment", metavar="EXPERIMENT", type=Path, help="folder to write the checkpoints to")
    command.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="folder with the checkpoints of one seed")
    command.set_defaults(command=gather)


def gather(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Write the checkpoints of the middle seed with the scores of the others."""
    runs = [_checkpoints(folder) for folder in options.runs]
    for folder, run in zip(options.runs, runs, strict=True):
        if run.keys() != runs[0].keys():
            raise CheckpointError(f"{folder} and {options.runs[0]} do not hold the same priors: train those that lack")
    bounds = [_mean_bound(run) for run in runs]
    middle = bounds.index(statistics.median_low(bounds))
    others = [run for run in runs if run is not runs[middle]]
    gathered = {
        prior: with_trainings(checkpoint, [run[prior] for run in others]) for prior, checkpoint in runs[middle].items()
    }
    for prior, checkpoint in gathered.items():
        save(checkpoint, writable_folder(options.experiment / prior))
        print(f"{options.experiment / prior}:")
        for each in trainings(checkpoint):
            score = "" if each.log_likelihood is None else f", log p(x) {each.log_likelihood.double().mean():.2f}"
            mark = " (weights kept)" if each.seed == checkpoint.config.seed else ""
            print(f"  seed {each.seed}: validation {each.validation_bound:.2f}{score} nats/image{mark}")
    return 0


def _checkpoints(folder: Path) -> dict[str, Checkpoint]:
    """The checkpoints of an experiment's folder, by the names of theirs; of one seed."""
    found = {path.parent.name: load(path.parent) for path in sorted(folder.glob("*/config.json"))}
    if not found:
        raise CheckpointError(f"{folder} contains no checkpoints: give the folder of an experiment")
    if len({checkpoint.config.seed for checkpoint in found.values()}) > 1:
        raise CheckpointError(f"the checkpoints in {folder} have different seeds: train them again with one")
    return found


def _mean_bound(run: dict[str, Checkpoint]) -> float:
    return statistics.fmean(own_training(checkpoint).validation_bound for checkpoint in run.values())
