"""A cold start against its parts, and what goes over the wire.

From the start of the process to the first page that is whole, against the server's own start (an empty page's answer to
the health check, with Streamlit imported) plus the import of what the pages need beyond it.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.timing import Seconds, Spread, Table, compare
from tools.server import ROOT, serve

APP, EMPTY = ROOT / "app" / "asgi.py", ROOT / "benchmarks" / "empty.py"
NEEDED = "app.ready; app.ready.import_pages()"
"""What a server imports to get ready beyond Streamlit, torch among it."""

STARTS = 5
WHOLE = """() => {
  const app = document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]");
  const plots = [...document.querySelectorAll("[data-testid=stPlotlyChart]")];
  const drawn = plots.length > 0 && plots.every((plot) => plot.querySelector(".main-svg"));
  const images = [...document.images].every((image) => image.complete && image.naturalWidth);
  const waiting = document.querySelector("[data-stale=true], [data-testid=stSkeleton], .st-key-getting_ready");
  return app && drawn && images && !waiting;
}"""


def own_start() -> Seconds:
    """Seconds from the start of a server's process to its health."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with serve(EMPTY, Path(folder) / "log.txt", poll=0.01):
            return Seconds(time.perf_counter() - began)


def whole(browser: Browser) -> tuple[Seconds, int]:
    """Seconds from the start of a server's process to its first page whole in a browser, and the bytes that came."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with serve(APP, Path(folder) / "log.txt", poll=0.01) as server:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            try:
                page = context.new_page()
                received = counted(page)
                page.goto(server.url)
                page.wait_for_function(WHOLE, polling=20, timeout=60_000)
                return Seconds(time.perf_counter() - began), sum(received)
            finally:
                context.close()


def counted(page: Page) -> list[int]:
    """A list that grows by the bytes of everything that comes for a page, as it is sent: files and messages."""
    received: list[int] = []
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    return received


def imports() -> Seconds:
    """Seconds of a fresh interpreter for what is needed beyond Streamlit, which the server's own start imports."""
    times = []
    for code in (f"import streamlit, {NEEDED}", "import streamlit"):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
        times.append(time.perf_counter() - began)
    return Seconds(times[0] - times[1])


def table(browser: Browser, starts: int = STARTS) -> Table:
    """A cold start against its parts; `starts` of each."""
    sizes: list[int] = []

    def in_browser() -> Seconds:
        seconds, size = whole(browser)
        sizes.append(size)
        return seconds

    timings = compare(turns=starts, warm_up=1, page=in_browser, server=own_start, imports=imports)
    parts = zip(*(timings[name].seconds for name in ("page", "server", "imports")), strict=True)
    above = Spread.of(tuple(whole - server - imports for whole, server, imports in parts))
    rows = (
        ("first page whole in a browser", str(timings["page"])),
        ("the server's own start", str(timings["server"])),
        ("imports, torch and our own among them", str(timings["imports"])),
        ("first page in a browser, above the two", f"{above} s"),
        ("sent to a browser that has nothing of it yet", f"{max(sizes) / 1e6:.2f} MB"),
    )
    note = (
        f"Median and quartiles of {starts} starts. The two: the server's own start, which imports Streamlit, and the "
        "imports. The goals are at most 1 s above them and 2.5 MB."
    )
    return Table("A cold start", ("", "measured"), rows, note)
