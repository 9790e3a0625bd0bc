"""Back after a change of the prior: one entry of the history, and the component that the viewer had."""

import re

from playwright.sync_api import Page, expect

from tools.browser import settled


def test_back_after_switching_the_prior_gives_the_component_that_was_in_view(page: Page):
    page.goto("/components?experiment=digits-2d&prior=mog")
    component = page.get_by_label("Component", exact=True)
    expect(component).to_be_visible()
    settled(page)
    component.fill("5")
    component.press("Enter")
    expect(page).to_have_url(re.compile(r"[?&]component=5\b"))
    settled(page)
    entries = page.evaluate("history.length")

    page.get_by_test_id("stSidebar").get_by_role("combobox", name="Prior in view").click()
    page.get_by_role("option", name="VampPrior").click()
    # The VampPrior is the default, which the address does not name.
    expect(page).not_to_have_url(re.compile(r"prior="))
    expect(page).not_to_have_url(re.compile(r"[?&]component=5\b"))
    settled(page)
    assert page.evaluate("history.length") == entries + 1
    expect(component).not_to_have_value("5")

    page.go_back()
    expect(page).to_have_url(re.compile(r"prior=mog"))
    expect(component).to_have_value("5")
    settled(page)
    expect(page).to_have_url(re.compile(r"[?&]component=5\b"))
    expect(component).to_have_value("5")


def test_back_to_another_page_gives_the_default_prior_that_its_address_omits(page: Page):
    """The address of the default prior names none, so that a prior chosen on a later page has to go with that page."""
    prior = page.get_by_test_id("stSidebar").get_by_role("combobox", name="Prior in view")
    page.goto("/components?experiment=digits-2d")
    expect(page.get_by_label("Component", exact=True)).to_be_visible()
    settled(page)
    expect(prior).to_have_value("VampPrior")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Active units").click()
    expect(page.get_by_role("heading", name="Active units")).to_be_visible()
    settled(page)
    prior.click()
    page.get_by_role("option", name="Mixture of Gaussians").click()
    expect(page).to_have_url(re.compile(r"prior=mog"))
    settled(page)

    page.go_back()
    expect(prior).to_have_value("VampPrior")
    settled(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Components", exact=True)).to_be_visible()
    settled(page)
    expect(page).not_to_have_url(re.compile(r"prior="))
    expect(prior).to_have_value("VampPrior")
