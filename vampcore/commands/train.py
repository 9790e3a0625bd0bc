"""`train`: train a model, from options or from an existing checkpoint."""

import argparse
import dataclasses
import sys
from contextlib import closing, nullcontext
from pathlib import Path

from tqdm import tqdm

from vampcore import datasets, zoo
from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.card import objective_name
from vampcore.checkpoints.destinations import writable_folder
from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.locking import run_lock
from vampcore.commands.options import (
    Commands,
    chosen_data,
    chosen_device,
    compiling,
    data_root,
    device,
    own_data,
    words_for,
)
from vampcore.commands.reading import read_data
from vampcore.commands.stopping import stop_on_signals
from vampcore.config import CHOICES, Config, ConfigError, family_name
from vampcore.training import Processes, TrainingError, fit, keep_freed_memory
from vampcore.training.film import FILMED
from vampcore.training.fit import SECONDS_BETWEEN_STATES
from vampcore.training.state import STATE
from vampcore.trusted import check_readable

# Defaults that depend on other options.
DEPENDING = {"experiment": "named after data set and architecture", "likelihood": "the data set's own"}


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "train", help="train a model", parents=[own_data(), data_root(), device(), compiling()]
    )
    add_config_options(command)
    command.add_argument("--out", type=Path, help="folder of the run. Default: runs/EXPERIMENT/PRIOR.")
    command.add_argument(
        "--resume",
        action="store_true",
        help="continue the run in that folder. The state is saved when training stops, and after an epoch if the last "
        f"save is more than {SECONDS_BETWEEN_STATES} s ago. A killed run repeats the epochs after the last save.",
    )
    command.add_argument(
        "--film",
        choices=FILMED,
        default="auto",
        help="record where test images and components are after each epoch; auto: if the prior has components or the "
        "latent space two dimensions. A run that is continued is filmed if it was from the start. Default: auto.",
    )
    command.set_defaults(command=train)


def add_config_options(command: argparse.ArgumentParser, left_out: tuple[str, ...] = ()) -> None:
    """Add the options that a configuration is chosen by, beside those of `own_data`.

    Arguments:
        command: To add them to.
        left_out: Fields of `Config` that have no option here.
    """
    command.add_argument(
        "--like", metavar="CHECKPOINT", help="use the configuration of this checkpoint; other options override it"
    )
    words = words_for(Config)
    for field in dataclasses.fields(Config):
        if field.name in ("data", *left_out):  # data is among the options of `own_data`
            continue
        flag = "--" + field.name.replace("_", "-")
        kind, choices = type(field.default), CHOICES.get(field.name)
        required = field.default is dataclasses.MISSING
        usual = DEPENDING.get(field.name) or ("" if required else field.default)
        command.add_argument(
            flag,
            type=str if required else kind,
            choices=choices,
            default=argparse.SUPPRESS,
            help=words.get(field.name, "").replace("%", "%%") + (f" Default: {usual}." if usual != "" else ""),
        )


def train(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Train a model, or continue a run."""
    keep_freed_memory()
    config = chosen_config(parser, options)
    folder = writable_folder(options.out or zoo.RUNS / config.experiment / config.prior)
    device = chosen_device(options.device)
    processes = processes_together(device)
    with run_lock(folder) if processes.first else nullcontext():
        return _train(config, folder, device, processes, options)


def processes_together(device: str) -> Processes:
    """The processes that a launcher started to train together, or this one alone.

    Raises:
        TrainingError: If there are several, and that by which they meet is not installed.
    """
    try:
        return Processes(device)
    except ModuleNotFoundError as missing:
        raise TrainingError("training in several processes needs accelerate: pip install accelerate") from missing


def _train(config: Config, folder: Path, device: str, processes: Processes, options: argparse.Namespace) -> int:
    found = readable(folder)
    if processes.first and not options.resume and any((found / name).exists() for name in (STATE, "config.json")):
        raise CheckpointError(f"{folder} already contains a model: continue it with --resume, or choose another --out")
    dataset = read_data(config.data, options.data_root, config.likelihood, quiet=not processes.first)
    done = None
    together = f" ({processes.count} processes)" if processes.count > 1 else ""
    progress = tqdm(
        total=config.epochs,
        unit="epoch",
        desc=f"{config.experiment}/{config.prior} on {device}{together}",
        disable=not processes.first,
    )

    def note(words: str) -> None:
        progress.write(f"{config.experiment}/{config.prior}: {words}", file=sys.stderr)

    with (
        stop_on_signals() as asked_to_stop,
        progress as bar,
        closing(
            fit(
                config,
                dataset,
                folder,
                device,
                options.resume,
                asked_to_stop,
                options.compile,
                processes,
                note,
                options.film,
            )
        ) as records,
    ):
        for record in records:
            if done is None:
                bar.initial = bar.n = bar.last_print_n = record.epoch - 1
            done = record.epoch
            bar.update()
            rate = len(dataset.train.images) / record.seconds
            reached = f"validation {objective_name(config)} {record.validation_bound:.2f} nats"
            bar.set_postfix_str(f"{reached}, {rate:,.0f} images/s")
            if record.skipped:
                bar.write(f"epoch {record.epoch}: skipped {record.skipped} steps with gradients that were not finite")
    if done is not None:
        outcome = f"{done} epoch{'' if done == 1 else 's'}"
    elif asked_to_stop():
        outcome = "stopped before the end of the first epoch; continue with --resume"
    else:
        outcome = "all epochs are already trained"
    if processes.first:
        print(f"{folder}: {outcome}")
    processes.end()
    return 0


def chosen_config(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Config:
    """The configuration that the options of `add_config_options` and `own_data` choose.

    Raises:
        CheckpointError: If there is no such checkpoint to be like.
        DataError: If its data must not be read, or the options do not go with the data set.
    """
    names = {field.name for field in dataclasses.fields(Config)}
    given = {name: value for name, value in vars(options).items() if name in names and name != "data"}
    source = None if options.like is None else zoo.load(options.like)
    like = None if source is None else source.config
    if source is not None and options.data is None:
        check_readable(source.config.data, source.folder, options.data_root, "name them with --data, ")
    data = chosen_data(options, None if like is None else like.data)
    if data is None:
        parser.error("name the data with --data NAME, or a checkpoint to be like with --like CHECKPOINT")
    given["data"] = data
    if "likelihood" not in given and (like is None or (like.data != data and not options.resume)):
        given["likelihood"] = datasets.default_likelihood(data)
    try:
        if like is not None:
            return dataclasses.replace(like, **given)
        shared = [given.get(name, getattr(Config, name)) for name in ("latent_dim", "model", "posterior")]
        return Config(**{"experiment": family_name(datasets.short_name(data), *shared)} | given)
    except ConfigError as error:
        parser.error(str(error))
