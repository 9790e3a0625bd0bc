"""`race`: train the priors of one experiment in turn, in one process or in those that torchrun started."""

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
from tqdm import tqdm

from vampcore import datasets, zoo
from vampcore.commands.options import Commands, chosen_device, compiling, data_root, device, own_data
from vampcore.commands.reading import read_data
from vampcore.commands.stopping import stop_on_signals
from vampcore.commands.train import add_config_options, chosen_config, processes_together
from vampcore.config import Config
from vampcore.training import Run, TrainingError, keep_freed_memory
from vampcore.training.race import race as train_in_turn
from vampcore.training.race_folder import Progress, Request, read_progress, read_request, write_request


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "race",
        help="train several priors in turn, in one process",
        parents=[own_data(), data_root(), device(), compiling("off")],
        description="Train one configuration with several priors, in turn in one process. Each model is the same, bit "
        "for bit, as if it were trained alone with --compile off. The models are listed when the race ends or is "
        "stopped; while it trains, progress.json says how far it is.",
    )
    add_config_options(command, left_out=("prior",))
    command.add_argument("--priors", metavar="LIST", default="sg,mog,vamp", help="Default: sg,mog,vamp.")
    command.add_argument("--out", type=Path, help="folder of the race. Default: runs/EXPERIMENT.")
    command.add_argument(
        "--resume",
        action="store_true",
        help="begin or continue the race that race.json in --out asks for; other options are not needed",
    )
    command.add_argument(
        "--wait",
        action="store_true",
        help="import everything, then read the folder of a race from one line of standard input, and begin or continue "
        "that race",
    )
    command.set_defaults(command=race)


def race(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Train the priors in turn, or continue a race."""
    keep_freed_memory()
    asked = psutil.Process().create_time()
    if options.wait:
        _warm_up()
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            return 0
        folder, asked = Path(line), time.time()
    elif options.resume:
        if options.out is None:
            parser.error("--resume needs --out, the folder of the race")
        folder = options.out
    else:
        folder = _begun(parser, options)
    return _race(folder, asked)


def _warm_up() -> None:
    """Import what a training imports on its way, by making one step of a small one."""
    config = Config("digits", "ready", components=1, latent_dim=2, hidden=1, layers=1, likelihood="binomial")
    next(Run(config, datasets.load("digits")).moments())


def _begun(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Path:
    """The folder of a new race, as the options ask for it."""
    chosen = []
    for prior in options.priors.split(","):
        options.prior = prior
        chosen.append(chosen_config(parser, options))
    folder = options.out or zoo.RUNS / chosen[0].experiment
    root = None if options.data_root is None else str(options.data_root.absolute())
    request = Request(tuple(chosen), root, options.device, options.compile)
    processes = processes_together(chosen_device(options.device))
    if processes.first:
        write_request(folder, request)
    processes.any(False)  # the others wait until it is written
    return folder


def _race(folder: Path, asked: float) -> int:
    request = read_request(folder)
    config = request.runs[0]
    root = None if request.data_root is None else Path(request.data_root)
    device = chosen_device(request.device)
    processes = processes_together(device)
    dataset = read_data(config.data, root, config.likelihood, quiet=not processes.first)
    total = sum(each.epochs for each in request.runs)
    done = sum(int(each.epoch) for each in read_progress(folder).runs)
    together = f" ({processes.count} processes)" if processes.count > 1 else ""
    bar = tqdm(
        total=total,
        initial=done,
        unit="epoch",
        desc=f"{datasets.short_name(config.data)} on {device}{together}",
        disable=not processes.first,
    )

    def note(words: str) -> None:
        bar.write(words, file=sys.stderr)

    with (
        stop_on_signals() as asked_to_stop,
        bar,
        closing(train_in_turn(folder, dataset, device, asked_to_stop, note, asked, processes)) as reports,
    ):
        progress = read_progress(folder)
        for progress in reports:
            bar.update(sum(int(each.epoch) for each in progress.runs) - bar.n)
            bar.set_postfix_str(_bounds(progress))
    if processes.first:
        print(f"{folder}: {progress.phase}; validation ELBO in nats an image: {_bounds(progress) or 'none yet'}")
    processes.end()
    failed = [f"{each.prior}: {each.error}" for each in progress.runs if each.error]
    if failed:
        raise TrainingError("; ".join(failed))
    return 0


def _bounds(progress: Progress) -> str:
    """The validation ELBO of each run that has one."""
    return ", ".join(f"{e.prior} {e.validation_elbo:.2f}" for e in progress.runs if e.validation_elbo is not None)
