"""The first page in a browser: maps and samples arrive, a seed changes the samples, the link brings the view back."""

import pytest
from playwright.sync_api import Page, expect

from tools.browser import settled

SAMPLES = "[data-testid=stImage] img[src^='data:image/png']"


def opened(page: Page, address: str) -> None:
    page.goto(address, wait_until="commit")
    page.get_by_role("heading", name="Training curves").wait_for()
    settled(page)


def sources(page: Page) -> list[str]:
    return [each.get_attribute("src") or "" for each in page.locator(SAMPLES).all()]


def test_a_seed_changes_the_samples_and_the_copied_link_keeps_them(page, server):
    opened(page, server.url)
    priors = page.locator("[class*='st-key-overview_map_'] .js-plotly-plot .main-svg").first
    expect(priors).to_be_visible()
    maps = page.locator("[class*='st-key-overview_map_'] .js-plotly-plot")
    first = sources(page)
    # Of the real images one.
    assert len(first) == maps.count() + 1
    assert len(set(first)) == len(first)
    assert page.get_by_text("WebGL is not supported").count() == 0

    seed = page.get_by_label("Seed of the samples")
    seed.fill("11")
    seed.press("Enter")
    expect(page.locator(SAMPLES).last).not_to_have_attribute("src", first[-1])
    settled(page)
    second = sources(page)
    assert set(first) & set(second) == {first[0]}
    assert "overview_seed=11" in page.url

    page.get_by_role("button", name="Copy link").click()
    link = page.evaluate("() => navigator.clipboard.readText()")
    opened(page, link)
    expect(page.get_by_label("Seed of the samples")).to_have_value("11")
    assert sources(page) == second


def test_the_maps_of_the_first_experiment_are_seen_without_scrolling(page, server):
    opened(page, server.url)
    maps = page.locator("[class*='st-key-overview_map_'] .js-plotly-plot")
    expect(maps).to_have_count(3)
    assert all(each.bounding_box()["y"] + each.bounding_box()["height"] <= 900 for each in maps.all())


def test_all_stored_figures_are_handed_out_as_a_table(page, server):
    opened(page, server.url)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save all scores").click()
    table = waiting.value.path().read_text(encoding="utf-8").splitlines()
    assert table[0] == "prior,score,value,bound,unit,se,n,samples,estimator,split,layer,source"
    shown = page.get_by_test_id("stMetricValue").first.inner_text()
    value = shown.split()[0].replace("\u2212", "-").replace(",", "")
    decimals = len(value.partition(".")[2])
    measured = [row.split(",") for row in table[1:]]
    kept = [float(row[2]) for row in measured if row[1] in ("log_likelihood", "elbo")]
    assert value in [f"{each:.{decimals}f}" for each in kept]


CUT_OFF = """() => [...document.querySelectorAll("[data-testid=stMetricValue] *, [data-testid=stMetricLabel] *")]
    .filter((each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).textOverflow === "ellipsis")
    .map((each) => each.textContent)"""


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_score_is_cut_off(page, server, width):
    """Scores have four or five digits and an error beneath; a score of five digits is put in their place."""
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, server.url + "/?experiment=frey-2d")
    assert page.evaluate(CUT_OFF) == []
    longest = """() => { for (const each of document.querySelectorAll("[data-testid=stMetricValue] *"))
        if (!each.children.length) each.textContent = "\u221268,375.25" }"""
    page.evaluate(longest)
    assert page.evaluate(CUT_OFF) == []
