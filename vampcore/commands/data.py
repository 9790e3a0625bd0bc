"""`data`: download a data set into the data folder."""

import argparse

from tqdm import tqdm

from vampcore import datasets
from vampcore.commands.options import Commands, data_root


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("data", help="download a data set", parents=[data_root()])
    command.add_argument("name", metavar="NAME", choices=datasets.names(), help=f"one of {', '.join(datasets.names())}")
    command.set_defaults(command=download)


def download(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Download a data set into the data folder."""
    with tqdm(unit="B", unit_scale=True, desc=options.name) as bar:

        def progress(received: int, expected: int) -> None:
            bar.total = expected
            bar.update(received - bar.n)

        folder = datasets.download(options.name, options.data_root, progress)
    print(f"{options.name}: {folder}")
    return 0
