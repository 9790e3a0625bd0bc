"""`pack`: keep an experiment's test images beside its checkpoints, as bits."""

import argparse
from pathlib import Path

from vampcore import datasets
from vampcore.checkpoints import CheckpointError, read_description
from vampcore.checkpoints.packed import write_packed
from vampcore.commands.options import Commands, data_root


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "pack",
        help="keep binary test images beside an experiment's checkpoints",
        description="Writes EXPERIMENT/test.safetensors: the test images, binarised as the models are evaluated on "
        "them, one bit a pixel. Pages then show originals and measure without the data set. The same data give the "
        "same file, to the byte.",
        parents=[data_root()],
    )
    command.add_argument("experiment", metavar="EXPERIMENT", type=Path, help="a folder of checkpoints, one a prior")
    command.set_defaults(command=pack)


def pack(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Write the test images of an experiment into its folder."""
    folders = sorted(path.parent for path in options.experiment.glob("*/config.json"))
    if not folders:
        raise CheckpointError(f"{options.experiment} holds no checkpoints: give the folder of an experiment")
    configs = [read_description(folder).config for folder in folders]
    if len({(config.data, config.likelihood) for config in configs}) > 1:
        raise CheckpointError(f"the checkpoints in {options.experiment} are of several data sets: pack keeps one")
    test = datasets.load(configs[0].data, options.data_root, configs[0].likelihood).test
    path = write_packed(options.experiment, test)
    print(f"{path}: {len(test.images):,} test images, {path.stat().st_size / 1e6:.2f} MB")
    return 0
