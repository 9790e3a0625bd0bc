"""Active units in a browser: a unit chosen by a click on either picture, and found again by its link."""

import re

from playwright.sync_api import Page, expect

from tools.browser import PATIENCE, settled

PIXELS = """([key, x]) => {
    const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`);
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.l2p(x), box.top + yaxis._offset + yaxis._length / 2];
}"""
UNITS = """(key) => Array.from(
    document.querySelector(`.st-key-${key} .js-plotly-plot`)._fullData.at(key === "units_kl" ? 0 : -1).customdata
)"""


def click(page: Page, key: str, x: float) -> None:
    page.locator(f".st-key-{key}").scroll_into_view_if_needed()
    page.mouse.click(*page.evaluate(PIXELS, [key, x]))


def test_a_click_on_either_picture_chooses_a_unit_and_the_link_keeps_it(page):
    page.goto("/active_units?experiment=digits-2d&prior=Vamp")
    page.locator(".st-key-units_kl .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    page.locator(".st-key-units_without .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    by_activity, by_kl = page.evaluate(UNITS, "units_activity"), page.evaluate(UNITS, "units_kl")
    expect(page.get_by_role("heading", name=f"What unit {by_activity[0]} does")).to_be_visible(timeout=PATIENCE)

    click(page, "units_activity", 2)
    expect(page.get_by_role("heading", name=f"What unit {by_activity[1]} does")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile("units_rank=2"), timeout=PATIENCE)
    settled(page)

    other = 1 if by_kl[0] == by_activity[0] else 2
    click(page, "units_kl", other)
    expect(page.get_by_role("heading", name=f"What unit {by_activity[0]} does")).to_be_visible(timeout=PATIENCE)
    settled(page)

    click(page, "units_activity", 2)
    expect(page.get_by_role("heading", name=f"Without unit {by_activity[1]}")).to_be_visible(timeout=PATIENCE)
    settled(page)
    page.reload()
    expect(page.get_by_role("heading", name=f"Without unit {by_activity[1]}")).to_be_visible(timeout=PATIENCE)
    lost = page.get_by_test_id("stMetric").filter(has_text="Reconstruction lost")
    expect(lost).to_contain_text("\u00b1", timeout=PATIENCE)
