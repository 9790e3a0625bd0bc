"""Clicks in figures and the copied link, on a page of the tests' own."""

import re

import pytest
from playwright.sync_api import expect

from tools.browser import eventually, new_window, settled
from tools.server import ROOT, serve

SCRIPT = """
import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.frontend import copy_link, pick
from app.figures.export import plot_config
from app.figures.plane import plane
from app.figures.theme import LIGHT
from app.records import Window

copy_link()
shown = st.slider("height", 300, 320, 300)
points = np.random.default_rng(0).normal(size=(500, 2))
for name, column in zip(("left plane", "right"), st.columns(2)):
    with column:
        figure = plane(LIGHT, Window(-2, 2, -2, 2), alt=name, points=points, height=shown, rasterised=name == "right")
        config = plot_config(name, selectable=True)
        drawn = figure.checked()
        st.plotly_chart(drawn, theme=None, key=name, config=config, on_select="rerun", selection_mode="lasso")
        mark = f"{name} mark"
        keep = lambda place, mark=mark: st.session_state.update({mark: place})
        pick(name, mark=st.session_state.get(mark), on_pick=keep)
        place = st.session_state.get(mark)
        st.text(f"{name} at " + ("nothing" if place is None else f"{place.x:.3f} {place.y:.3f}"))
"""
PIXELS = """([host, x, y]) => {
    const plot = document.querySelector(`.st-key-${host} .js-plotly-plot`);
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.l2p(x), box.top + yaxis._offset + yaxis.l2p(y)];
}"""
MIDDLE = """(host) => {
    const box = document.querySelector(`.st-key-${host} .vampscope-mark`).getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
}"""


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("components")
    (folder / "page.py").write_text(SCRIPT, encoding="utf-8")
    with serve(folder / "page.py", folder / "log.txt", {"PYTHONPATH": str(ROOT)}) as server:
        yield server.url
        assert server.errors() == ""


@pytest.fixture
def window(page, address):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(address)
    page.locator(".st-key-right .js-plotly-plot .main-svg").first.wait_for()
    settled(page)
    return page


def decoded(page, name) -> tuple[float, float]:
    """The place that the page says was picked."""
    text = page.get_by_text(re.compile(rf"^{name} at -?\d")).inner_text()
    x, y = text.split()[-2:]
    return float(x), float(y)


def click(page, host, x, y):
    page.mouse.click(*page.evaluate(PIXELS, [host, x, y]))


def test_the_place_clicked_is_the_place_decoded_after_panning_and_zooming(window):
    click(window, "left-plane", 0.3, -0.45)
    expect(window.get_by_text("left plane at 0.")).to_be_visible()
    assert decoded(window, "left plane") == pytest.approx((0.3, -0.45), abs=0.01)

    start = window.evaluate(PIXELS, ["left-plane", 0, 0])
    window.mouse.move(*start)
    window.mouse.down()
    window.mouse.move(start[0] - 30, start[1] + 15, steps=5)
    window.mouse.up()
    window.locator(".st-key-left-plane").hover()
    window.locator(".st-key-left-plane [data-title='Zoom in']").click()
    window.wait_for_function(f"before => ({PIXELS})(['left-plane', 0, 0])[0] !== before", arg=start[0] - 30)

    def beside() -> list[float]:
        """From the place to the mark, in pixels."""
        mark, place = window.evaluate(MIDDLE, "left-plane"), window.evaluate(PIXELS, ["left-plane", 0.3, -0.45])
        return [one - other for one, other in zip(mark, place, strict=True)]

    eventually(window, beside, pytest.approx([0, 0], abs=1.5))
    assert decoded(window, "left plane") == pytest.approx((0.3, -0.45), abs=0.01)

    click(window, "left-plane", -0.4, 0.3)
    expect(window.get_by_text("left plane at -0.4")).to_be_visible()
    assert decoded(window, "left plane") == pytest.approx((-0.4, 0.3), abs=0.01)
    expect(window.get_by_text("right at nothing")).to_be_visible()


def test_each_plane_has_its_own_hook_also_when_drawn_anew(window):
    window.get_by_role("slider").focus()
    window.keyboard.press("ArrowRight")
    window.wait_for_function(
        "() => document.querySelector('.st-key-right .js-plotly-plot')?._fullLayout?.height === 301"
    )
    settled(window)
    click(window, "right", 1.5, 1.0)
    expect(window.get_by_text("right at 1.")).to_be_visible()
    assert decoded(window, "right") == pytest.approx((1.5, 1.0), abs=0.015)
    expect(window.get_by_text("left plane at nothing")).to_be_visible()


def test_a_lasso_is_no_click(window):
    window.locator(".st-key-left-plane").hover()
    window.locator(".st-key-left-plane [data-title='Lasso Select']").click()
    corners = [window.evaluate(PIXELS, ["left-plane", x, y]) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
    window.mouse.move(*corners[0])
    window.mouse.down()
    for corner in corners[1:]:
        window.mouse.move(*corner, steps=4)
    window.mouse.up()
    window.wait_for_timeout(700)
    settled(window)
    expect(window.get_by_text("left plane at nothing")).to_be_visible()


def test_a_tap_is_a_click(browser, address):
    page = new_window(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(address)
    page.locator(".st-key-right .js-plotly-plot .main-svg").first.wait_for()
    settled(page)
    page.locator(".st-key-left-plane").scroll_into_view_if_needed()
    page.touchscreen.tap(*page.evaluate(PIXELS, ["left-plane", -0.75, 0.25]))
    expect(page.get_by_text("left plane at -0.7")).to_be_visible()
    assert decoded(page, "left plane") == pytest.approx((-0.75, 0.25), abs=0.015)
    page.context.close()


def test_the_link_is_copied_or_shown(window):
    button = window.get_by_role("button", name="Copy link")
    button.click()
    expect(window.get_by_text("Link copied")).to_be_visible()
    assert window.evaluate("() => navigator.clipboard.readText()") == window.url

    window.evaluate("""() => {
        const refuse = { writeText: () => Promise.reject(new Error("refused")) };
        Object.defineProperty(navigator, "clipboard", { value: refuse, configurable: true });
        document.execCommand = () => false;
    }""")
    button.click()
    expect(window.get_by_text("The browser refused to copy")).to_be_visible()
    expect(window.get_by_label("Address of this view")).to_have_value(window.url)
