"""A tour in a browser: buttons and arrow keys move by a step, and the address brings the step back."""

import re

from playwright.sync_api import Page, expect

from app.tours.tours import SHORT
from tools.browser import PATIENCE, settled


def at_step(page: Page, number: int) -> None:
    """Wait for a step, and check that the address names it and its page."""
    step = SHORT.steps[number - 1]
    expect(page.get_by_text(f"Step {number} of {len(SHORT.steps)} · {step.title}")).to_be_visible(timeout=2 * PATIENCE)
    expect(page).to_have_url(re.compile(rf"/{step.page}\?.*tour=short&step={number}\b"))
    settled(page)


def test_the_address_opens_a_step_and_buttons_and_arrow_keys_move_by_one(page):
    page.goto(SHORT.address(2).removeprefix("."))
    at_step(page, 2)
    page.get_by_role("link", name="Next", exact=True).click()
    at_step(page, 3)
    page.keyboard.press("ArrowLeft")
    at_step(page, 2)
    page.get_by_role("link", name="Back", exact=True).click()
    at_step(page, 1)
    assert page.get_by_role("link", name="Back", exact=True).count() == 0
    page.keyboard.press("ArrowRight")
    at_step(page, 2)
