"""A digit is drawn with the mouse: a component of the edited prior, and a place in the latent space."""

import re

from playwright.sync_api import Locator, Page, expect

from tools.browser import PATIENCE, eventually, settled

SEVEN = (((0.25, 0.25), (0.7, 0.25), (0.45, 0.85)), ((0.38, 0.55), (0.65, 0.55)))
INK = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((sum, value, i) => sum + (i % 4 === 0 && value > 127), 0) / (canvas.width * canvas.height);
}"""

SEEN = """(part) => {
    const { top, bottom } = part.getBoundingClientRect();
    return top >= 0 && bottom <= window.innerHeight;
}"""


def opened(page: Page, name: str) -> None:
    page.goto(f"/{name}?experiment=digits-2d&prior=Vamp")
    expect(page.locator("[data-testid=stMain] h1").first).to_be_visible(timeout=2 * PATIENCE)
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    if name == "edit_prior":
        page.get_by_role("tab", name="Add one").click()
        page.get_by_role("radio", name="Draw").click()
    else:
        page.locator("summary").filter(has_text="Your own image").first.click()
    expect(page.locator(".paper canvas")).to_be_visible()
    settled(page)


def in_view(page: Page, *parts: Locator) -> bool:
    """Whether all of these are seen whole, wherever the page is scrolled to."""
    return all(each.evaluate(SEEN) for each in parts)


def draw(page: Page) -> None:
    canvas = page.locator(".paper canvas")
    canvas.scroll_into_view_if_needed()
    for first, *others in SEVEN:
        box = canvas.bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (first, *others)]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()


def test_a_drawing_becomes_a_component_and_the_address_holds_it(page: Page):
    opened(page, "edit_prior")
    add = page.get_by_role("button", name="Add it")
    expect(add).to_be_disabled()
    draw(page)
    expect(add).to_be_enabled()
    settled(page)
    drawn = page.locator(".paper canvas").evaluate(INK)
    assert 0.05 < drawn < 0.3
    add.click()
    expect(page).to_have_url(re.compile(r"[?&]edit=[0-9a-f]{6}~drawn_[0-9a-f]{128}_0\.05"))
    # What was drawn is still there; Clear takes it away, and with it the button's use.
    metric = page.get_by_test_id("stMetric").filter(has_text=re.compile("^Components"))
    expect(metric.get_by_test_id("stMetricValue")).to_have_text("17")
    settled(page)
    assert page.locator(".paper canvas").evaluate(INK) == drawn
    # While one draws, the score and the map are seen.
    assert in_view(page, metric, page.locator(".st-key-edit_plane .js-plotly-plot"), page.locator(".paper canvas"))
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(add).to_be_disabled()
    assert page.locator(".paper canvas").evaluate(INK) == 0


def test_a_drawing_lands_on_the_plane_and_is_rebuilt(page: Page):
    opened(page, "latent_space")
    draw(page)
    score = page.get_by_test_id("stMetric").filter(has_text="log p(x) of your image")
    expect(page.get_by_text("nats, exact (quadrature)")).to_be_visible()
    expect(score.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"^\u2212\d+"))
    expect(page.get_by_alt_text("Reconstruction of your image")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^Responsible at its posterior mean: component"))).to_be_visible()
    settled(page)

    where = page.get_by_test_id("stMetric").filter(has_text="Posterior mean").get_by_test_id("stMetricValue")
    x, y = (float(each.replace("\u2212", "-")) for each in re.findall(r"[\u2212\d.]+", where.inner_text()))

    def beside() -> list[int]:
        """From the place that is said to the middle of the mark, in pixels."""
        return page.evaluate(
            """([x, y]) => {
                const plot = document.querySelector(".st-key-latent_plane .js-plotly-plot");
                const { xaxis, yaxis } = plot._fullLayout;
                const [at, mark] = [plot, plot.querySelector(".vampscope-spot")].map((e) => e.getBoundingClientRect());
                return [
                    at.left + xaxis._offset + xaxis.l2p(x) - mark.left, at.top + yaxis._offset + yaxis.l2p(y) - mark.top
                ].map(Math.round);
            }""",
            [x, y],
        )

    eventually(page, lambda: max(map(abs, beside())) <= 1, True)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(score).to_have_count(0)
    expect(page.locator(".vampscope-spot")).to_have_count(0)
