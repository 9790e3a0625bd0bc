"""`upgrade`: rewrite checkpoints in the current format."""

import argparse

from vampcore import zoo
from vampcore.checkpoints.destinations import writable_folder
from vampcore.checkpoints.locking import run_lock
from vampcore.checkpoints.upgrading import upgrade
from vampcore.commands.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "upgrade",
        help="rewrite checkpoints in the current format",
        description="Reads and checks each checkpoint, then writes it again "
        "with a manifest. The manifest lists the size "
        "and SHA-256 of every file; both are checked each time the checkpoint is opened. Weights, latents and history "
        "are not changed.",
    )
    command.add_argument("checkpoints", metavar="CHECKPOINT", nargs="+", help="names printed by `list`, or folders")
    command.set_defaults(command=upgrade_checkpoints)


def upgrade_checkpoints(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Rewrite checkpoints, and say what changed in each."""
    for name in options.checkpoints:
        folder = writable_folder(zoo.find(name))
        with run_lock(folder):
            changed = upgrade(folder)
        print(f"{name}: {', '.join(changed) or 'nothing to change'}")
    return 0
