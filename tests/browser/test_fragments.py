"""A control changes what is on its page and leaves nothing of the old picture beside the new one.

A fragment within a fragment that fills containers of the page does not clear what it put there before.
"""

import pytest
from playwright.sync_api import Page

from tools.browser import eventually, settled
from tools.controls import CONTROLS

# Of Streamlit: a table adds cells of its own once it is drawn.
ELEMENTS = """() => {
    const found = {};
    for (const { dataset } of document.querySelectorAll("[data-testid=stMain] [data-testid^=st]")) {
        found[dataset.testid] = (found[dataset.testid] ?? 0) + 1;
    }
    return found;
}"""
DRAWN = """() => {
    const charts = [...document.querySelectorAll("[data-testid=stPlotlyChart]")];
    const images = [...document.images].every((image) => image.complete);
    return charts.length > 0 && charts.every((chart) => chart.querySelector(".main-svg")) && images;
}"""
# Keeps the pictures as they are now, so that `changed` can tell whether they are others.
KEEP = """() => {
    const pictures = () => JSON.stringify([
        [...document.querySelectorAll("[data-testid=stMain] img")].map((image) => image.src),
        [...document.querySelectorAll("[data-testid=stMain] .js-plotly-plot")].map(
            (plot) => [plot.data, plot.layout.images]),
    ]);
    const before = pictures();
    window.changed = () => pictures() !== before;
}"""
PAGES = dict.fromkeys(control.page for control in CONTROLS)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "overview")
def test_a_moved_control_changes_a_picture_and_leaves_as_many_elements(page: Page, path: str):
    first, *others = (control for control in CONTROLS if control.page == path)
    page.goto(first.address(""))
    page.wait_for_function(DRAWN)
    settled(page)
    before = page.evaluate(ELEMENTS)
    for control in (first, *others):
        move = control.mover()
        for _ in range(2):  # which brings a switch back to where it was
            page.evaluate(KEEP)
            move(page)
            page.wait_for_function("() => window.changed()", polling=100)
            settled(page)
        eventually(page, lambda: page.evaluate(ELEMENTS), before)
