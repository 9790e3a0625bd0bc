"""From a click on a pseudo-input to its component, to the page of components and back, and again from the link."""

import re

from playwright.sync_api import Page, expect

from tools.browser import settled

WALL = ".st-key-pseudo_wall .tile"
SHOWN = "all => all.map((tile) => Number(tile.dataset.component))"
CHOSEN = ".st-key-pseudo_wall .tile[aria-selected=true]"


def open_wall(page: Page, address: str) -> list[int]:
    """The components on the wall, in their order."""
    page.goto(address)
    page.locator(WALL).first.wait_for()
    settled(page)
    return page.locator(WALL).evaluate_all(SHOWN)


def story_of(page: Page, k: int) -> None:
    expect(page.get_by_role("heading", name=f"Pseudo-input {k}, step by step")).to_be_visible()
    settled(page)
    expect(page.get_by_label("Pseudo-input", exact=True)).to_have_value(str(k))


def test_a_clicked_pseudo_input_tells_its_story_here_and_on_the_page_of_components(page: Page):
    shown = open_wall(page, "/pseudo_inputs?experiment=digits-2d&prior=Vamp")
    tile, at = page.locator(WALL), 9
    tile.nth(at).hover()
    over = tile.nth(at).locator(".over")
    expect(over).to_have_css("opacity", "1")
    expect(tile.nth(at + 1).locator(".over")).to_have_css("opacity", "0")
    tile.nth(at).click()
    story_of(page, shown[at])
    expect(page).to_have_url(re.compile(rf"[?&]component={shown[at]}\b"))
    expect(page.locator(CHOSEN)).to_have_attribute("id", f"tile-{shown[at]}")
    for step in ("Its posterior", "Decoded mean", "8 samples", "Test images that it explains best"):
        expect(page.get_by_text(step, exact=False).first).to_be_visible()
    expect(page.get_by_test_id("stMetricLabel").filter(has_text=f"Usage of {shown[at]}")).to_be_visible()
    wall, story = (page.locator(one).first.bounding_box() for one in (".st-key-pseudo_wall", "h2"))
    assert wall is not None
    assert story is not None
    assert story["x"] > wall["x"] + wall["width"]
    assert story["y"] < wall["y"] + wall["height"]

    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    story_of(page, shown[at + 2])
    expect(page.locator(".st-key-pseudo_wall").get_by_role("listbox")).to_be_focused()
    page.keyboard.press("End")
    story_of(page, shown[-1])
    page.get_by_role("button", name="Next").click()
    story_of(page, shown[0])
    page.get_by_role("button", name="Next").click()
    k = shown[1]
    story_of(page, k)
    expect(page.locator(CHOSEN)).to_have_attribute("id", f"tile-{k}")

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
    page.locator(WALL).first.wait_for()
    most_used = page.locator(WALL).evaluate_all(SHOWN)[0]
    expect(page.get_by_role("heading", name=f"Component {most_used}, step by step")).to_be_visible()

    open_wall(page, page.url)
    expect(page.get_by_role("heading", name=f"Component {most_used}, step by step")).to_be_visible()


def test_a_component_that_came_with_the_address_goes_along_to_the_other_page(page: Page):
    open_wall(page, "/pseudo_inputs?experiment=digits-2d&prior=Vamp&component=5")
    story_of(page, 5)
    page.get_by_role("link", name="Compare this component with").click()
    expect(page.get_by_label("Component", exact=True)).to_have_value("5")
    expect(page).to_have_url(re.compile(r"/components\?.*component=5\b"))
