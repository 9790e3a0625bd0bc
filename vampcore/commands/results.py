"""`results`: train and measure a table of models, and write its report."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import torch
from tqdm import tqdm

from vampcore import zoo
from vampcore.checkpoints import CheckpointError, EpochRecord
from vampcore.checkpoints.card import objective_name
from vampcore.checkpoints.locking import is_locked
from vampcore.commands.options import Commands, chosen_device, compiling, data_root, device, whole_number
from vampcore.commands.stopping import stop_on_signals
from vampcore.config import Config, ConfigError
from vampcore.datasets import DataError
from vampcore.results import Estimate, Status, Table, TableError, complete, read_table, write_report
from vampcore.training import TrainingError, keep_freed_memory


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "results",
        help="train and measure a table of models, and write its report",
        description="Rows that are already trained and measured are skipped. "
        "Several processes can share the rows: start "
        "torchrun --nproc-per-node N -m vampcore results TABLE.toml, or run the command on machines that share one "
        "--runs folder on a file system with locks (NFS 4 has them).",
        parents=[data_root(), device(), compiling()],
    )
    command.add_argument(
        "tables",
        metavar="TABLE.toml",
        type=Path,
        nargs="+",
        help="one or more tables; the report lists them in this order",
    )
    command.add_argument(
        "--out", type=Path, default=Path("RESULTS.md"), help="file of the report. Default: RESULTS.md."
    )
    command.add_argument(
        "--samples",
        type=whole_number(1),
        help="importance samples per image (S) for log p(x). Default: set by the table, or 5000.",
    )
    command.add_argument("--runs", type=Path, default=zoo.RUNS, help="folder of the runs. Default: runs.")
    command.set_defaults(command=results)


def results(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Train and measure the missing rows one by one, and write the report after each."""
    try:
        tables = [read_table(path) for path in options.tables]
    except TableError as error:
        parser.error(str(error))
    if options.samples is not None:
        tables = [replace(table, estimate=replace(table.estimate, samples=options.samples)) for table in tables]
    device, failed = _own_device(chosen_device(options.device)), 0
    keep_freed_memory()
    # If it cannot be written, fail before hours of training.
    write_report(tables, options.out, options.runs)
    with stop_on_signals() as asked_to_stop:
        for config, estimate in [(row, table.estimate) for table in tables for row in table.rows]:
            name = f"{config.experiment}/{config.prior}"
            with tqdm(unit="epoch", desc=name, total=config.epochs, disable=None) as bar:
                try:
                    status = _complete(config, estimate, options, device, asked_to_stop, bar)
                except (CheckpointError, ConfigError, DataError, TrainingError) as error:
                    print(f"error: {name}: {error}", file=sys.stderr)
                    failed += 1
                    continue
            print(f"{name}: {status.value}", flush=True)
            if asked_to_stop():
                break
            if status is Status.DONE:
                write_report(tables, options.out, options.runs)
        if failed:
            _wait_for_others(tables, options.runs, asked_to_stop)
    write_report(tables, options.out, options.runs)
    print(f"{options.out}: written")
    return 1 if failed else 0


def _wait_for_others(tables: list[Table], runs: Path, stop: Callable[[], bool]) -> None:
    """Wait until no row is in work: a launcher ends all of its processes when one of them fails."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        folders = [runs / config.experiment / config.prior for table in tables for config in table.rows]
        while not stop() and any(map(is_locked, folders)):
            time.sleep(1)


def _complete(
    config: Config,
    estimate: Estimate,
    options: argparse.Namespace,
    device: str,
    stop: Callable[[], bool],
    bar: "tqdm[NoReturn]",
) -> Status:
    def trained(record: EpochRecord) -> None:
        bar.n = record.epoch
        bar.set_postfix_str(f"validation {objective_name(config)} {record.validation_bound:.2f} nats")

    def measured(seen: int, total: int) -> None:
        bar.set_postfix_str(f"measured {seen / total:.0%}")

    return complete(
        config,
        options.runs,
        estimate,
        device,
        options.data_root,
        stop,
        trained,
        measured,
        options.compile,
    )


def _own_device(device: str) -> str:
    """Each process of a launcher on a machine takes a GPU, in turn where there are fewer."""
    if device != "cuda":
        return device
    return f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % torch.cuda.device_count()}"
