"""From a click on a pseudo-input to its story, to the page of components and back, and again from the link."""

import re

from playwright.sync_api import Page, expect

from tools.browser import settled

CELL = """([column, row]) => {
    const plot = document.querySelector(".st-key-pseudo_wall .js-plotly-plot");
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.l2p(column + 0.3), box.top + yaxis._offset + yaxis.l2p(row + 0.3)];
}"""
COMPONENTS = """() => document.querySelector(".st-key-pseudo_wall .js-plotly-plot")
    .data[0].text.map((words) => Number(words.match(/component (\\d+)/)[1]))"""
RING = """() => {
    const plot = document.querySelector(".st-key-pseudo_wall .js-plotly-plot");
    const ring = plot.querySelector(".vampscope-mark").getBoundingClientRect();
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return [xaxis.p2l(ring.left + ring.width / 2 - box.left - xaxis._offset),
        yaxis.p2l(ring.top + ring.height / 2 - box.top - yaxis._offset)].map(Math.floor);
}"""


def open_wall(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".st-key-pseudo_wall .js-plotly-plot .main-svg").first.wait_for()
    settled(page)


def story_of(page: Page, k: int) -> None:
    expect(page.get_by_role("heading", name=f"Pseudo-input {k}, step by step")).to_be_visible()
    settled(page)
    expect(page.get_by_label("Pseudo-input", exact=True)).to_have_value(str(k))


def test_a_clicked_pseudo_input_tells_its_story_here_and_on_the_page_of_components(page: Page):
    open_wall(page, "/pseudo_inputs?experiment=digits-2d&prior=Vamp")
    shown = page.evaluate(COMPONENTS)
    column, row = 3, 1
    columns = page.evaluate("() => document.querySelector('.st-key-pseudo_wall .js-plotly-plot').layout.xaxis.range[1]")
    k = shown[row * columns + column]
    page.mouse.click(*page.evaluate(CELL, [column, row]))
    story_of(page, k)
    expect(page).to_have_url(re.compile(rf"[?&]component={k}\b"))
    page.wait_for_function(f"({RING})()[0] === {column}")
    assert page.evaluate(RING) == [column, row]
    for step in ("Its posterior", "Decoded mean", "16 samples", "Test images of this component"):
        expect(page.get_by_text(step, exact=False).first).to_be_visible()
    expect(page.get_by_test_id("stMetricLabel").filter(has_text=f"Usage of {k}")).to_be_visible()

    page.get_by_role("link", name="Compare this component with").click()
    expect(page.get_by_role("heading", name="Components", level=1)).to_be_visible()
    settled(page)
    expect(page.get_by_label("Component", exact=True)).to_have_value(str(k))
    other = (k + 1) % len(shown)
    page.get_by_label("Component", exact=True).fill(str(other))
    page.get_by_label("Component", exact=True).press("Enter")
    expect(page).to_have_url(re.compile(rf"[?&]component={other}\b"))
    settled(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Pseudo-inputs").click()
    story_of(page, other)

    open_wall(page, page.url)
    story_of(page, other)


def test_another_prior_starts_with_its_own_most_used_component(page: Page):
    open_wall(page, "/pseudo_inputs?experiment=digits-2d&prior=Vamp&component=0&pseudo_order=usage")
    story_of(page, 0)
    page.get_by_test_id("stSidebar").get_by_role("combobox", name="Prior in view").click()
    page.get_by_role("option", name="Mixture of Gaussians").click()
    expect(page.get_by_text("A mixture of Gaussians has no pseudo-inputs")).to_be_visible()
    settled(page)
    most_used = page.evaluate(COMPONENTS)[0]
    expect(page.get_by_role("heading", name=f"Component {most_used}, step by step")).to_be_visible()

    open_wall(page, page.url)
    expect(page.get_by_role("heading", name=f"Component {most_used}, step by step")).to_be_visible()


def test_a_component_that_came_with_the_address_goes_along_to_the_other_page(page: Page):
    open_wall(page, "/pseudo_inputs?experiment=digits-2d&prior=Vamp&component=5")
    story_of(page, 5)
    page.get_by_role("link", name="Compare this component with").click()
    expect(page.get_by_label("Component", exact=True)).to_have_value("5")
    expect(page).to_have_url(re.compile(r"/components\?.*component=5\b"))
