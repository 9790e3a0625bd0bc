"""What a folder holds after kills, compared with one that was left alone."""

import csv
from pathlib import Path

import torch
from safetensors.torch import load_file

from vampcore import zoo
from vampcore.checkpoints import CheckpointError

STATE = "state.safetensors"
TIMES = {"status.json", "history.csv", STATE}
"""Files that hold times as well: compared without them."""


class Fault(AssertionError):
    """What must not happen after a kill."""


def opened(folder: Path) -> int:
    """Epochs of the checkpoint in a folder; 0 where there is none that opens."""
    try:
        return zoo.load(str(folder)).progress.epochs
    except CheckpointError:
        return 0


def compare(killed: Path, alone: Path) -> None:
    """Two folders hold the same but for times.

    Raises:
        Fault: If they do not.
    """
    names = {path.name for path in killed.iterdir()}, {path.name for path in alone.iterdir()}
    if names[0] != names[1]:
        raise Fault(f"{killed} holds {sorted(names[0])}, not {sorted(names[1])}")
    manifests = {"manifest.json"}  # of files with times: what it lists is compared itself
    for name in sorted(names[0] - TIMES - manifests):
        if (killed / name).read_bytes() != (alone / name).read_bytes():
            raise Fault(f"{killed / name} is not what an uninterrupted run leaves")
    if _history(killed) != _history(alone):
        raise Fault(f"the epochs of {killed} are not those of an uninterrupted run")
    one, other = load_file(killed / STATE), load_file(alone / STATE)
    if one.keys() != other.keys() or not all(torch.equal(one[name], other[name]) for name in one):
        raise Fault(f"the state of {killed} is not that of an uninterrupted run")


def _history(folder: Path) -> list[dict[str, str]]:
    rows = csv.DictReader((folder / "history.csv").read_text().splitlines())
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
