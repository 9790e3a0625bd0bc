"""What a part is told, and what it gives: pieces that are done once and kept on disk, and a report of all of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from benchmarks.timing import machine
from vampcore.checkpoints.folder import write_bytes

RESULTS, REPORT = "results.json", "report.md"


@dataclass(frozen=True)
class Job:
    """How a part is run.

    Attributes:
        device: `cuda`, or `cpu` to try it out.
        folder: Folder of the part's results.
        small: Sizes that take a moment, to try it out.
    """

    device: str
    folder: Path
    small: bool = False


class Figures(Protocol):
    """The numbers of a piece: a NamedTuple."""

    def _asdict(self) -> dict[str, Any]: ...


class Piece(NamedTuple):
    """A piece of a part, done once.

    Attributes:
        name: Its name within the part.
        run: Does it.
    """

    name: str
    run: Callable[[], Figures]


class Part(NamedTuple):
    """A part of the whole.

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


def run_part(part: Part, job: Job) -> None:
    """Do the pieces of a part that are not done yet; each is written as it is done, with the machine that it ran on."""
    job.folder.mkdir(parents=True, exist_ok=True)
    results = read_results(job.folder)
    for piece in part.pieces(job):
        if piece.name not in results:
            where = {"machine": machine(), "device": job.device, "small": job.small}
            results[piece.name] = where | {"figures": piece.run()._asdict()}
            write_bytes(job.folder / RESULTS, (json.dumps(results, indent=2) + "\n").encode())


def report(folder: Path, parts: tuple[Part, ...]) -> str:
    """Every number as markdown, under the machine that it was measured on."""
    lines = ["# Results on a GPU", ""]
    for part in parts:
        results = read_results(folder / part.name)
        lines += [f"## {part.name}", "", part.about, ""]
        lines += [_piece(name, found) for name, found in results.items()] or ["Not begun."]
        lines.append("")
    return "\n".join(lines)


def _piece(name: str, found: dict[str, Any]) -> str:
    small = ", small sizes: no figure to publish" if found["small"] else ""
    figures = "; ".join(f"{key} {_short(value)}" for key, value in found["figures"].items())
    return f"- **{name}**, on {found['device']}, {found['machine']}{small}: {figures}"


def _short(value: Any) -> str:
    """Numbers to six digits."""
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
