"""The latent plane in a browser: a click decodes, a link brings everything back, a lasso chooses."""

import re

import pytest
from playwright.sync_api import Page, expect

from tools.browser import PATIENCE, eventually, settled

PIXELS = """([x, y]) => {
    const plot = document.querySelector(".st-key-latent_plane .js-plotly-plot");
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.l2p(x), box.top + yaxis._offset + yaxis.l2p(y)];
}"""
MIDDLE = """() => {
    const trace = document.querySelector(".st-key-latent_plane .js-plotly-plot")._fullData[0];
    const median = (values) => Array.from(values).sort((a, b) => a - b)[values.length >> 1];
    return [median(trace.x), median(trace.y)];
}"""
INSIDE = """([left, bottom, right, top]) => {
    const trace = document.querySelector(".st-key-latent_plane .js-plotly-plot")._fullData[0];
    return Array.from(trace.x).filter(
        (x, i) => x > left && x < right && trace.y[i] > bottom && trace.y[i] < top
    ).length;
}"""
FRAME = """() => {
    const { xaxis, yaxis } = document.querySelector(".st-key-latent_plane .js-plotly-plot")._fullLayout;
    return [[...xaxis.range, ...yaxis.range].map(Number), [xaxis._length, yaxis._length, yaxis._offset]];
}"""
DECODED = re.compile(r"^Decoded at \(")


def opened(page: Page, query: str) -> None:
    page.goto(f"/latent_space?{query}")
    page.locator(".st-key-latent_plane .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    expect(page.get_by_text(DECODED)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("WebGL is not supported")).to_have_count(0, timeout=PATIENCE)


def place(page: Page) -> tuple[float, float]:
    """The place that the page says it has decoded."""
    x, y = re.findall(r"[\u2212\d.]+", page.get_by_text(DECODED).inner_text())[:2]
    return float(x.replace("\u2212", "-")), float(y.replace("\u2212", "-"))


def click(page: Page, x: float, y: float) -> None:
    page.mouse.click(*page.evaluate(PIXELS, [x, y]))


def drag_lasso(page: Page, corners: list[tuple[float, float]]) -> None:
    page.locator(".st-key-latent_plane").hover()
    page.locator(".st-key-latent_plane [data-title='Lasso Select']").click()
    pixels = [page.evaluate(PIXELS, list(corner)) for corner in [*corners, corners[0]]]
    page.mouse.move(*pixels[0])
    page.mouse.down()
    for pixel in pixels[1:]:
        page.mouse.move(*pixel, steps=6)
    page.mouse.up()


def test_a_click_decodes_the_place_and_the_copied_link_brings_it_back(page, browser):
    opened(page, "experiment=digits-2d&prior=Vamp")
    expect(page.get_by_text("near the densest point")).to_be_visible(timeout=PATIENCE)
    x, y = page.evaluate(MIDDLE)
    click(page, x, y)
    expect(page.get_by_text("near the densest point")).to_have_count(0, timeout=PATIENCE)
    settled(page)
    assert place(page) == pytest.approx((x, y), abs=0.05)
    page.get_by_text("Component ellipses").click()
    expect(page).to_have_url(re.compile("latent_ellipses=true"), timeout=PATIENCE)
    settled(page)
    chosen, picture = place(page), page.get_by_alt_text(re.compile("^Decoded mean at")).get_attribute("src")
    said = page.get_by_text(re.compile("^Log-density")).inner_text()

    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied")).to_be_visible(timeout=PATIENCE)
    link = page.evaluate("() => navigator.clipboard.readText()")
    page.goto("about:blank")
    page.goto(link)
    page.locator(".st-key-latent_plane .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    assert place(page) == chosen
    assert page.get_by_text(re.compile("^Log-density")).inner_text() == said
    assert page.get_by_alt_text(re.compile("^Decoded mean at")).get_attribute("src") == picture
    expect(page.get_by_role("switch", name="Component ellipses")).to_be_checked()


def test_places_clicked_one_after_the_other_leave_the_part_in_view(page):
    """Plotly takes two clicks within its delay for a double one, wherever they are, and shows the whole plane."""
    opened(page, "experiment=digits-2d&prior=Vamp&latent_view=-1,1,-1,1")
    near = page.evaluate(FRAME)[0]
    for x, y in ((0.4, 0.4), (-0.4, 0.3)):
        click(page, x, y)
        page.wait_for_timeout(350)
    expect(page).to_have_url(re.compile("latent_point=-0[.](3|4)"), timeout=PATIENCE)
    settled(page)
    page.wait_for_timeout(1000)
    assert page.evaluate(FRAME)[0] == pytest.approx(near)


def test_a_lasso_chooses_images_and_outlasts_a_click(page):
    opened(page, "experiment=digits-2d&prior=Vamp")
    x, y = page.evaluate(MIDDLE)
    box = (x - 1.5, y - 1.5, x + 1.5, y + 1.5)
    drag_lasso(page, [(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])])
    words = page.get_by_text(re.compile(r"of 300 test images, inside the selection"))
    expect(words).to_be_visible(timeout=PATIENCE)
    settled(page)
    caught = int(words.inner_text().split()[0])
    assert caught == pytest.approx(page.evaluate(INSIDE, list(box)), abs=2)
    expect(page.locator(".st-key-latent_chosen .js-plotly-plot")).to_be_visible(timeout=PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("button", name=f"{caught} images (CSV)").click()
    # A browser makes "_" of the "/" in a model's name, where a figure's file has "-".
    assert download.value.suggested_filename == "digits-2d-vamp-selected-images.csv"
    table = download.value.path().read_text().splitlines()
    assert len(table) == caught + 1
    assert table[0].startswith("image,number in the data set,class,")

    before = place(page)
    page.locator(".st-key-latent_plane").hover()
    page.locator(".st-key-latent_plane [data-title='Pan']").click()
    click(page, x + 2, y + 2)
    expect(page.get_by_text("near the densest point")).to_have_count(0, timeout=PATIENCE)
    settled(page)
    assert place(page) != before
    expect(words).to_be_visible(timeout=PATIENCE)
    assert int(words.inner_text().split()[0]) == caught

    page.get_by_role("radio", name="ELBO").click()
    page.locator(".st-key-latent_plane .cbtitle").wait_for(timeout=PATIENCE)
    settled(page)
    assert int(words.inner_text().split()[0]) == caught
    page.get_by_role("button", name="Clear selection").click()
    expect(page.get_by_text("Nothing selected.")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("prior", ["SG", "Vamp"])
def test_what_was_zoomed_in_to_outlasts_another_colour(page, prior):
    opened(page, f"experiment=digits-2d&prior={prior}")
    whole, _ = page.evaluate(FRAME)
    page.locator(".st-key-latent_plane").hover()
    page.locator(".st-key-latent_plane [data-title='Zoom in']").click()
    expect(page).to_have_url(re.compile("latent_view="), timeout=PATIENCE)
    settled(page)
    near, pixels = page.evaluate(FRAME)
    assert near[1] - near[0] == pytest.approx((whole[1] - whole[0]) / 2)
    page.get_by_role("radio", name="ELBO").click()
    page.locator(".st-key-latent_plane .cbtitle").wait_for(timeout=PATIENCE)
    settled(page)
    # The URL has the ends to a thousandth of a side; the frame has not moved.
    seen, frame = page.evaluate(FRAME)
    assert seen == pytest.approx(near, abs=0.002 * (near[1] - near[0]))
    assert frame == pytest.approx(pixels, abs=1)
    page.get_by_role("button", name="Zoom region").click()
    page.get_by_role("button", name="Show the whole plane").click()
    expect(page).not_to_have_url(re.compile("latent_view="), timeout=PATIENCE)
    settled(page)
    eventually(page, lambda: page.evaluate(FRAME)[0], pytest.approx(whole, abs=0.002 * (whole[1] - whole[0])))


def test_a_place_is_reached_by_the_keyboard(page):
    opened(page, "experiment=digits-2d&prior=SG")
    page.get_by_role("button", name="Enter coordinates").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("z\u2081", exact=True)
    field.focus()
    field.fill("0.5")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("latent_point=0.5000"), timeout=PATIENCE)
    settled(page)
    assert place(page)[0] == pytest.approx(0.5)


def test_a_click_while_the_form_is_open_decodes_and_the_form_has_the_new_place(page):
    """What is in the form is sent when it opens, so it must not be that of an earlier place."""
    page.set_viewport_size({"width": 1280, "height": 1500})  # The map and the form at once.
    opened(page, "experiment=digits-2d&prior=SG&latent_point=0.5000,0.5000")
    page.get_by_role("button", name="Enter coordinates").click()
    button = page.get_by_role("button", name="Decode this point")
    expect(button).to_be_visible(timeout=PATIENCE)
    settled(page)
    click(page, -1, -0.5)
    expect(page).not_to_have_url(re.compile("latent_point=0.5000"), timeout=PATIENCE)
    expect(button).to_have_count(0, timeout=PATIENCE)
    settled(page)
    x, y = place(page)
    page.get_by_role("button", name="Enter coordinates").click()
    expect(page.get_by_label("z\u2081", exact=True)).to_have_value(f"{x:.2f}", timeout=PATIENCE)
    expect(page.get_by_label("z\u2082", exact=True)).to_have_value(f"{y:.2f}", timeout=PATIENCE)


def test_zooming_in_faster_than_the_page_follows_does_not_freeze_the_browser(page):
    """Twenty steps in two seconds, a million times nearer: the page answers, at the narrowest part that is drawn."""
    opened(page, "experiment=mnist-2d&prior=Vamp")
    page.evaluate(
        "() => { window.frames_drawn = 0; const f = () => { frames_drawn++; requestAnimationFrame(f) }; f() }"
    )
    page.locator(".st-key-latent_plane").hover()
    button = page.locator(".st-key-latent_plane [data-title='Zoom in']").bounding_box()
    page.mouse.move(button["x"] + 5, button["y"] + 5)
    for _ in range(20):
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(100)
    before = page.evaluate("frames_drawn")
    page.wait_for_function("seen => frames_drawn > seen + 20", arg=before, timeout=PATIENCE)
    settled(page)

    def width() -> float:
        (left, right, *_), _ = page.evaluate(FRAME)
        return right - left

    eventually(page, width, pytest.approx(0.002, rel=0.5))
    shown = "() => getComputedStyle(document.querySelector('.st-key-latent_plane .contourlayer')).display"
    assert page.evaluate(shown) != "none"
