"""What a journey needs: a server of its own, a browser, and the moment when a page has come to rest."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.patience import patience

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 1000 * patience()
"""Milliseconds that a journey waits for what is sure to come."""
# Without a graphics card: pages are painted by the processor, WebGL by SwiftShader. Painting pages by SwiftShader too
# (--use-angle=swiftshader) takes up to half as long again. /dev/shm is small in containers.
CHROMIUM_FLAGS = (
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


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
    script: Path, log: Path, environment: Mapping[str, str] | None = None, poll: float = 0.1, folder: Path = ROOT
) -> Iterator[Server]:
    """Runs `streamlit run` on a free port of this machine until the block ends.

    Arguments:
        script: The script to run.
        log: File for the server's output and errors.
        environment: Variables to add to the server's environment.
        poll: Seconds between two questions whether it answers.
        folder: Where it runs: `runs/` there is listed, `.streamlit/` there is its configuration.

    Yields:
        The server, once it answers.

    Raises:
        RuntimeError: If it ends, or does not answer in time; with its log.
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
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


def chromium() -> Path | None:
    """The browser: $CHROMIUM, else chromium on the path; None where there is none.

    Raises:
        FileNotFoundError: If $CHROMIUM names a file that is not there.
    """
    if named := os.environ.get("CHROMIUM"):
        if not Path(named).is_file():
            raise FileNotFoundError(f"there is no {named}; let CHROMIUM name the browser's program, or unset it")
        return Path(named)
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return Path(found) if found else None


def chromium_flags() -> list[str]:
    """Command-line flags for the browser; root, as in a container, cannot have its sandbox."""
    return [*CHROMIUM_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(CHROMIUM_FLAGS)


def new_window(browser: Browser, **options: Any) -> Page:
    """An empty window in a context of its own, with these options, that waits as long as a journey does."""
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(PATIENCE)
    return page


def eventually(page: Page, seen: Callable[[], object], expected: object) -> None:
    """Asserts that what is seen becomes what is expected, however long the page takes to draw it."""
    deadline = time.monotonic() + patience()
    while seen() != expected and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert seen() == expected


def settled(page: Page, seconds: float | None = None) -> None:
    """Waits until the page's script has finished and nothing on it is stale.

    A run that has not begun yet cannot be seen: after an action, wait for what it changes, or call this once the
    change is on its way.
    """
    limit = PATIENCE if seconds is None else 1000 * seconds
    at_rest = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(at_rest).to_be_visible(timeout=limit)
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=limit)
    expect(page.locator("[data-stale=true]")).to_have_count(0, timeout=limit)
