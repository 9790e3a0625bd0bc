"""`list`: the checkpoints found."""

import argparse
import dataclasses
import sys

from vampcore import zoo
from vampcore.checkpoints import CheckpointInfo
from vampcore.checkpoints.locking import is_locked
from vampcore.commands.options import Commands, shown
from vampcore.config import dumps


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("list", help="list the checkpoints in checkpoints/ and runs/")
    command.add_argument("--json", action="store_true", help="print the list as JSON")
    command.set_defaults(command=list_models)


def list_models(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Print the checkpoints found."""
    entries = zoo.entries()
    if options.json:
        print(dumps([_as_json(entry, entry.info) for entry in entries if entry.info is not None]), end="")
    for entry in entries:
        if entry.error is not None:
            print(f"error: {entry.error}", file=sys.stderr)
        elif entry.info is not None and not options.json:
            info = entry.info
            score = "log p(x) not evaluated" if info.log_likelihood is None else shown(info.log_likelihood)
            state = "converged" if info.converged else "not converged"
            state += ", prior edited" if info.edited else ""
            state += ", in use by a process now" if is_locked(entry.path) else ""
            state += "" if info.checked else ", unchecked (format 1)"
            epochs = f"{info.epochs:5} epoch{'s' * (info.epochs != 1)}"
            print(f"{entry.name:34} {info.data:24} {score:40} {epochs}, {state}")
    return 0


def _as_json(entry: zoo.Entry, info: CheckpointInfo) -> dict[str, object]:
    where = {"experiment": entry.experiment, "prior": entry.prior, "path": str(entry.path)}
    return {**where, **dataclasses.asdict(info), "in_use": is_locked(entry.path)}
