"""`list`: the checkpoints found."""

import argparse
import dataclasses
import sys

from vampcore import zoo
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
        print(dumps([_entry_to_json(entry) for entry in entries if entry.error is None]), end="")
    for entry in entries:
        if entry.error is not None:
            print(f"error: {entry.error}", file=sys.stderr)
        elif not options.json:
            score = "log p(x) not evaluated" if entry.log_likelihood is None else shown(entry.log_likelihood)
            state = "converged" if entry.converged else "not converged"
            state += ", in use by a process now" if is_locked(entry.path) else ""
            state += "" if entry.checked else ", unchecked (format 1)"
            print(
                f"{entry.name:34} {entry.data:24} {score:40} {entry.epochs:5} epoch{'s' * (entry.epochs != 1)}, {state}"
            )
    return 0


def _entry_to_json(entry: zoo.Entry) -> dict[str, object]:
    fields = dataclasses.asdict(entry)
    fields["path"] = str(entry.path)
    fields["in_use"] = is_locked(entry.path)
    return {name: value for name, value in fields.items() if name not in ("name", "error")}
