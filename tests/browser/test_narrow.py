"""Windows of other sizes: pictures without a gap beneath, figures that are not cut off, and back from full screen."""

import pytest
from playwright.sync_api import expect

from tools.browser import PATIENCE, eventually, settled

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
SIZE = """(key) => {
    const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`);
    return [plot?.clientWidth ?? 0, plot?.clientHeight ?? 0];
}"""
CUT_OFF = """() => [...document.querySelectorAll("[data-testid=stMetricValue] *")]
    .filter((each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).textOverflow === "ellipsis")
    .map((each) => each.textContent)"""


def test_the_steps_stand_beside_the_tiles_or_below_them(page, browser):
    page.set_viewport_size(PHONE)
    page.goto("/pseudo_inputs?experiment=mnist-2d&prior=Vamp")
    tiles, heading = page.locator(".st-key-pseudo_wall .tile"), page.get_by_role("heading", name="step by step")
    tiles.first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    for narrow in (True, False):
        page.set_viewport_size(PHONE if narrow else DESK)
        eventually(page, lambda: heading.bounding_box()["y"] > tiles.last.bounding_box()["y"], narrow)
        assert tiles.count() == 32
        assert page.evaluate("document.documentElement.scrollWidth") <= (PHONE if narrow else DESK)["width"]
        boxes = [each.bounding_box() for each in tiles.all()]
        assert {round(each["width"]) for each in boxes} == {round(boxes[0]["width"])}
        assert boxes[0]["width"] >= 44


@pytest.mark.parametrize("query", ["experiment=digits-2d&prior=Vamp", "experiment=frey-2d&prior=Vamp"])
def test_no_figure_is_cut_off(page, browser, query):
    page.set_viewport_size(PHONE)
    page.goto(f"/latent_space?{query}")
    page.locator(".st-key-latent_plane .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    expect(page.get_by_text("The plane holds").first).to_be_visible(timeout=PATIENCE)
    for width, height in ((390, 400), (800, 680), (1024, 680)):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(f"document.documentElement.clientWidth === {width}", timeout=PATIENCE)
        page.wait_for_function(f"({SIZE})('latent_plane')[1] === {height}", timeout=PATIENCE)
        settled(page)
        assert page.evaluate(CUT_OFF) == [], width


CELLS = """(key) => {
    const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`), { xaxis, yaxis } = plot._fullLayout;
    return [...xaxis.range, ...yaxis.range, ...xaxis.domain, ...yaxis.domain].map(Number);
}"""


def test_tiles_come_back_from_full_screen_as_they_were(page, browser):
    key = "components_draws"
    page.goto("/components?experiment=mnist-2d&prior=Vamp")
    page.locator(f".st-key-{key} .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    before = page.evaluate(CELLS, key), page.evaluate(SIZE, key)
    page.locator(f".st-key-{key}").hover()
    page.locator(f".st-key-{key} [data-title='Fullscreen']").click()
    page.wait_for_function(f"({SIZE})('{key}')[0] > {before[1][0]} + 200", timeout=PATIENCE)
    page.keyboard.press("Escape")
    page.wait_for_function(f"({SIZE})('{key}')[0] === {before[1][0]}", timeout=PATIENCE)
    eventually(page, lambda: page.evaluate(CELLS, key), pytest.approx(before[0], abs=0.01))
