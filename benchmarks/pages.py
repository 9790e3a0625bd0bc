"""A control moved on every page, against a bare page that shows the very same pictures; and a cold start.

From the event in the browser to the frame that shows the new picture, in turns: a real server, a real browser. The
pictures are recorded from a second server of ours (`benchmarks/recording.py`), so that the first one has not computed
them before; `benchmarks/bare.py` shows them again.
"""

import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks import cold_start
from benchmarks.browser import Window
from benchmarks.recording import Picture, record
from benchmarks.timing import Table, compare, progress, ratio
from tools.browser import browsing
from tools.controls import CONTROLS, EXPERIMENT, Act, Control, clicks, slides, steps, toggles
from tools.server import ROOT, serve

TURNS, WARM_UP = 15, 4
BARE_MOVERS: dict[str, Callable[[], Act]] = {
    "slider": partial(slides, "Slider"),
    "number": partial(steps, "Number"),
    "segments": partial(toggles, "a", "b"),
    "click": partial(clicks, "clicked", ((0.17, 0.7), (0.5, 0.7), (0.83, 0.7))),
}
FURNITURE = {
    "maps": ".js-plotly-plot:has(.contourlayer .contour)",
    "charts": ".js-plotly-plot:not(:has(.contourlayer .contour))",
    "images": "[data-testid=stImage]",
    "metrics": "[data-testid=stMetric]",
    "controls": "[data-testid=stNumberInput], [data-testid=stSelectbox], [data-testid=stSlider], "
    "[data-testid=stButtonGroup], [data-testid=stMultiSelect], [data-testid=stCheckbox]",
    "buttons": "[data-testid=stButton], [data-testid=stDownloadButton], [data-testid=stPopoverButton]",
    "texts": "[data-testid=stMarkdown]",
    "tables": "[data-testid=stTable], [data-testid=stDataFrame]",
    "headings": "[data-testid=stHeading]",
    "blocks": "[data-testid=stVerticalBlock], [data-testid=stHorizontalBlock]",
    "links": "[data-testid=stSidebarNavLink]",
}
COLUMNS = ("page", "control and pictures", "time", "bare, page as full", "ratio")
NOTE = (
    "From the event to the frame that shows the new picture, server and headless Chromium, which paints without a "
    f"graphics card, on this machine, {EXPERIMENT}, {WARM_UP} moves before. Segments and places clicked take turns, so "
    "that what they show was computed before; numbers and sliders go on to what was not. Bare: one fragment with the "
    "same kind of control, in the address, or three bars to click, that shows the pictures which change, as ours sent "
    "them, so that nothing is computed, at most three in a row; words, figures and tables that change with them stand "
    "still. Its page has as many other maps, charts, images, metrics, controls, buttons, texts, tables, headings, "
    "layout containers and links to pages as ours, since a browser goes through all of a page when a part changes. The "
    "goal is a ratio of at most 2."
)


def moved(
    browser: Browser, ours_url: str, recorded_url: str, bare_url: str, control: Control, file: Path, turns: int = TURNS
) -> tuple[str, ...]:
    """A row of the table: one control against its bare page, in turns.

    Arguments:
        browser: Opens all of them.
        ours_url: Address of a server of ours.
        recorded_url: Address of another one, to record from.
        bare_url: Address of the bare page.
        control: What is moved.
        file: Written with the recording, for the bare page, which keeps what it has read.
        turns: Times that it is moved.
    """
    # One for the opening of the page; one to spare.
    moves = record(browser, control.address(recorded_url), control.mover(), 2 + WARM_UP + turns)
    move, move_bare = control.mover(), BARE_MOVERS[control.kind]()
    ours = Window(browser, control.address(ours_url))
    still = standing_still(ours, control, moves[0])
    file.write_text(json.dumps({"control": control.kind, "still": still, "moves": moves}), encoding="utf-8")
    bare = Window(browser, f"{bare_url}/?recorded={file}")
    try:
        timings = compare(
            turns=turns, warm_up=WARM_UP, page=lambda: ours.timed(move), bare=lambda: bare.timed(move_bare)
        )
    finally:
        ours.close()
        bare.close()
    page, base = timings["page"], timings["bare"]
    return (control.page.replace("_", " ") or "overview", control.name, str(page), str(base), str(ratio(page, base)))


def standing_still(window: Window, control: Control, pictures: list[Picture]) -> dict[str, int]:
    """What stands on a page beside a control and the pictures that it changes, by kind, as the bare page takes it."""
    found = {kind: window.page.locator(where).count() for kind, where in FURNITURE.items()}
    for picture in pictures:
        found[kind_of(picture)] -= 1
    if control.kind != "click":
        found["controls"] -= 1
    elif drawn := [kind for kind in ("charts", "maps") if found[kind]]:
        found[drawn[0]] -= 1  # the bare page has a chart for it, and for a wall of tiles, which is not counted
    # The page's, the sidebar's, the fragment's, that of a row of columns, and one of each of them.
    found["blocks"] -= 4 + min(3, len(pictures))
    if min(found.values()) < 0:
        raise RuntimeError(f"{control.page or 'overview'} does not have all that was recorded of it: {found}")
    return found


def kind_of(picture: Picture) -> str:
    """What a picture is counted among."""
    if "image" in picture:
        return "images"
    return "maps" if any(trace["type"] == "contour" for trace in picture["figure"]["data"]) else "charts"


def tables() -> list[Table]:
    """The controls of every page, and a cold start."""
    app, bare_page = ROOT / "app" / "asgi.py", ROOT / "benchmarks" / "bare.py"
    rows = []
    with browsing() as browser, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            serve(app, folder / "ours.txt") as ours,
            serve(app, folder / "recorded.txt") as recorded,
            serve(bare_page, folder / "bare.txt") as bare,
        ):
            for number, control in enumerate(CONTROLS):
                file = folder / f"{number}.json"
                rows.append(moved(browser, ours.url, recorded.url, bare.url, control, file))
                progress("  " + " | ".join(rows[-1]))
        return [Table("A control moved, in a browser", COLUMNS, tuple(rows), NOTE), cold_start.table(browser)]
