"""The controls of the pages whose pictures change when they are moved, and what moves them in a browser."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from playwright.sync_api import Page

EXPERIMENT = "mnist-2d"
Act = Callable[[Page], None]


@dataclass(frozen=True)
class Control:
    """A control of a page.

    Attributes:
        page: Path of the page.
        name: For people: what is moved, and what follows.
        mover: Makes what moves it once, for a window of its own: every call of that has to change the picture.
        kind: The bare page's control: "number", "slider", "segments" or "click".
        query: What the address says beside the experiment.
    """

    page: str
    name: str
    mover: Callable[[], Act]
    kind: str
    query: str = ""

    def address(self, server: str) -> str:
        """Of its page, at a server."""
        query = "&".join(part for part in (f"experiment={EXPERIMENT}", self.query) if part)
        return f"{server}/{self.page}?{query}"


def steps(label: str) -> Act:
    """One up in a number field, or, at its upper end, one down."""

    def act(page: Page) -> None:
        field = page.locator("[data-testid=stNumberInput]").filter(has=page.get_by_label(label, exact=True))
        up = field.get_by_test_id("stNumberInputStepUp")
        (up if up.is_enabled() else field.get_by_test_id("stNumberInputStepDown")).click()

    return act


def slides(label: str) -> Act:
    """A slider by its arrow keys, up and, at the upper end, back."""
    keys: dict[str, str] = {}

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


def toggles(first: str, second: str) -> Act:
    """Two segments in turns."""
    turn = [second, first]

    def act(page: Page) -> None:
        page.get_by_test_id("stButtonGroup").get_by_role("radio", name=turn[0], exact=True).click()
        turn.reverse()

    return act


def clicks(key: str, places: tuple[tuple[float, float], ...]) -> Act:
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


def picks(key: str, tiles: tuple[int, ...]) -> Act:
    """A click on each of some tiles of a wall in turn."""
    left = list(tiles)

    def act(page: Page) -> None:
        tile = left.pop(0)
        left.append(tile)
        page.locator(f".st-key-{key} .tile").nth(tile).click()

    return act


SPOTS = ((0.31, 0.42), (0.62, 0.37), (0.45, 0.66))
UNITS = ((0.65, 0.5), (0.35, 0.5))
CONTROLS = (
    Control("", "seed, three strips of samples", partial(steps, "Seed of the samples"), "number"),
    Control("", "range, three maps", partial(toggles, "own", "shared"), "segments"),
    Control("pseudo_inputs", "a tile, its component", partial(picks, "pseudo_wall", (3, 12, 21)), "click"),
    Control("pseudo_inputs", "number, its component", partial(steps, "Pseudo-input"), "number", "component=0"),
    Control("components", "temperature, draws", partial(slides, "Temperature"), "slider"),
    Control("components", "seed, draws", partial(steps, "Seed"), "number"),
    Control("components", "a mark, draws", partial(clicks, "components_usage", SPOTS), "click"),
    Control("latent_space", "a place, decoded", partial(clicks, "latent_plane", SPOTS), "click", "prior=Vamp"),
    Control("latent_space", "colour, the plane", partial(toggles, "class", "component"), "segments"),
    Control("active_units", "number, sweep", partial(steps, "From test image"), "number"),
    Control("active_units", "a unit, sweep and comparison", partial(clicks, "units_activity", UNITS), "click"),
    Control("compare", "temperature, three grids", partial(slides, "Temperature"), "slider"),
    Control("compare", "range, six maps", partial(toggles, "own", "shared"), "segments"),
)
