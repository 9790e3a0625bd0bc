"""Options that several commands have, and how their values are read and shown."""

import argparse
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from vampcore.config import ConfigError
from vampcore.metrics import ESTIMATOR_NAMES, Metric

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = argparse._SubParsersAction


def data_root() -> argparse.ArgumentParser:
    """`--data-root`."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--data-root", type=Path, help="data folder; else $VAMPCORE_DATA, else data/")
    return options


def device() -> argparse.ArgumentParser:
    """`--device`."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="auto: a GPU if there is one"
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


def shown(metric: Metric) -> str:
    """A figure with its error, unit and basis."""
    error = "" if metric.se is None else f" ± {metric.se:.2g}"
    basis = "" if metric.n is None else f", n = {metric.n}"
    basis += "" if metric.samples is None else f", S = {metric.samples}"
    basis += "" if metric.estimator is None else f", {ESTIMATOR_NAMES[metric.estimator]}"
    return f"{metric.value:.6g}{error} {metric.unit}{basis}"
