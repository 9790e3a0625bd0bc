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


def test_pictures_follow_the_width_of_the_window(page, browser):
    page.set_viewport_size(PHONE)
    page.goto("/pseudo_inputs?experiment=mnist-2d&prior=Vamp&pseudo_show=pseudo-inputs")
    plot = page.locator(".st-key-pseudo_wall .js-plotly-plot").first
    plot.wait_for(timeout=2 * PATIENCE)
    settled(page)
    page.wait_for_function(f"(([, high]) => high && high < 300)(({SIZE})('pseudo_wall'))", timeout=PATIENCE)
    width, height = page.evaluate(SIZE, "pseudo_wall")
    picture = page.locator(".st-key-pseudo_wall .imagelayer image").first.bounding_box()
    assert picture is not None
    assert (picture["width"], picture["height"]) == pytest.approx((width, height), rel=0.05)
    bar = page.locator(".st-key-pseudo_wall .modebar-btn")
    assert bar.count() == 0
    page.set_viewport_size(DESK)
    page.wait_for_function(f"({SIZE})('pseudo_wall')[1] > {1.5 * height}", timeout=PATIENCE)
    expect(bar.first).to_be_attached(timeout=PATIENCE)


@pytest.mark.parametrize("query", ["experiment=digits-2d&prior=Vamp", "experiment=frey-2d&prior=Vamp"])
@pytest.mark.parametrize(("width", "height"), [(390, 400), (800, 680), (1024, 680)])
def test_no_figure_is_cut_off(page, browser, query, width, height):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"/latent_space?{query}")
    page.locator(".st-key-latent_plane .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    expect(page.get_by_text("The plane holds").first).to_be_visible(timeout=PATIENCE)
    page.wait_for_function(f"({SIZE})('latent_plane')[1] === {height}", timeout=PATIENCE)
    settled(page)
    assert page.evaluate(CUT_OFF) == []


CELLS = """(key) => {
    const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`), { xaxis, yaxis } = plot._fullLayout;
    return [...xaxis.range, ...yaxis.range, ...xaxis.domain, ...yaxis.domain].map(Number);
}"""


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("pseudo_inputs?experiment=static-mnist-40d", "pseudo_wall"),
        ("components?experiment=mnist-2d", "components_draws"),
    ],
)
def test_tiles_come_back_from_full_screen_as_they_were(page, browser, place, key):
    page.goto(f"/{place}&prior=Vamp")
    page.locator(f".st-key-{key} .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    before = page.evaluate(CELLS, key), page.evaluate(SIZE, key)
    page.locator(f".st-key-{key}").hover()
    page.locator(f".st-key-{key} [data-title='Fullscreen']").click()
    page.wait_for_function(f"({SIZE})('{key}')[0] > {before[1][0]} + 200", timeout=PATIENCE)
    page.keyboard.press("Escape")
    page.wait_for_function(f"({SIZE})('{key}')[0] === {before[1][0]}", timeout=PATIENCE)
    eventually(page, lambda: page.evaluate(CELLS, key), pytest.approx(before[0], abs=0.01))
