"""What all commands share: the parser, the exit status, and one line for every mistake."""

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import torch

from vampcore.checkpoints import CheckpointError
from vampcore.commands import (
    data,
    evaluate,
    gather,
    listing,
    measure,
    pack,
    race,
    reduce,
    results,
    sample,
    train,
    upgrade,
)
from vampcore.config import ConfigError
from vampcore.datasets import DataError
from vampcore.training import TrainingError

COMMANDS = (listing, train, race, evaluate, measure, sample, results, reduce, gather, pack, data, upgrade)


def main(arguments: Sequence[str] | None = None, program: str = "python -m vampcore") -> int:
    """Run a command; the exit status is 0, 1 (failed, one line says why) or 2 (bad usage)."""
    parser = argparse.ArgumentParser(program, description="Train and measure VAEs with learned priors.")
    commands = parser.add_subparsers(title="commands", required=True)
    for module in COMMANDS:
        module.add_to(commands)
    if isinstance(sys.stdout, TextIOWrapper):  # a path may hold what is no text
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parser.parse_args(arguments)
    try:
        return options.command(parser, options)
    except (CheckpointError, ConfigError, DataError, TrainingError) as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename or 'the system'}: {error.strerror or error}", file=sys.stderr)
    except (RuntimeError, MemoryError) as error:
        if not _out_of_memory(error):
            raise
        print("error: out of memory: ask for fewer --samples, --components or --hidden units", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    return 1


def _out_of_memory(error: BaseException) -> bool:
    """Whether torch found no memory; for the CPU's it has no exception of its own."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)
