"""How long it takes until something is there: imports in fresh processes, and shipped checkpoints from the disk.

- imports: a new Python process imports one thing and tells how long that took; the start of Python itself is not in it.
  vampcore imports torch, so torch alone is its floor. Files are in the system's cache after the warm-up.
- checkpoints: `vampcore.zoo.load` of every shipped model, which reads, checks and builds all of it, against reading the
  same files' bytes and nothing else.
"""

import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.timing import Row, Seconds, Table, compare, ratio, take_turns
from vampcore import zoo

IMPORTED = ("torch", "streamlit", "vampcore")
TURNS = 9
ROOT = Path(__file__).resolve().parent.parent
_TIMED = "import time; started = time.perf_counter(); import {}; print(time.perf_counter() - started)"


def tables() -> list[Table]:
    """Imports, then checkpoints."""
    return [imports(IMPORTED), checkpoints()]


def imports(modules: tuple[str, ...], turns: int = TURNS) -> Table:
    """Time the import of modules, each in a process of its own; ratios are to the first."""
    calls = {module: partial(import_seconds, module) for module in modules}
    timings = take_turns(calls, turns, warm_up=1)
    rows = [(name, str(timing), str(ratio(timing, timings[modules[0]]))) for name, timing in timings.items()]
    note = f"A fresh process each, {turns} turns, files in the system's cache; without the start of Python itself."
    return Table("Import time", ("import", "time", f"÷ {modules[0]}"), tuple(rows), note)


def import_seconds(module: str) -> Seconds:
    """Seconds that a new Python process needs to import a module."""
    command = [sys.executable, "-c", _TIMED.format(module)]
    return Seconds(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)


def checkpoints(turns: int = TURNS) -> Table:
    """Time the loading of every shipped checkpoint."""
    rows = [_checkpoint(entry, turns) for entry in zoo.entries((zoo.SHIPPED,))]
    note = (
        f"`zoo.load` reads, checks and builds all that is in the folder; *bytes* reads its files only. {turns} turns."
    )
    return Table("Loading a checkpoint", ("checkpoint", "size", "time", "bytes", "÷ bytes"), tuple(rows), note)


def _checkpoint(entry: zoo.Entry, turns: int) -> Row:
    files = [path for path in entry.path.iterdir() if path.is_file()]
    timings = compare(
        turns=turns, ours=lambda: zoo.load(entry.name), bytes=lambda: [path.read_bytes() for path in files]
    )
    size = f"{sum(path.stat().st_size for path in files) / 2**20:.2f} MiB"
    return (
        entry.name,
        size,
        str(timings["ours"]),
        str(timings["bytes"]),
        str(ratio(timings["ours"], timings["bytes"])),
    )
