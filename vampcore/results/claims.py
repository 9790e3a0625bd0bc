"""Who works on what: a file for each run that one process at a time can hold, on any machine that shares the folder.

A claim lies beside the run's folder, not in it, because that folder is replaced as a whole whenever a checkpoint is
saved. Claims of a run are numbered, and the highest number counts. A new one is created under the next number, which
the file system grants to one process only, and only where the highest is given back or its holder is dead; so two
processes that find the same dead holder cannot both take its place.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from vampcore.checkpoints.folder import write_bytes
from vampcore.config import dumps

SECONDS_BETWEEN_HEARTBEATS = 15.0
# Of a holder on another machine, whose processes cannot be seen from here; clocks may differ by some of it.
SECONDS_OF_SILENCE = 300.0


class Claim:
    """A run that this process holds; its heartbeat goes on in a thread until it is given back.

    Attributes:
        lost: Whether another machine has taken over, because it heard nothing of this one for too long.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.lost = path, False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def give_back(self) -> None:
        """Let others have the run."""
        self._ended.set()
        self._thread.join()
        self._write(released=True)

    def _beat(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_HEARTBEATS):
            with suppress(OSError):  # a full disk now is no reason to stop
                self._write(released=False)

    def _write(self, released: bool) -> None:
        self.lost = _highest(self.path.parent, _stem(self.path)) != _number(self.path)
        if not self.lost:
            write_bytes(self.path, _content(released))


@contextmanager
def claimed(folder: Path) -> Iterator[Claim | None]:
    """Hold the run of a folder within this block; None where another process holds it.

    Raises:
        OSError: If the claim cannot be written.
    """
    claim = _claim(folder)
    try:
        yield claim
    finally:
        if claim is not None:
            claim.give_back()


def holder(folder: Path) -> str | None:
    """Who holds the run of a folder, as `pid on host`; None if nobody alive does."""
    stem = _name(folder)
    highest = _highest(folder.parent, stem)
    held = None if highest == 0 else _read(_path(folder.parent, stem, highest))
    return f"process {held['pid']} on {held['host']}" if held is not None and _alive(held) else None


def _claim(folder: Path) -> Claim | None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    stem = _name(folder)
    highest = _highest(folder.parent, stem)
    if highest and _alive(_read(_path(folder.parent, stem, highest))):
        return None
    mine = _path(folder.parent, stem, highest + 1)
    # Written beside, then linked: whoever sees the claim sees all of it, and the link fails where there is one.
    draft = mine.with_name(f"{mine.name}.{socket.gethostname()}.{os.getpid()}.part")
    try:
        draft.write_bytes(_content(released=False))
        os.link(draft, mine)
    except FileExistsError:
        return None
    finally:
        draft.unlink(missing_ok=True)
    if _highest(folder.parent, stem) != highest + 1:  # this process slept, and its number was passed
        mine.unlink(missing_ok=True)
        return None
    for number in _numbers(folder.parent, stem):
        if number <= highest:
            _path(folder.parent, stem, number).unlink(missing_ok=True)
    return Claim(mine)


def _name(folder: Path) -> str:
    return f".{folder.name}.claim"


def _path(parent: Path, stem: str, number: int) -> Path:
    return parent / f"{stem}-{number}"


def _stem(path: Path) -> str:
    return path.name.rpartition("-")[0]


def _number(path: Path) -> int:
    digits = path.name.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _numbers(parent: Path, stem: str) -> list[int]:
    return [_number(path) for path in parent.glob(f"{stem}-*") if _stem(path) == stem]


def _highest(parent: Path, stem: str) -> int:
    return max(_numbers(parent, stem), default=0)


def _content(released: bool) -> bytes:
    me = psutil.Process()
    held = {
        "pid": me.pid,
        "started": me.create_time(),
        "host": socket.gethostname(),
        "heartbeat": time.time(),
        "released": released,
    }
    return dumps(held).encode()


def _read(path: Path) -> dict[str, Any] | None:
    """What a claim says; None if it is gone or nothing of ours, which holds nothing."""
    try:
        held = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    kinds = {"pid": int, "started": float, "host": str, "heartbeat": float, "released": bool}
    sound = isinstance(held, dict) and {name: type(value) for name, value in held.items()} == kinds
    return held if sound else None


def _alive(held: dict[str, Any] | None) -> bool:
    if held is None or held["released"]:
        return False
    if held["host"] != socket.gethostname():
        return time.time() - held["heartbeat"] < SECONDS_OF_SILENCE
    try:
        found = psutil.Process(held["pid"])
        # A pid is given again to others; a process is its pid and the moment of its start.
        return abs(found.create_time() - held["started"]) < 1 and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
