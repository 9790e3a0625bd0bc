"""A control moved on every page against the same kind of control on a bare page; and a cold start.

From the event in the browser to the frame that shows the new picture, in turns: a real server, a real browser. The
bare page is `benchmarks/bare.py`.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks import cold_start
from benchmarks.browser import Window, browsing
from benchmarks.cold_start import APP, BARE
from benchmarks.timing import Table, compare, ratio
from tests.browser.harness import serve

TURNS = 15
STARTS = 5
EXPERIMENT = "mnist-2d"
RULE = 16
"""Pixels up to which an image is no picture but a line of colour."""


@dataclass(frozen=True)
class Control:
    """A control of a page, and the bare page that it is compared with.

    Attributes:
        page: Path of the page.
        name: For people: what is moved, and what follows.
        act: Moves it once; every call has to change the picture.
        bare: The bare page's control and picture.
        as_many: The pictures of a bare page that draws as many, of the same kinds, with nothing in them to compute, and
            otherwise has as much on it as ours: see `FURNITURE`.
        query: What the address says beside experiment and prior.
    """

    page: str
    name: str
    act: Callable[[Page], None]
    bare: tuple[str, str]
    as_many: str
    query: str = ""


def steps(label: str) -> Callable[[Page], None]:
    """One up in a number field."""

    def act(page: Page) -> None:
        field = page.locator("[data-testid=stNumberInput]").filter(has=page.get_by_label(label, exact=True))
        field.get_by_test_id("stNumberInputStepUp").click()

    return act


def slides(label: str) -> Callable[[Page], None]:
    """A slider by its arrow keys, up and, at the upper end, back."""
    keys = {}

    def act(page: Page) -> None:
        slider = page.get_by_role("slider", name=label).first
        at, top = (slider.get_attribute(name) for name in ("aria-valuenow", "aria-valuemax"))
        value, most = float(at or slider.input_value()), float(top or slider.get_attribute("max") or 0)
        key = keys.get(label, "ArrowLeft")
        if value >= most:
            key = "ArrowLeft"
        elif value <= most / 2:
            key = "ArrowRight"
        keys[label] = key
        slider.press(key)

    return act


def toggles(first: str, second: str) -> Callable[[Page], None]:
    """Two segments in turns."""
    turn = [second, first]

    def act(page: Page) -> None:
        page.get_by_test_id("stButtonGroup").get_by_role("radio", name=turn[0], exact=True).click()
        turn.reverse()

    return act


def clicks(key: str, places: tuple[tuple[float, float], ...]) -> Callable[[Page], None]:
    """A click in a chart, at each of some places in turn, given as shares of its plot's width and height."""
    left = list(places)
    where = """([key, across, down]) => {
        const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`);
        plot.scrollIntoView({ block: "center" });
        const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();
        return [box.left + xaxis._offset + across * xaxis._length, box.top + yaxis._offset + down * yaxis._length];
    }"""

    def act(page: Page) -> None:
        place = left.pop(0)
        left.append(place)
        page.mouse.click(*page.evaluate(where, [key, *place]))

    return act


SPOTS = ((0.31, 0.42), (0.62, 0.37), (0.45, 0.66))
STORY = "image,map,image,image,image,image"
CONTROLS = (
    Control(
        "", "seed, three strips of samples", steps("Seed of the samples"), ("number", "image"), "image,image,image"
    ),
    Control("", "range, three maps", toggles("own", "shared"), ("segments", "chart"), "map,map,map"),
    Control("pseudo_inputs", "a tile, its story", clicks("pseudo_wall", SPOTS), ("click", "chart"), STORY),
    Control("pseudo_inputs", "number, its story", steps("Pseudo-input"), ("number", "chart"), STORY),
    Control("components", "temperature, draws", slides("Temperature"), ("slider", "chart"), "tiles"),
    Control("components", "seed, draws", steps("Seed"), ("number", "chart"), "tiles"),
    Control("components", "a mark, draws", clicks("components_usage", SPOTS), ("click", "chart"), "tiles"),
    Control(
        "latent_space",
        "a place, decoded",
        clicks("latent_plane", SPOTS),
        ("click", "image"),
        "image,tiles",
        "prior=Vamp",
    ),
    Control("latent_space", "colour, the plane", toggles("class", "component"), ("segments", "plane"), "plane"),
    Control("active_units", "number, sweep and mute", steps("From test image"), ("number", "chart"), "tiles,tiles"),
    Control(
        "active_units",
        "a unit, all of it",
        clicks("units_activity", ((0.35, 0.5), (0.65, 0.5))),
        ("click", "chart"),
        "tiles,tiles",
    ),
    Control("compare", "temperature, three grids", slides("Temperature"), ("slider", "image"), "image,image,image"),
    Control("compare", "range, six maps", toggles("shared", "own"), ("segments", "chart"), "map,map,map,map,map,map"),
)


def bare_acts() -> dict[str, Callable[[Page], None]]:
    """What moves each kind of control of a bare page; some remember what they did last, so each page has its own."""
    return {
        "slider": slides("Slider"),
        "number": steps("Number"),
        "segments": toggles("a", "b"),
        "click": clicks("clicked", ((0.17, 0.7), (0.5, 0.7), (0.83, 0.7))),
    }


def moved(browser: Browser, app: str, bare: str, control: Control, turns: int = TURNS) -> tuple[str, ...]:
    """A row of the table: one control against its bare pages, in turns."""
    query = "&".join(part for part in (f"experiment={EXPERIMENT}", control.query) if part)
    kind, picture = control.bare
    move_one, move_many = bare_acts()[kind], bare_acts()[kind]
    ours = Window(browser, f"{app}/{control.page}?{query}")
    one = Window(browser, f"{bare}/?control={kind}&pictures={picture}")
    still = ",".join(f"{what}:{number}" for what, number in _standing_still(ours, control).items())
    many = Window(
        browser, f"{bare}/?control={kind}&pictures={control.as_many}&still={still}&size={_size_of_images(ours)}"
    )
    try:
        timings = compare(
            turns=turns,
            warm_up=4,
            page=lambda: ours.timed(control.act),
            one=lambda: one.timed(move_one),
            many=lambda: many.timed(move_many),
        )
    finally:
        for window in (ours, one, many):
            window.close()
    page = timings["page"]
    bases = [part for name in ("one", "many") for part in (str(timings[name]), str(ratio(page, timings[name])))]
    where = control.page.replace("_", " ") or "overview"
    return (where, control.name, str(page), f"{kind}, {picture}", *bases[:2], _counted(control.as_many), *bases[2:])


def _standing_still(window: Window, control: Control) -> dict[str, int]:
    """What else stands on a page, by kind, as the bare page takes it."""
    found = furniture(window)
    pictures = control.as_many.split(",")
    for drawn in pictures:
        found[DRAWN[drawn]] -= 1
    clicked = "charts" if found["charts"] else "maps"  # the bare page has a chart for it
    found[clicked if control.bare[0] == "click" else "controls"] -= 1
    # The page's, the sidebar's, the fragment's, that of a row of columns, and one of each of them.
    found["blocks"] -= 4 + min(3, len(pictures))
    if min(found.values()) < 0:
        raise RuntimeError(f"{control.page or 'overview'} does not have all of {control.as_many}: {found}")
    return found


def furniture(window: Window) -> dict[str, int]:
    """How many there are on a page, by kind."""
    return {kind: window.page.locator(where).count() for kind, where in FURNITURE.items()}


def _size_of_images(window: Window) -> str:
    """Pixels of that image of a page which is nearest to their mean, as "840x560"; the bare page's own without any.

    Rules, which are a few pixels high, are left out.
    """
    sizes = window.page.eval_on_selector_all(
        "[data-testid=stImage] img", "images => images.map(image => [image.naturalWidth, image.naturalHeight])"
    )
    pictures = [(width, height) for width, height in sizes if height > RULE] or [(960, 240)]
    mean = sum(width * height for width, height in pictures) / len(pictures)
    width, height = min(pictures, key=lambda size: abs(size[0] * size[1] - mean))
    return f"{width}x{height}"


def _counted(pictures: str) -> str:
    """Pictures in words: "2 tiles", "map, 5 images"."""
    listed = pictures.split(",")
    return ", ".join(
        kind if listed.count(kind) == 1 else f"{listed.count(kind)} × {kind}" for kind in dict.fromkeys(listed)
    )


def tables(turns: int = TURNS, starts: int = STARTS, only: str | None = None) -> list[Table]:
    """The controls of every page, and a cold start.

    Arguments:
        turns: Times that each control is moved.
        starts: Cold starts.
        only: Path of one page; all unless given.
    """
    rows = []
    with browsing() as browser, tempfile.TemporaryDirectory() as folder:
        with serve(APP, Path(folder) / "app.txt") as app, serve(BARE, Path(folder) / "bare.txt") as bare:
            for control in CONTROLS:
                if only is None or control.page == only:
                    rows.append(moved(browser, app.url, bare.url, control, turns))
                    print("  " + " | ".join(rows[-1]), flush=True)
        found = [Table("A control moved, in a browser", COLUMNS, tuple(rows), NOTE)]
        if starts:
            found.append(cold_start.table(browser, starts))
    return found


DRAWN = {"image": "images", "map": "maps", "plane": "maps", "tiles": "charts", "chart": "charts"}
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
COLUMNS = (
    "page",
    "control and pictures",
    "time",
    "bare page",
    "its time",
    "ratio",
    "fuller bare page, drawn anew",
    "its time",
    "ratio",
)
NOTE = (
    "From the event to the frame that shows the new picture, server and headless Chromium, which paints without a "
    f"graphics card, on this machine, {EXPERIMENT}; bare is one fragment with one control and one small picture, alone "
    "on its page, or with as many pictures as ours draws anew, of the same kinds and with nothing in them computed, "
    "on a page with as many other maps, charts, images, metrics, controls, buttons, texts, tables, headings, layout "
    "containers and links to pages, since a browser goes through all of a page when a part changes; its images "
    "have about as many pixels as ours. The goal is a ratio of at most 1.5."
)


if __name__ == "__main__":
    for table in tables(only=sys.argv[1] if len(sys.argv) > 1 else None, starts=0 if len(sys.argv) > 1 else STARTS):
        print("\n" + table.markdown())
