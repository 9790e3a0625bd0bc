"""The page of components: a click in the chart of usage puts a component in view, and the link remembers it."""

import re

from playwright.sync_api import Page, expect

from tools.browser import settled

MARKS = (
    """() => Array.from(document.querySelector(".st-key-components_usage .js-plotly-plot")._fullData[0].customdata)"""
)
PLACE = """(rank) => {
    const plot = document.querySelector(".st-key-components_usage .js-plotly-plot");
    plot.scrollIntoView({ block: "center" });
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.l2p(rank), box.top + yaxis._offset + yaxis._length / 2];
}"""


def test_a_click_in_the_chart_of_usage_puts_the_component_first(page: Page):
    page.goto("/components?experiment=digits-2d&prior=Vamp&components_temperature=0.5")
    page.locator(".st-key-components_usage .js-plotly-plot .main-svg").first.wait_for()
    settled(page)
    expect(page.get_by_role("slider", name="Temperature")).to_have_value("0.5")
    rank = 6
    k = page.evaluate(MARKS)[rank - 1]
    page.mouse.click(*page.evaluate(PLACE, rank))
    expect(page.get_by_label("Component", exact=True)).to_have_value(str(k))
    settled(page)
    expect(page).to_have_url(re.compile(rf"[?&]component={k}\b"))
    expect(page.get_by_test_id("stMetricLabel").filter(has_text=f"Usage of {k}")).to_be_visible()
    first_row = "() => document.querySelector('.st-key-components_draws .js-plotly-plot').layout.yaxis.ticktext[0]"
    assert page.evaluate(first_row) == str(k)

    page.get_by_role("slider", name="Temperature").press("Home")
    expect(page).to_have_url(re.compile(r"components_temperature=0(?:\.0)?(?:&|$)"))
    page.goto(page.url)
    page.locator(".st-key-components_draws .js-plotly-plot .main-svg").first.wait_for()
    settled(page)
    expect(page.get_by_label("Component", exact=True)).to_have_value(str(k))
    expect(page.get_by_role("slider", name="Temperature")).to_have_value("0")
