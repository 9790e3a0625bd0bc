"""`reduce`: make a smaller copy of a checkpoint."""

import argparse
from pathlib import Path

from vampcore import zoo
from vampcore.checkpoints import CheckpointError, reduced, save
from vampcore.commands.options import Commands, whole_number


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "reduce", help="make a smaller copy of a checkpoint, with fewer stored latents and past priors"
    )
    command.add_argument("checkpoint", metavar="CHECKPOINT", help="a name printed by `list`, or a folder")
    command.add_argument(
        "--images", type=whole_number(2), help="number of test images whose latents are kept, drawn at random"
    )
    command.add_argument(
        "--snapshots", type=whole_number(1), help="number of epochs whose prior is kept, including the last"
    )
    command.add_argument("--out", type=Path, required=True, help="folder of the copy")
    command.set_defaults(command=reduce)


def reduce(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Make a smaller copy of a checkpoint."""
    if options.images is None and options.snapshots is None:
        parser.error("nothing to reduce: give --images or --snapshots")
    out = options.out.resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(f"{options.out} is not an empty folder: choose another --out")
    found = reduced(zoo.load(options.checkpoint), options.images, options.snapshots)
    save(found, out)
    size = sum(file.stat().st_size for file in out.iterdir())
    images = f"latents of {len(found.latents.ids):,} of {found.test_images:,} test images"
    print(f"{options.out}: {size / 1e6:.1f} MB, {images}, {len(found.snapshots)} snapshots")
    return 0
