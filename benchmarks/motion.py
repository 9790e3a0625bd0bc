"""What moves in the browser, against the same page at rest: hover on Latent space, and the film on Overview.

Frames are counted by `requestAnimationFrame`, a page at rest included; the time of the scripts is the browser's own.
"""

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, Request

from benchmarks.timing import Row, Spread, Table, progress, significant
from tools.browser import browsing, settled
from tools.server import ROOT, serve

TURNS, SECONDS = 5, 4.0
MODEL = "experiment=mnist-2d&prior=vamp"
COUNT = """() => {
  const next = () => { window.counted.frames += 1; requestAnimationFrame(next); };
  if (!window.counted) requestAnimationFrame(next);
  window.counted = { frames: 0, since: performance.now() };
}"""
READ = "() => 1000 * window.counted.frames / (performance.now() - window.counted.since)"


@dataclass(frozen=True)
class Motion:
    """Frames a second, and milliseconds of scripts a second."""

    frames: float
    scripts: float


def turn(page: Page, act: Callable[[], None]) -> Motion:
    """What the browser did while `act` ran, which takes about `SECONDS`."""
    network = page.context.new_cdp_session(page)
    network.send("Performance.enable")

    def scripts() -> float:
        found = network.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in found if each["name"] == "ScriptDuration"))

    page.bring_to_front()
    page.evaluate(COUNT)
    before, began = scripts(), time.perf_counter()
    act()
    frames, spent = page.evaluate(READ), 1000 * (scripts() - before) / (time.perf_counter() - began)
    network.detach()
    return Motion(frames, spent)


def circle(page: Page, chart: str) -> None:
    """Lead the pointer round the middle of a chart, 60 moves a second."""
    box = page.locator(f".st-key-{chart} .nsewdrag").first.bounding_box()
    assert box is not None
    x, y, radius = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, min(box["width"], box["height"]) / 3
    for step in range(round(60 * SECONDS)):
        angle = step / 15
        page.mouse.move(x + radius * math.cos(angle), y + radius * math.sin(angle))
        page.wait_for_timeout(1000 / 60)


def sizes(page: Page, part: str) -> list[int]:
    """A list that grows by the bytes of every answer from an address with this part, as they are sent."""
    found: list[int] = []

    def add(request: Request) -> None:
        if part in request.url:
            found.append(request.sizes()["responseBodySize"])

    page.on("requestfinished", add)
    return found


def opened(browser: Browser, address: str, missing: str = "/nothing/") -> Page:
    """A new window on a page that has come to rest; addresses with the part `missing` do not answer."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.route(f"**{missing}**", lambda route: route.abort())
    page.goto(address)
    settled(page)
    page.wait_for_timeout(1500)
    settled(page)
    return page


def hover(browser: Browser, url: str) -> tuple[list[Motion], list[Motion], int]:
    """The pointer on Latent space, where each move is decoded, and where the decoder cannot be had."""
    address = f"{url}/latent_space?{MODEL}"
    pages = opened(browser, address), opened(browser, address, missing="/decoder/")
    sent = sizes(pages[0], "/decoder/")
    for page in pages:
        circle(page, "latent_plane")
    found = [[turn(page, partial(circle, page, "latent_plane")) for page in pages] for _ in range(TURNS)]
    return [each[0] for each in found], [each[1] for each in found], sum(sent)


def film(browser: Browser, url: str) -> tuple[list[Motion], list[Motion], int]:
    """The film of three priors on Overview while it plays, and while it stands still."""
    page = opened(browser, f"{url}/?{MODEL}")
    sent = sizes(page, "/film/")
    play, still = page.locator(".st-key-overview_film button.play"), lambda: page.wait_for_timeout(1000 * SECONDS)
    moving, at_rest = [], []
    for _ in range(TURNS):
        play.click()
        page.wait_for_timeout(1000)
        moving.append(turn(page, still))
        play.click()
        page.wait_for_timeout(500)
        at_rest.append(turn(page, still))
    return moving, at_rest, sum(sent)


def row(name: str, moving: list[Motion], still: list[Motion], sent: int) -> Row:
    """A row of the table: frames and scripts, moving and not, and the bytes that the movement needs once."""
    columns: tuple[Callable[[Motion], float], ...] = (lambda each: each.frames, lambda each: each.scripts)
    spreads = [str(Spread.of(tuple(map(of, part)))) for of in columns for part in (moving, still)]
    return (name, *spreads, significant(sent / 1000))


def tables() -> list[Table]:
    """The table of what moves."""
    app = ROOT / "app" / "asgi.py"
    with tempfile.TemporaryDirectory() as folder, serve(app, Path(folder) / "log") as server, browsing() as browser:
        progress("hover")
        rows = [row("hover, Latent space, 60 moves a second", *hover(browser, server.url))]
        progress("film")
        rows.append(row("film of three priors, Overview", *film(browser, server.url)))
    names = ("what", "frames/s", "frames/s without", "scripts, ms/s", "scripts without, ms/s", "sent once, kB")
    note = (
        f"`mnist-2d`, headless Chromium without a GPU on the server's machine; median and quartiles of {TURNS} turns "
        f"of {SECONDS:g} s. Without: the same movement where the decoder cannot be had; the film standing still."
    )
    return [Table("What moves in the browser", names, tuple(rows), note)]
