"""Every page under axe-core: nothing serious that is ours, headings without a gap, in both themes."""

import re
from importlib import resources
from typing import Any

from playwright.sync_api import Page, expect

from tests import pages
from tools.browser import PATIENCE, settled

# Streamlit's own: the list of pages, in which groups hold pages beside a heading, and the colours of code.
STREAMLITS = {"list": "stSidebarNavItems", "listitem": "stSidebarNav", "color-contrast": "stCode"}
# The last to be opened: the next page would be of the same experiment.
EXPERIMENT = {"active_units": "static-mnist-40d"}
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


def test_axe_finds_nothing_serious_that_is_ours_in_either_theme(page):
    """On every page, in one window: a page that is opened from another comes in a third of the processor time."""
    page.goto("/tour?experiment=mnist-2d")
    expect(page.locator("[data-testid=stSidebarNavLink]").first).to_be_visible(timeout=2 * PATIENCE)
    found = {}
    for name in sorted(pages.ALL, key=lambda name: name in EXPERIMENT):
        opened(page, name)
        page.evaluate(AXE)
        for scheme, rules in (("light", None), ("dark", OF_COLOUR)):
            page.emulate_media(color_scheme=scheme)
            settled(page)
            found[name, scheme] = [each for each in page.evaluate(SCAN, rules) if is_ours(each)]
        page.emulate_media(color_scheme="light")
    assert {where: each for where, each in found.items() if each} == {}


def opened(page: Page, name: str) -> None:
    """Follow the link to a page; one of another experiment, and one without a link, has an address of its own."""
    path, title = "" if name == "overview" else name, page.locator("[data-testid=stMain] h1").first
    link = page.locator(f"[data-testid=stSidebarNavLink][href$='/{path}']")
    if name in EXPERIMENT or not link.count():
        page.goto(f"/{path}?experiment={EXPERIMENT.get(name, 'mnist-2d')}")
    elif not re.search(rf"/{path}(\?|$)", page.url):
        before = title.inner_text()
        link.click()
        expect(page).to_have_url(re.compile(rf"/{path}(\?|$)"))
        expect(title).not_to_have_text(before, timeout=2 * PATIENCE)
    expect(title).to_be_visible(timeout=2 * PATIENCE)
    settled(page)


def is_ours(violation: dict[str, Any]) -> bool:
    """Whether it counts: serious, or a gap between headings, and not Streamlit's own."""
    counts = violation["impact"] in ("serious", "critical") or violation["id"] == "heading-order"
    return counts and STREAMLITS.get(violation["id"]) not in violation["within"]


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
