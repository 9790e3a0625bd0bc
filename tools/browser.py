"""The browser of the journeys and of the benchmarks, and the moment when a page has come to rest."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tools.patience import patience

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


def _flags() -> list[str]:
    """Command-line flags for the browser; root, as in a container, cannot have its sandbox."""
    return [*CHROMIUM_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(CHROMIUM_FLAGS)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Headless Chromium, until the block ends.

    Raises:
        FileNotFoundError: If there is none.
    """
    program = chromium()
    if program is None:
        raise FileNotFoundError(
            "no Chromium found: install it (Debian: apt-get install chromium) or let CHROMIUM name its program"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_flags())
        try:
            yield browser
        finally:
            browser.close()


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
