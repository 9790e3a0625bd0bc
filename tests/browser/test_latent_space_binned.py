"""Thirty thousand test images in a browser: a lasso over the counts, a zoom that counts again, a link to it."""

import math
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_latent_space import PIXELS, drag_lasso
from tools.browser import PATIENCE, settled
from tools.server import ROOT, serve

IN_VIEW = re.compile(r"^([\d,]+) of 30,000 test images in view")
RANGES = """() => {
    const { xaxis, yaxis } = document.querySelector(".st-key-latent_plane .js-plotly-plot")._fullLayout;
    return [...xaxis.range, ...yaxis.range].map(Number);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory, browser):
    """The dashboard over a folder whose runs hold one large test set."""
    from tools.synthetic import untrained

    folder: Path = tmp_path_factory.mktemp("site")
    untrained(folder / "runs" / "large" / "mog", images=30_000)
    with serve(ROOT / "app" / "main.py", folder / "log.txt", folder=folder) as running:
        yield running


def opened(page: Page, url: str) -> None:
    page.goto(url)
    page.locator(".st-key-latent_plane .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    expect(page.get_by_text(IN_VIEW)).to_be_visible(timeout=PATIENCE)


def in_view(page: Page) -> int:
    found = IN_VIEW.match(page.get_by_text(IN_VIEW).inner_text())
    assert found
    return int(found[1].replace(",", ""))


def test_a_lasso_a_zoom_and_a_link(page, site):
    from app.services.latent_plane.selection import inside
    from vampcore import checkpoints

    start = site.log.stat().st_size
    opened(page, f"{site.url}/latent_space?experiment=large&prior=MoG")
    whole = in_view(page)
    assert 29_700 < whole <= 30_000  # the axes leave a few of the farthest out

    corners = [(math.cos(a), math.sin(a)) for a in (0.3, 1.5, 2.7, 3.9, 5.1)]
    drag_lasso(page, corners)
    words = page.get_by_text(re.compile(r"of 30,000 test images, inside the selection"))
    expect(words).to_be_visible(timeout=PATIENCE)
    settled(page)
    caught = int(words.inner_text().split()[0].replace(",", ""))
    stored = checkpoints.load(site.log.parent / "runs" / "large" / "mog").latents.layers[0].mean
    # Means are not the samples that are shown, but as many of them lie in a place, within a few standard errors.
    about = len(inside(stored.numpy(), tuple(corners)))
    assert caught == pytest.approx(about, abs=0.1 * about + 5 * math.sqrt(about))
    with page.expect_download() as download:
        page.get_by_role("button", name=f"{caught:,} images (CSV)").click()
    assert len(download.value.path().read_text().splitlines()) == caught + 1

    page.get_by_role("button", name="Zoom to these images").click()
    expect(page).to_have_url(re.compile("latent_view="), timeout=PATIENCE)
    settled(page)
    near = in_view(page)
    assert caught <= near < 30_000
    # Whatever redraws the figure, the choice stays.
    assert int(words.inner_text().split()[0].replace(",", "")) == caught

    before = page.url
    page.locator(".st-key-latent_plane").hover()
    page.locator(".st-key-latent_plane [data-title='Zoom in']").click()
    page.wait_for_function("before => location.href !== before", arg=before, timeout=PATIENCE)
    expect(page.get_by_text("test images in view, each drawn as a dot")).to_be_visible(timeout=PATIENCE)
    settled(page)
    assert in_view(page) < near
    expect(page.get_by_text("WebGL is not supported")).to_have_count(0)
    closer, seen = in_view(page), page.evaluate(RANGES)

    link = page.url
    page.goto("about:blank")
    opened(page, link)
    assert in_view(page) == closer
    assert page.evaluate(RANGES) == pytest.approx(seen, rel=0.05, abs=0.01)

    page.locator(".st-key-latent_plane").hover()
    page.locator(".st-key-latent_plane [data-title='Reset axes']").click()
    expect(page).not_to_have_url(re.compile("latent_view="), timeout=PATIENCE)
    expect(page.get_by_text(re.compile(f"^{whole:,} of 30,000 test images in view"))).to_be_visible(timeout=PATIENCE)
    assert site.errors(start) == ""


def test_a_click_still_decodes_over_the_counts(page, site):
    opened(page, f"{site.url}/latent_space?experiment=large&prior=MoG")
    page.mouse.click(*page.evaluate(PIXELS, [0.5, -0.5]))
    expect(page).to_have_url(re.compile(r"latent_point=0\.[45]"), timeout=PATIENCE)
    settled(page)
    whole = in_view(page)
    assert 29_700 < whole <= 30_000  # the axes leave a few of the farthest out
