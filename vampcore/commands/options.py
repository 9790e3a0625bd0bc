"""Options that several commands share, and how their values are read and printed."""

import argparse
import dataclasses
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from vampcore import datasets
from vampcore.config import Config, ConfigError
from vampcore.datasets import DataError
from vampcore.datasets.naming import COLOURS, FITS, SPELT, parse_size
from vampcore.metrics import ESTIMATOR_NAMES, Metric

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = argparse._SubParsersAction


def data_root() -> argparse.ArgumentParser:
    """`--data-root`."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--data-root", type=Path, help="data folder. Default: $VAMPCORE_DATA, or data/.")
    return options


def own_data() -> argparse.ArgumentParser:
    """`--data` and how a user's own data are read; `chosen_data` makes one name of them."""
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("data")
    group.add_argument(
        "--data",
        metavar="NAME",
        help=f"{words_for(Config)['data']} By name: {', '.join(datasets.names())}.",
    )
    group.add_argument(
        "--size", metavar="H,W", help="folder: resize all images to this height and width, 4 to 128. Default: 28,28."
    )
    group.add_argument("--colour", choices=COLOURS, help="folder: grey or rgb. Default: grey.")
    group.add_argument(
        "--fit",
        choices=FITS,
        help="folder: fit images of another shape by cropping, by padding with black, or by stretching. Default: crop.",
    )
    group.add_argument("--skip-bad", action="store_true", help="folder: skip image files that cannot be read")
    group.add_argument(
        "--shape", metavar="H,W", help="npz, csv: each row is an image of this shape; 1,W for a vector of W values"
    )
    group.add_argument(
        "--label", metavar="COLUMN", help="csv: the column with the class labels. Default: label, class or target."
    )
    group.add_argument(
        "--name", dest="title", metavar="TEXT", help="display name of your own data set on pages and in tables"
    )
    return options


def chosen_data(options: argparse.Namespace, stored: str | None = None) -> str | None:
    """The name of the data set that the options of `own_data` ask for, its path in full.

    Arguments:
        options: Parsed.
        stored: Of a checkpoint: the data set if none is asked for, and how data that have moved are read.

    Returns:
        None where neither names a data set.

    Raises:
        DataError: If the options do not go with the data set.
    """
    name = options.data or stored
    own = None if name is None else datasets.own_data(name)
    before = None if stored is None else datasets.own_data(stored)
    if own is not None and before is not None and own == datasets.OwnData(before.scheme, own.path):
        own = dataclasses.replace(before, path=own.path)
    fields = ("size", "colour", "fit", "skip_bad", "shape", "label", "title")
    given: dict[str, Any] = {field: getattr(options, field) for field in fields if getattr(options, field)}
    if own is not None:
        for field in ("size", "shape"):
            if field in given:
                given[field] = parse_size(given[field])
        return str(dataclasses.replace(own, **given).absolute())
    if given and name is not None:
        flags = ", ".join("--" + SPELT.get(field, field) for field in given)
        raise DataError(f"{flags}: only for your own data, not for {datasets.short_name(name)}; remove the option")
    return name


def device() -> argparse.ArgumentParser:
    """`--device`."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        default="auto",
        help="auto: a GPU if the machine has one. Default: auto.",
    )
    return options


def compiling(usual: str = "auto") -> argparse.ArgumentParser:
    """`--compile`."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--compile",
        choices=("auto", "on", "off"),
        default=usual,
        help=f"compile the training step; auto: if that saves time. Default: {usual}.",
    )
    return options


def chosen_device(asked: str) -> str:
    """The device that was asked for, or the best that there is.

    Raises:
        ConfigError: If this machine does not have it.
    """
    if asked != "auto":
        if (asked == "cuda" and not torch.cuda.is_available()) or (asked == "mps" and not torch.mps.is_available()):
            raise ConfigError(f"this machine has no {asked} device: use --device cpu")
        return asked
    return "cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu"


def words_for(described: type) -> dict[str, str]:
    """What the docstring of a class says of each of its attributes, on one line; nothing where docstrings are left out.

    Arguments:
        described: Has a docstring with a section of attributes, as in Google's style.
    """
    section = (inspect.getdoc(described) or "").partition("Attributes:\n")[2]
    return {
        name: " ".join(words.split()) for name, words in re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", section, re.M)
    }


def whole_number(least: int, most: int = 2**63 - 1) -> Callable[[str], int]:
    """Reads a whole number of that range."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r:.80} is not a whole number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}")
        return value

    return parse


def check_covering_samples(parser: argparse.ArgumentParser, samples: int) -> None:
    """Refuse a number of samples that the covering estimate cannot have."""
    if samples < 16 or samples % 2:
        parser.error(
            "--samples must be even and at least 16: half of the samples come from the refined posterior, half from "
            "the widened one"
        )


def shown(metric: Metric) -> str:
    """Format a score with its error, unit and basis."""
    error = "" if metric.se is None else f" ± {metric.se:.2g}"
    basis = "" if metric.n is None else f", n = {metric.n}"
    basis += "" if metric.samples is None else f", S = {metric.samples}"
    basis += "" if metric.estimator is None else f", {ESTIMATOR_NAMES[metric.estimator]}"
    return f"{metric.value:.6g}{error} {metric.unit}{basis}"
