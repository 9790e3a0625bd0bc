"""One server and one browser for all journeys; each journey has its own window, and fails on what went wrong unseen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tools.browser import PATIENCE, browsing, chromium, new_window
from tools.server import ROOT, Server, serve


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one, skips on a laptop and fails where CI=true."""
    if chromium() is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium found: install it (Debian: apt-get install chromium) or let CHROMIUM name its program")
    expect.set_options(timeout=PATIENCE)
    with browsing() as chrome:
        yield chrome


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """The dashboard as it ships, started once; asks for the browser first, so as not to start in vain."""
    with serve(ROOT / "app" / "asgi.py", tmp_path_factory.mktemp("server") / "log.txt") as running:
        yield running


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """A server of a module's own that trains, and saves models in its working folder, where its log is."""
    folder = tmp_path_factory.mktemp("own")
    environment = {"VAMPSCOPE_TRAIN": "local", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with serve(ROOT / "app" / "asgi.py", folder / "log.txt", environment, folder=folder) as running:
        yield running


def is_complaint(message: ConsoleMessage, url: str) -> bool:
    """Whether a console message is an error of the dashboard at this URL; scripts of a test's own ship no fonts.

    Opened at a page's own address, Streamlit first looks for its server under that address, and for the missing answer
    the browser logs an error. A control moved twice replaces a picture that the browser may still be asking for; that
    the pictures which stay have arrived is checked at the end of the journey.
    """
    address = message.location.get("url") or url
    ours = address.startswith(url) and "/_stcore/" not in address and "/media/" not in address
    return message.type == "error" and ours


def said(message: ConsoleMessage) -> str:
    """A console message with the address that it is about."""
    return f"{message.text} {message.location.get('url', '')}"


@pytest.fixture(scope="session")
def only_window(browser: Browser, server: Server) -> Iterator[Page]:
    """The window that journeys share: once it has Streamlit's and Plotly's scripts, a page opens in half the time."""
    window = new_window(browser, base_url=server.url, accept_downloads=True)
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield window
    window.context.close()


@pytest.fixture
def page(only_window: Page, server: Server) -> Iterator[Page]:
    """An empty window of 1440 x 900 in light colours, without motion; open `server.url` in it.

    Fails the journey when the server wrote a traceback, or the page an error to its console, while it was open.
    Afterwards the browser forgets what the page kept in it, such as a theme, and where the window has been.
    """
    start = server.log.stat().st_size
    complaints: list[str] = []
    window = only_window
    window.set_viewport_size({"width": 1440, "height": 900})
    window.emulate_media(color_scheme="light", reduced_motion="reduce")
    window.mouse.move(0, 0)
    listeners = {
        "pageerror": lambda error: complaints.append(str(error)),
        "console": lambda message: complaints.append(said(message)) if is_complaint(message, server.url) else None,
    }
    for event, listener in listeners.items():
        window.on(event, listener)
    yield window
    missing = window.evaluate(
        "[...document.images].filter(i => i.complete && i.src && !i.naturalWidth).map(i => i.src)"
    )
    if window.url.startswith("http"):
        window.evaluate("localStorage.clear(); sessionStorage.clear()")
    window.goto("about:blank")
    window.context.new_cdp_session(window).send("Page.resetNavigationHistory")
    for event, listener in listeners.items():
        window.remove_listener(event, listener)
    assert missing == []
    assert server.errors(start) == ""
    assert complaints == []
