"""Comparing priors in a browser: figures are measured while one waits, and the table handed out is the one shown."""

import csv

from playwright.sync_api import Page, expect

from tools.browser import settled

SAMPLES = "[data-testid=stImage] img[src^='data:image/png']"
ADDRESS = "/compare?compare_images=100&compare_importance=10"


def opened(page: Page, address: str) -> None:
    page.goto(address, wait_until="commit")
    measured, button = page.get_by_text("Measured now on"), page.get_by_role("button", name="Measure", exact=True)
    expect(measured.or_(button)).to_be_visible()
    if button.is_visible():  # A busy machine asks first.
        button.click()
    measured.wait_for()
    settled(page)


def cells(page: Page) -> list[list[str]]:
    """The table as it is read: a row a figure, its name first."""
    return [row.locator("th, td").all_inner_texts() for row in page.get_by_role("table").last.locator("tr").all()]


def test_priors_are_compared_and_the_table_is_handed_out(page, server):
    opened(page, server.url + ADDRESS)
    shown = {row[0].strip(): row[1:] for row in cells(page)}
    assert (
        len(shown["ELBO (nats/image, higher is better)"])
        == page.locator("[class*='st-key-compare_map_'] .js-plotly-plot").count()
    )
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the table").click()
    rows = list(csv.DictReader(waiting.value.path().read_text(encoding="utf-8").splitlines()))
    elbos = [float(row["value"]) for row in rows if row["score"] == "elbo"]
    for value, text in zip(elbos, shown["ELBO (nats/image, higher is better)"], strict=True):
        number = text.split()[0].replace("\u2212", "-").replace(",", "")
        assert f"{value:.{len(number.partition('.')[2])}f}" == number


def test_temperature_by_keyboard_changes_the_samples_and_a_reload_keeps_them(page, server):
    opened(page, server.url + ADDRESS)
    first = page.locator(SAMPLES).first.get_attribute("src")
    table = cells(page)
    page.get_by_role("slider").first.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(SAMPLES).first).not_to_have_attribute("src", first or "")
    page.wait_for_url("**compare_temperature=0.8*")
    again = page.context.new_page()
    opened(again, page.url)
    colder = again.locator(SAMPLES).first.get_attribute("src")
    again.close()
    # Of the four moves, the last one may still be on its way.
    expect(page.locator(SAMPLES).first).to_have_attribute("src", colder or "")
    assert colder != first
    assert cells(page) == table
