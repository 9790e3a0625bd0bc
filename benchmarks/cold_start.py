"""A cold start against its parts.

From the start of the process to the first page that is whole, against the server's own start (an empty page's answer to
the health check, with Streamlit imported) plus the import of what the pages need beyond it; and to the moment when the
server has sent all of that page, to a session that has no browser to start, no scripts to compile and nothing to draw.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.timing import Seconds, Spread, Table, compare
from tools.server import ROOT, serve
from tools.session import Viewer

APP, MAIN = ROOT / "app" / "asgi.py", ROOT / "app" / "main.py"
BARE, EMPTY = ROOT / "benchmarks" / "bare.py", ROOT / "benchmarks" / "empty.py"
NEEDED = "pandas, app.services, app.state, app.widgets"
"""What a server imports to get ready beyond Streamlit, torch among it: see `app.ready.get_ready`."""

IDLE = 4.0
"""Seconds that somebody takes to open the address that the server prints."""

WHOLE = """() => {
  const app = document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]");
  const plots = [...document.querySelectorAll("[data-testid=stPlotlyChart]")];
  const drawn = plots.length > 0 && plots.every((plot) => plot.querySelector(".main-svg"));
  const images = [...document.images].every((image) => image.complete && image.naturalWidth);
  const waiting = document.querySelector("[data-stale=true], [data-testid=stSkeleton], .st-key-getting_ready");
  return app && drawn && images && !waiting;
}"""


def started(browser: Browser, script: Path, whole: bool, idle: float | None = None) -> Seconds:
    """Seconds from the start of a server's process to its health, or to its first page whole in a browser.

    Arguments:
        browser: Opens the page.
        script: What the server runs.
        whole: Whether a page is opened.
        idle: Open it so many seconds after the server is healthy, and count from there.
    """
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with serve(script, Path(folder) / "log.txt", poll=0.01) as server:
            if not whole:
                return Seconds(time.perf_counter() - began)
            if idle is not None:
                time.sleep(idle)
                began = time.perf_counter()
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            try:
                page = context.new_page()
                page.goto(server.url)
                page.wait_for_function(WHOLE, polling=20, timeout=60_000)
                return Seconds(time.perf_counter() - began)
            finally:
                context.close()


def sent(script: Path) -> Seconds:
    """Seconds from the start of a server's process to the last message of its first page, without a browser."""

    async def opened(url: str) -> None:
        async with Viewer(url):
            pass

    # In a thread of its own: playwright keeps an event loop running in this one.
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        began = time.perf_counter()
        with serve(script, Path(folder) / "log.txt", poll=0.01) as server:
            thread.submit(lambda: asyncio.run(opened(server.url))).result()
            return Seconds(time.perf_counter() - began)


def imported(modules: str) -> Seconds:
    """Seconds that a fresh interpreter takes to import modules beyond Streamlit, which a server's own start imports."""
    times = []
    for code in (f"import streamlit, {modules}", "import streamlit"):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
        times.append(time.perf_counter() - began)
    return Seconds(times[0] - times[1])


def table(browser: Browser, starts: int) -> Table:
    """A cold start against its parts; `starts` of each."""
    timings = compare(
        turns=starts,
        warm_up=1,
        page=lambda: started(browser, APP, whole=True),
        sent=lambda: sent(APP),
        ready=lambda: started(browser, APP, whole=True, idle=IDLE),
        unready=lambda: started(browser, MAIN, whole=True, idle=IDLE),
        bare=lambda: started(browser, BARE, whole=True),
        server=lambda: started(browser, EMPTY, whole=False),
        imports=lambda: imported(NEEDED),
        torch=lambda: imported("torch"),
    )
    parts = [timings[name].seconds for name in ("page", "sent", "server", "imports", "bare")]
    turns = tuple(zip(*parts, strict=True))
    above = Spread.of(tuple(page - server - imports for page, _, server, imports, _ in turns))
    sent_above = Spread.of(tuple(sent_at - server - imports for _, sent_at, server, imports, _ in turns))
    timed = zip(*(timings[name].seconds for name in ("sent", "server", "torch")), strict=True)
    above_torch = Spread.of(tuple(sent_at - server - torch for sent_at, server, torch in timed))
    own = Spread.of(tuple(page - bare for page, *_, bare in turns))
    rows = (
        ("first page sent by the server, whole", str(timings["sent"])),
        ("first page whole in a browser", str(timings["page"])),
        ("the server's own start", str(timings["server"])),
        ("imports, torch and our own among them", str(timings["imports"])),
        ("import of torch alone", str(timings["torch"])),
        ("first page sent, above the two", f"{sent_above} s"),
        ("first page sent, above the server's own start and torch alone", f"{above_torch} s"),
        ("first page in a browser, above the two", f"{above} s"),
        ("a bare page, which imports torch and plotly and draws a chart, whole", str(timings["bare"])),
        ("first page in a browser, above the bare one", f"{own} s"),
        (f"first page, opened {IDLE:.0f} s after the server is up, from there", str(timings["ready"])),
        ("the same of `streamlit run app/main.py`, which gets ready only then", str(timings["unready"])),
    )
    note = (
        f"Median and quartiles of {starts} starts. *Sent*: to a session that has no browser, no scripts to compile and "
        "nothing to draw. The two: the server's own start, which imports Streamlit, and the imports. The "
        "goal is at most 1 s above them. Our server imports and loads from its own start on, the bare one for its "
        "first viewer."
    )
    return Table("A cold start", ("", "time"), rows, note)
