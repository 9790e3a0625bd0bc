"""A command of the library in a process of its own, killed at a chosen moment."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch._dynamo  # noqa: F401 - two seconds, which the first optimiser of each fork would take

from tests.kills.comparing import Fault
from vampcore.commands import main as vampcore


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        killed: Whether it was killed; else it ended by itself.
        status: Its exit status, if it ended by itself.
        saving: Whether it was killed after its files had begun to change.
        said: Its output and errors.
        seconds: How long it ran.
    """

    killed: bool
    status: int
    saving: bool
    said: str
    seconds: float


def run(arguments: list[str], where: Path, kill_after: float | None = None, changes: int | None = None) -> Ended:
    """Run a command of vampcore in a process of its own, and perhaps kill it.

    Arguments:
        arguments: Of the command line.
        where: Working directory; its folders are watched.
        kill_after: Seconds after which it is killed, counted from its start, or from the last of the changes.
        changes: So many changes of files are waited for first.
    """
    log = where / "log.txt"
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(arguments, where, log)
    saving, seen, left = False, seen_files(where), changes
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            break
        now = time.monotonic()
        if left and (files := seen_files(where)) != seen:
            seen, left = files, left - 1
            began_counting = now
            saving = left == 0
        if kill_after is not None and not left and now - (began_counting if changes else began) >= kill_after:
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
            break
        time.sleep(0.0005)
    killed = os.WIFSIGNALED(status)
    if killed and os.WTERMSIG(status) != signal.SIGKILL:
        raise Fault(f"{' '.join(arguments)} died of signal {os.WTERMSIG(status)}:\n{log.read_text()}")
    exit_status = -1 if killed else os.WEXITSTATUS(status)
    return Ended(killed, exit_status, saving and killed, log.read_text(), time.monotonic() - began)


def _become(arguments: list[str], where: Path, log: Path) -> None:
    """In a fork: run the command, its output into the log, and end; states and checkpoints are written every epoch."""
    status = 1
    try:
        os.chdir(where)
        with log.open("w") as file:
            for stream in (1, 2):
                os.dup2(file.fileno(), stream)
        fit = sys.modules["vampcore.training.fit"]
        for name, value in (
            ("SECONDS_BETWEEN_STATES", -1),
            ("SECONDS_BEFORE_CHECKPOINT", -1),
            ("SHARE_FOR_STATES", 1e9),
            ("SHARE_FOR_CHECKPOINTS", 1e9),
        ):
            if not hasattr(fit, name):
                raise RuntimeError(f"vampcore.training.fit has no {name}")
            setattr(fit, name, value)
        status = vampcore(arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def seen_files(where: Path) -> set[tuple[str, int, int]]:
    """Names, sizes and times of all files below a folder but the log."""
    found = set()
    for path, _, files in os.walk(where):
        for name in files:
            try:
                facts = os.stat(os.path.join(path, name))  # noqa: PTH116, PTH118 - asked two thousand times a second
            except FileNotFoundError:
                continue
            if name != "log.txt":
                found.add((name, facts.st_size, facts.st_mtime_ns))
    return found
