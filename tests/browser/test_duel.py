"""The duel in a browser: its two keys, as soon as it has begun, and nothing of the tally before the end.

Tests of the widget play to the end.
"""

from playwright.sync_api import Page, expect

from app.duel import PAIRS
from tools.browser import PATIENCE, settled


def test_each_key_answers_one_pair_and_nothing_is_said_of_the_tally(page: Page):
    page.goto("/compare?experiment=digits-2d")
    page.get_by_role("button", name=f"Judge {PAIRS} pairs").click(timeout=2 * PATIENCE)
    for pair, key in enumerate(("1", "2", "1"), 1):
        expect(page.get_by_text(f"Pair {pair} of {PAIRS}.")).to_be_visible(timeout=2 * PATIENCE)
        settled(page)
        page.keyboard.press(key)
    expect(page.get_by_text(f"Pair 4 of {PAIRS}.")).to_be_visible(timeout=PATIENCE)
    settled(page)
    assert page.get_by_text("This viewer chose").count() == 0
