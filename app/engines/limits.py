"""How much the races of a server may take, and what else its pages write."""

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

from app.engines.engine import EngineError
from app.engines.tickets import Tickets
from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.edit_file import EDIT
from vampcore.checkpoints.packed import PACKED
from vampcore.training import race_folder

MINUTES, MEGABYTES, DAYS = "VAMPSCOPE_TRAIN_MINUTES", "VAMPSCOPE_TRAIN_MB", "VAMPSCOPE_TRAIN_DAYS"
PROCESSES = "VAMPSCOPE_TRAIN_PROCESSES"


@dataclass(frozen=True)
class Limits:
    """How much the races of a server may take.

    Attributes:
        minutes: That a race may run, each time it is started.
        megabytes: That all races, uploads and saved edits may take on disk.
        days: After which a race that was started from a page and not kept is deleted; None for never.
        waiting: How many races may wait.
        processes: That train each prior of a race together.
    """

    minutes: float = 10.0
    megabytes: float = 2000.0
    days: float | None = None
    waiting: int = 3
    processes: int = 1

    @classmethod
    def of_environment(cls) -> "Limits":
        """The limits that the variables set.

        Raises:
            EngineError: If a variable is no positive number.
        """
        minutes, megabytes = _number(MINUTES, cls.minutes), _number(MEGABYTES, cls.megabytes)
        processes = _number(PROCESSES, cls.processes)
        if processes % 1:
            raise EngineError(f"{PROCESSES} is {processes}: make it a whole number, or unset it")
        return cls(minutes, megabytes, _number(DAYS, 0.0) or None, processes=int(processes))

    def out_of_time(self) -> str:
        """What is said of a race that this limit stopped."""
        return (
            f"stopped after {self.minutes:g} minutes, the limit of a race here: its models are kept as they are. "
            f"Continue the race for another {self.minutes:g} minutes, or start one with fewer epochs; {MINUTES} "
            "sets the limit"
        )

    def out_of_disk(self) -> str:
        """What is said of a race that this limit stopped, or that is not taken for it."""
        return (
            f"races, uploads and saved edits together may take {self.megabytes:g} MB on disk: delete some, or raise "
            f"{MEGABYTES}"
        )


def used(root: Path) -> float:
    """Megabytes on disk of all races, uploaded models and saved edits under a folder of runs."""
    whole = {*(path.parent for path in root.glob(f"*/{race_folder.REQUEST}")), *root.glob("uploaded-*")}
    edits = {path.parent for path in root.glob(f"*/*/{EDIT}") if path.parents[1] not in whole}
    images = {folder.parent / PACKED for folder in edits}
    return sum(size_of(folder) for folder in whole | edits) + sum(_size(path) for path in images) / 1e6


def size_of(folder: Path) -> float:
    """Megabytes of what is in a folder; 0 where there is none."""
    return sum(_size(path) for path in folder.rglob("*")) / 1e6


def clean_up(tickets: Tickets, limits: Limits) -> list[str]:
    """Delete the races that ended long ago and that nobody kept; the names of those.

    A race that somebody keeps (`race_folder.keep`) has no request any more and is not a race.
    """
    deleted = []
    for ticket in tickets.all():
        folder = tickets.root / ticket.name
        if not (folder / race_folder.REQUEST).exists():
            if ticket.state == "gone":
                tickets.forget(ticket.name)
        elif limits.days is not None and ticket.state == "gone" and _age(folder) > limits.days:
            try:
                race_folder.delete(folder)
            except (CheckpointError, OSError):  # in use, or not ours
                continue
            tickets.forget(ticket.name)
            deleted.append(ticket.name)
    return deleted


def _age(folder: Path) -> float:
    """Days since a race last said how far it is, or was asked for."""
    times = [
        path.stat().st_mtime for name in (race_folder.REQUEST, race_folder.PROGRESS) if (path := folder / name).exists()
    ]
    return (time.time() - max(times, default=time.time())) / 86400


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # renamed or deleted meanwhile
        return 0


def _number(variable: str, default: float) -> float:
    said = os.environ.get(variable, "")
    try:
        found = float(said) if said else default
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf or (said and found == 0):
        raise EngineError(f"{variable} is {said!r}: make it a positive number, or unset it")
    return found
