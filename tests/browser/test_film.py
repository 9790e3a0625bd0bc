"""The film in a browser: it plays, is moved by keyboard, says what it shows, and fits a phone."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tools.browser import eventually, settled

FRONTEND = Path(__file__).resolve().parents[2] / "app" / "frontend"

LEVELS = """async ({ script, components, window }) => {
  const { Lattice } = await import("data:text/javascript," + encodeURIComponent(script))
  const found = new Lattice(window, components.length)
  found.fill(new Float32Array(components.flat()))
  const radii = []
  const trace = (x, y) => radii.push([found.left + x * found.stepX, found.bottom + y * found.stepY])
  found.trace(found.levels[2], trace)
  return { levels: found.levels, line: radii }
}"""

SMALLEST = "all => Math.min(...all.map((each) => parseFloat(getComputedStyle(each).fontSize)))"


def lines(browser, components: list[list[float]], half: float) -> tuple[np.ndarray, np.ndarray]:
    """The mass levels that the browser finds, and places on the line around 95 %."""
    window = {"left": -half, "right": half, "bottom": -half, "top": half}
    script = (FRONTEND / "film_density.js").read_text("utf-8")
    blank = browser.new_page()
    try:
        found = blank.evaluate(LEVELS, {"script": script, "components": components, "window": window})
    finally:
        blank.close()
    return np.array(found["levels"]), np.array(found["line"])


@pytest.mark.parametrize("copies", [1, 100])
def test_lines_of_a_normal_hold_their_mass(browser, copies):
    """Of a normal the density at the line around a share p is (1 - p) times that of its middle; 100 shares are one."""
    covariance = np.array([[1.0, 0.6], [0.6, 0.8]])
    mean = np.array([0.5, -0.2])
    row = [*mean, 1.0, 0.6, 0.8, 1 / copies]
    levels, line = lines(browser, [row] * copies, 4.0)
    peak = -np.log(2 * np.pi) - np.log(np.linalg.det(covariance)) / 2
    np.testing.assert_allclose(levels, peak + np.log(1 - np.array([0.5, 0.8, 0.95, 0.99])), atol=0.06)
    off = line - mean
    distances = np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off)
    np.testing.assert_allclose(distances, -2 * np.log(0.05), rtol=0.05)
    assert len(line) > 50


def test_components_far_apart_and_of_no_weight_have_the_levels_of_the_others(browser):
    one = [-2.0, 0.0, 0.2, 0.0, 0.2, 0.5]
    other = [2.0, 0.0, 0.2, 0.0, 0.2, 0.5]
    levels, line = lines(browser, [one, other, [0.0] * 6], 4.0)
    peak = np.log(0.5 / (2 * np.pi * 0.2))
    np.testing.assert_allclose(levels, peak + np.log(1 - np.array([0.5, 0.8, 0.95, 0.99])), atol=0.08)
    assert {-1.0, 1.0} == set(np.sign(line[:, 0]))


def test_a_component_narrower_than_a_cell_is_seen(browser):
    levels, line = lines(browser, [[0.06, -0.03, 1e-6, 0.0, 1e-6, 1.0]], 4.0)
    assert np.isfinite(levels[:3]).all()
    assert len(line) > 3
    np.testing.assert_allclose(line.mean(0), [0.06, -0.03], atol=0.1)


def test_it_plays_moves_by_keyboard_and_says_what_it_shows(page, server):
    page.emulate_media(reduced_motion="no-preference")
    page.goto(server.url + "/?experiment=digits-2d", wait_until="commit")
    film = page.locator(".film")
    play, scrub, said = film.locator(".play"), film.get_by_role("slider"), film.locator(".said")
    expect(play).to_have_text("Watch them train")
    settled(page)
    with page.expect_response(lambda answer: "/film/" in answer.url) as fetched:
        play.click()
    assert "immutable" in fetched.value.headers["cache-control"]
    expect(play).to_have_text("Pause")
    expect(film.locator("figure")).to_have_count(3)
    first = float(scrub.input_value())
    eventually(page, lambda: float(scrub.input_value()) > first > -1, True)
    page.keyboard.press("Tab")
    play.click()
    expect(play).to_have_text("Play")
    rested = scrub.input_value()
    page.wait_for_timeout(150)
    assert scrub.input_value() == rested

    scrub.focus()
    page.keyboard.press("Home")
    expect(said).to_have_text("Epoch 0 of 120")
    expect(film.locator("figcaption").first).to_contain_text("before training")
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text("Epoch 4 of 120")
    page.keyboard.press("End")
    expect(said).to_have_text("Epoch 120 of 120")
    expect(scrub).to_have_attribute("aria-valuetext", "Epoch 120 of 120")
    expect(film.locator("output")).to_contain_text("Standard normal \u2212160.9")
    page.keyboard.press("Space")
    expect(play).to_have_text("Pause")
    page.keyboard.press("Space")

    page.set_viewport_size({"width": 390, "height": 844})
    settled(page)
    across = film.evaluate("each => each.getBoundingClientRect().width")
    assert across <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    widths = film.locator("figure canvas").evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
    assert all(0.8 * across < width <= across for width in widths)
    assert film.locator("*").evaluate_all(SMALLEST) >= 14


def test_pseudo_inputs_stand_beside_the_map_and_nothing_moves_unasked(page, server):
    page.goto(server.url + "/pseudo_inputs?experiment=mnist-2d&prior=vamp", wait_until="commit")
    film = page.locator(".film")
    film.scroll_into_view_if_needed()
    expect(film.locator(".said")).to_have_text("Epoch 30 of 30")
    expect(film.locator("figure")).to_have_count(2)
    film.locator(".maps").focus()
    page.keyboard.press("Home")
    expect(film.locator(".tiles figcaption")).to_contain_text("before training")
    expect(film.locator(".note")).to_contain_text("contrast stretched")
    expect(page.get_by_text("The pseudo-inputs started from random noise")).to_be_visible()
    drawn = "each => new Set(each.getContext('2d').getImageData(0, 0, each.width, each.height).data).size"
    eventually(page, lambda: film.locator("figure canvas").evaluate_all(f"all => all.map({drawn})") > [20, 20], True)
