"""A control changes what is on its page and leaves nothing of the old picture beside the new one.

A fragment within a fragment that fills containers of the page does not clear what it put there before.
"""

import pytest

from benchmarks.browser import Window
from tools.controls import CONTROLS

ELEMENTS = """() => {
    const found = {};
    for (const { dataset } of document.querySelectorAll("[data-testid=stMain] [data-testid]")) {
        found[dataset.testid] = (found[dataset.testid] ?? 0) + 1;
    }
    return found;
}"""


@pytest.mark.parametrize("control", CONTROLS, ids=lambda each: f"{each.page or 'overview'}: {each.name}")
def test_a_page_has_as_many_elements_as_before(browser, server, control):
    window, move = Window(browser, control.address(server.url)), control.mover()
    try:
        before = window.page.evaluate(ELEMENTS)
        assert before["stPlotlyChart"] >= 1
        window.timed(move)
        window.timed(move)
        assert window.page.evaluate(ELEMENTS) == before
    finally:
        window.close()
