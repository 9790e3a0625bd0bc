"""`pack`: store an experiment's binary test images with its checkpoints, and the hashes of the data in each."""

import argparse
import dataclasses
from pathlib import Path

from vampcore.checkpoints import CheckpointError, load, save
from vampcore.checkpoints.destinations import writable_folder
from vampcore.checkpoints.identity import identified
from vampcore.checkpoints.packed import write_packed
from vampcore.commands.options import Commands, data_root
from vampcore.commands.reading import read_data
from vampcore.trusted import check_readable


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "pack",
        help="store binary test images with an experiment's checkpoints",
        description="Writes EXPERIMENT/test.safetensors with the test images, "
        "binarised as in evaluation, at one bit per "
        "pixel. The pages can then show the original images and measure models without the data set. The same data "
        "always produce the same bytes. Before writing, the data are compared with the hashes in each checkpoint; a "
        "checkpoint without hashes receives them. Grey images are not packed.",
        parents=[data_root()],
    )
    command.add_argument(
        "experiment",
        metavar="EXPERIMENT",
        type=Path,
        help="folder that contains the checkpoints of an experiment, one per prior",
    )
    command.set_defaults(command=pack)


def pack(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Write the test images of an experiment into its folder."""
    folders = sorted(path.parent for path in options.experiment.glob("*/config.json"))
    if not folders:
        raise CheckpointError(f"{options.experiment} contains no checkpoints: give the folder of an experiment")
    checkpoints = [load(writable_folder(folder)) for folder in folders]
    config = checkpoints[0].config
    if len({(each.config.data, each.config.likelihood) for each in checkpoints}) > 1:
        raise CheckpointError(f"the checkpoints in {options.experiment} use different data sets: pack stores only one")
    check_readable(config.data, folders[0], options.data_root)
    dataset = read_data(config.data, options.data_root, config.likelihood)
    found = [identified(checkpoint, dataset) for checkpoint in checkpoints]
    if len({each.identity.key for each in found}) > 1:
        raise CheckpointError(
            f"the checkpoints in {options.experiment} were trained on different images: pack stores only one data set"
        )
    for checkpoint, each, folder in zip(checkpoints, found, folders, strict=True):
        if checkpoint.identity is None:
            save(dataclasses.replace(checkpoint, identity=each.identity), folder)
            print(f"{folder}: data.safetensors")
    test = found[0].dataset.test
    if test.levels > 1:
        print(f"{options.experiment}: grey test images are not packed")
        return 0
    path = write_packed(options.experiment, test)
    print(f"{path}: {len(test.images):,} test images, {path.stat().st_size / 1e6:.2f} MB")
    return 0
