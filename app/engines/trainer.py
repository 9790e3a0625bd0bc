"""The process that trains a race: prepared, started when it is needed, or found at work."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import psutil

from vampcore.checkpoints.locking import is_locked
from vampcore.training import race_folder

COMMAND = (sys.executable, "-m", "vampcore", "race")
NICE = 10
IDLE_SECONDS = 300.0
_LAST_BYTES = 20_000


def together(command: Sequence[str], processes: int) -> tuple[str, ...]:
    """The command for so many processes, which torchrun starts.

    Arguments:
        command: A Python, and what it runs.
        processes: On one machine.
    """
    python, *what = command
    launcher = ("-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}")
    return (python, *(launcher if processes > 1 else ()), *what)


class Trainer(Protocol):
    """A process that trains a race."""

    @property
    def pid(self) -> int:
        """Of the process; 0 where it is not known."""

    def poll(self) -> int | None:
        """Its exit status, minus the signal where one ended it; None while it runs."""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""

    def last_words(self) -> str:
        """The last error that it wrote to standard error, or else the last line."""


class Started:
    """A process that this one started: nicer than the server, and in a group of its own.

    It does not die with the server, nor by Ctrl-C in the server's terminal. In a session of its own the kernel would
    not weigh its niceness against the server.

    Arguments:
        command: What it runs.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._last_words = ""
        self._reading = threading.Lock()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                text=True,
                process_group=0,
            )
        except OSError:
            self._errors.close()
            raise
        self.pid = self._process.pid
        with contextlib.suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, self.pid, NICE)

    def poll(self) -> int | None:
        with self._reading:
            status = self._process.poll()
            if status is not None and not self._errors.closed:
                self._last_words = self._read_last_words()
                self._errors.close()
                self.say()
            return status

    def signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(psutil.Error):
                _send(psutil.Process(self.pid), number)

    def say(self, line: str = "") -> None:
        """Write a line to its standard input, or nothing; then close it."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError), self._process.stdin:  # it has ended, or is closed
            self._process.stdin.write(line)

    def wait(self) -> None:
        """Wait until it has ended."""
        self._process.wait()
        self.poll()

    def last_words(self) -> str:
        return self._last_words

    def _read_last_words(self) -> str:
        size = os.fstat(self._errors.fileno()).st_size
        text = os.pread(self._errors.fileno(), _LAST_BYTES, max(size - _LAST_BYTES, 0)).decode(errors="replace")
        lines = [line.strip() for line in reversed(text.split("\n")) if any(map(str.isalnum, line))]
        # Where torchrun started it, a report of torchrun's follows.
        return next((line for line in lines if line.startswith("error: ")), lines[0] if lines else "")


class AtWork:
    """A process that another server started, known by the lock of the race.

    Arguments:
        folder: The race's.
        pid: Of the process, where it is known.
    """

    def __init__(self, folder: Path, pid: int) -> None:
        self._folder, self.pid = folder, pid

    def poll(self) -> int | None:
        return None if is_locked(race_folder.lock_of(self._folder)) else 0

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if self.pid and any(map(self._folder_in_use_by, [process, *process.children(recursive=True)])):
                _send(process, number)

    def last_words(self) -> str:
        return ""

    def _folder_in_use_by(self, process: psutil.Process) -> bool:
        """Whether the number still is that of a process that holds the lock, and not of a later one."""
        lock = race_folder.lock_of(self._folder).resolve()
        path = str(lock.with_name(f".{lock.name}.lock"))
        return any(each.path == path for each in process.open_files())


class Prepared:
    """One process that has imported everything and waits for the folder of a race.

    Arguments:
        command: What runs a race.
        idle_seconds: After which it ends unused.
    """

    def __init__(self, command: Sequence[str] = COMMAND, idle_seconds: float = IDLE_SECONDS) -> None:
        self._command, self._idle_seconds = command, idle_seconds
        self._guard = threading.Lock()
        self._waiting: Started | None = None
        self._timer: threading.Timer | None = None

    def prepare(self) -> None:
        """Start the process, or let the one that waits go on waiting."""
        with self._guard:
            if self._waiting is None or self._waiting.poll() is not None:
                self._waiting = Started([*self._command, "--wait"])
            self._let_wait()

    def hand_over(self, folder: Path) -> Started:
        """The process that trains the race of a folder from now on: the one that waits, or a new one."""
        with self._guard:
            self._stop_timer()
            trainer, self._waiting = self._waiting, None
        if trainer is None or trainer.poll() is not None:
            return Started([*self._command, "--out", str(folder), "--resume"])
        trainer.say(f"{folder}\n")
        return trainer

    def end(self) -> None:
        """End the process that waits."""
        with self._guard:
            self._stop_timer()
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.say()
            waiting.wait()

    def _let_wait(self) -> None:
        self._stop_timer()
        self._timer = threading.Timer(self._idle_seconds, self.end)
        self._timer.daemon = True
        self._timer.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _send(process: psutil.Process, number: signal.Signals) -> None:
    """Send a signal. What the process has started hears of it from the process, unless that is ended at once."""
    for each in process.children(recursive=True) if number == signal.SIGKILL else []:
        each.kill()
    process.send_signal(number)
