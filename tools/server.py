"""A server of the dashboard, or of any script, for as long as a block lasts."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tools.patience import patience

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Server:
    """A running dashboard.

    Attributes:
        url: Its address, without a slash at the end.
        log: The file that its output and errors go to.
        pid: Its process; 0 where it is another's.
    """

    url: str
    log: Path
    pid: int = 0

    def errors(self, start: int = 0) -> str:
        """What the log says from byte `start` on, if there is a traceback or an uncaught exception in it; else ""."""
        text = self.log.read_bytes()[start:].decode(errors="replace")
        return text if "Traceback" in text or "Uncaught app execution" in text else ""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_healthy(url: str) -> bool:
    """Whether a Streamlit server answers at the address."""
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=patience(2)) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def serve(
    script: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    poll: float = 0.1,
    folder: Path = ROOT,
    program: Sequence[str] = ("streamlit", "run"),
) -> Iterator[Server]:
    """Runs `streamlit run` on a free port of this machine until the block ends.

    Arguments:
        script: The script to run.
        log: File for the server's output and errors.
        environment: Variables to add to the server's environment.
        poll: Seconds between two questions whether it answers.
        folder: Where it runs: `checkpoints/` and `runs/` there are listed.
        program: The module that runs the script as `streamlit run` does, and its first arguments.

    Yields:
        The server, once it answers.

    Raises:
        RuntimeError: If it ends, or does not answer in time; with its log.
    """
    port = free_port()
    command = [sys.executable, "-m", *program, str(script), f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
    with answering(command, port, log, environment, poll, folder) as server:
        yield server


@contextmanager
def answering(
    command: Sequence[str],
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    poll: float = 0.1,
    folder: Path = ROOT,
) -> Iterator[Server]:
    """Runs a command that serves the dashboard on that port of this machine; see `serve`."""
    server = Server(f"http://127.0.0.1:{port}", log)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + patience()
            while not is_healthy(server.url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the dashboard did not start; its log:\n{log.read_text(errors='replace')}")
                time.sleep(poll)
            yield replace(server, pid=process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=patience(10))
            except subprocess.TimeoutExpired:
                process.kill()
