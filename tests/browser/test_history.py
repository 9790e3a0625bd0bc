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
