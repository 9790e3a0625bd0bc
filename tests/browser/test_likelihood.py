"""The page Likelihood in a browser: a dot and its image, the posterior of it, and the bound while it grows."""

import re

from playwright.sync_api import Page, expect

from tools.browser import PATIENCE, eventually, settled

CHART = ".st-key-likelihood_against"
# The dot that is farthest from all others: the row of its image, and its place in the window.
LONELY = """(chart) => {
    const plot = document.querySelector(chart + " .js-plotly-plot");
    plot.scrollIntoView({ block: "center" });
    const { xaxis, yaxis } = plot._fullLayout;
    const dots = plot._fullData.find((each) => each.name === "test images");
    const across = Array.from(dots.x, (x) => xaxis._offset + xaxis.l2p(x));
    const down = Array.from(dots.y, (y) => yaxis._offset + yaxis.l2p(y));
    const alone = across.map((_, i) => Math.min(...across.map((x, j) =>
        i === j ? Infinity : Math.hypot(x - across[i], down[j] - down[i]))));
    const best = alone.indexOf(Math.max(...alone));
    const box = plot.getBoundingClientRect();
    return [Number(dots.customdata[best][0]), box.left + across[best], box.top + down[best]];
}"""
DRAWN = re.compile(r"^([\d,]+) of [\d,]+ samples an image")


def drawn(page: Page) -> int:
    """How many samples the page says that it has drawn."""
    return int(DRAWN.match(page.get_by_text(DRAWN).inner_text())[1].replace(",", ""))


def test_a_dot_shows_its_image_and_what_is_known_of_it(page: Page):
    page.goto("/likelihood?experiment=digits-2d")
    page.locator(f"{CHART} .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)

    row, x, y = page.evaluate(LONELY, CHART)
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    card = page.locator(".vampscope-dot")
    expect(card).to_be_visible(timeout=PATIENCE)
    expect(card.locator("figcaption")).to_have_text("original")
    assert int(card.get_attribute("data-row")) == row
    page.mouse.click(x, y)
    expect(page.get_by_label("Test image", exact=True)).to_have_value(str(row), timeout=PATIENCE)
    expect(page.get_by_text(re.compile(f"^Test image {row}. Lines around"))).to_be_visible(timeout=PATIENCE)
    settled(page)

    for place, title in enumerate(("p(z | x), true", "q(z | x)", "weighted q, K = 20")):
        shown = page.locator(f".st-key-likelihood_map{place} .js-plotly-plot")
        expect(shown.locator(".gtitle")).to_have_text(title, timeout=PATIENCE)
        assert shown.locator(".contourlines path").count() >= 4
    figures = page.get_by_role("row").filter(has_text="log p(x), exact (nats)")
    expect(figures).to_have_text(re.compile(r"(\u2212\d+\.\d\d\s*){3}"))

    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text(DRAWN)).to_be_visible(timeout=PATIENCE)
    first = drawn(page)
    eventually(page, lambda: drawn(page) > first, True)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible(timeout=PATIENCE)
    settled(page)
    stopped = drawn(page)
    # Two ticks later.
    page.wait_for_timeout(1500)
    assert drawn(page) == stopped
