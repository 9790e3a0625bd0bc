"""What a part is told, and what it gives: pieces that are done once and kept on disk."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from benchmarks.timing import machine

RESULTS = "results.json"


@dataclass(frozen=True)
class Job:
    """How a part is run.

    Attributes:
        device: `cuda`, or `cpu` to try it out.
        folder: Folder of the part's results.
        ends: When it must end, by `time.monotonic`.
        small: Sizes that take a moment, to try it out.
    """

    device: str
    folder: Path
    ends: float
    small: bool = False

    def out_of_time(self, reserve: float = 0.0) -> bool:
        """Whether less than `reserve` seconds are left."""
        return time.monotonic() > self.ends - reserve


class Figures(Protocol):
    """The numbers of a piece: a NamedTuple."""

    def _asdict(self) -> dict[str, Any]: ...


class Outcome(NamedTuple):
    """What a piece gave.

    Attributes:
        figures: Its numbers.
        finished: False where it goes on the next time.
    """

    figures: Figures
    finished: bool = True


class Piece(NamedTuple):
    """A piece of a part, done once.

    Attributes:
        name: Its name within the part.
        run: Does it.
    """

    name: str
    run: Callable[[], Outcome]


class Part(NamedTuple):
    """A part of the whole, with a limit of time of its own.

    Attributes:
        name: As the command line knows it.
        about: What it measures, in a line.
        pieces: Its pieces, in the order in which they are done.
    """

    name: str
    about: str
    pieces: Callable[[Job], Iterator[Piece]]


def read_results(folder: Path) -> dict[str, Any]:
    """What is known of each piece of a part; nothing where it has not begun."""
    path = folder / RESULTS
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def run_part(part: Part, job: Job) -> bool:
    """Do the pieces of a part that are not done yet, until its time is over; whether all are done.

    Each is written as it is done, with the machine that it ran on. A part that has no piece yet is not done.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    results, any_piece = read_results(job.folder), False
    for piece in part.pieces(job):
        any_piece = True
        if results.get(piece.name, {}).get("finished"):
            continue
        if job.out_of_time():
            return False
        figures, finished = piece.run()
        results[piece.name] = {"machine": machine(), "device": job.device, "small": job.small, "finished": finished}
        results[piece.name]["figures"] = figures._asdict()
        _write(job.folder / RESULTS, results)
        if not finished:
            return False
    return any_piece


def _write(path: Path, results: dict[str, Any]) -> None:
    fresh = path.with_suffix(".part")
    fresh.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)
