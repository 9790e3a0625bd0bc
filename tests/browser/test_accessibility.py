"""Every page under axe-core: nothing serious that is ours, headings without a gap, in both themes."""

from importlib import resources

import pytest
from playwright.sync_api import expect

from tests import pages
from tools.browser import PATIENCE, settled

# Streamlit's own: the list of pages, in which groups hold pages beside a heading, and the colours of code.
STREAMLITS = {"list": "stSidebarNavItems", "listitem": "stSidebarNav", "color-contrast": "stCode"}
# What another theme can change.
OF_COLOUR = ["color-contrast"]
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
SCAN = """async (rules) => {
    const asked = rules ? { runOnly: rules } : {};
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...asked });
    const within = (target) => {
        let found = document;
        for (const selector of [target].flat()) found = (found.shadowRoot ?? found).querySelector(selector);
        const names = [];
        for (; found; found = found.parentElement ?? found.getRootNode().host) names.push(found.dataset.testid);
        return names.filter(Boolean);
    };
    return violations.flatMap(({ id, impact, nodes }) => nodes.map(
        ({ html, target }) => ({ id, impact, html: html.slice(0, 200), within: target.flatMap(within) })));
}"""


@pytest.mark.parametrize("name", pages.ALL)
def test_axe_finds_nothing_serious_that_is_ours_in_either_theme(page, name):
    experiment = "static-mnist-40d" if name == "active_units" else "mnist-2d"
    page.goto(f"/{'' if name == 'overview' else name}?experiment={experiment}")
    expect(page.locator("[data-testid=stMain] h1").first).to_be_visible(timeout=2 * PATIENCE)
    settled(page)
    page.evaluate(AXE)
    for scheme, rules in (("light", None), ("dark", OF_COLOUR)):
        page.emulate_media(color_scheme=scheme)
        settled(page)
        found = page.evaluate(SCAN, rules)
        ours = [each for each in found if STREAMLITS.get(each["id"]) not in each["within"]]
        assert [each for each in ours if each["impact"] in ("serious", "critical")] == []
        assert [each for each in ours if each["id"] == "heading-order"] == []


def test_axe_finds_a_button_without_a_name_in_a_component(page):
    """What the scan of the pages relies on: shadow roots are looked into."""
    page.set_content("<main><h1>A page</h1><div data-testid='stComponent'></div></main>")
    page.evaluate("""() => {
        const root = document.querySelector("div").attachShadow({ mode: "open" });
        root.innerHTML = "<button></button>";
    }""")
    page.evaluate(AXE)
    found = page.evaluate(SCAN)
    assert [(each["id"], each["within"]) for each in found if each["impact"] == "critical"] == [
        ("button-name", ["stComponent"])
    ]
