"""What lies under the pointer is decoded in the browser, as torch decodes it, and a click shows the same image."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.app.reading import ref_of
from tests.browser.test_latent_space import PIXELS
from tools.browser import PATIENCE, settled
from vampcore.models import decoded_means

MODELS = (("mnist-2d", "mog"), ("static-mnist-40d", "vamp"), ("static-mnist-hvae", "vamp"), ("frey-2d", "sg"))
RANGES = """() => {
    const { xaxis, yaxis } = document.querySelector(".st-key-latent_plane .js-plotly-plot")._fullLayout;
    return [...xaxis.range, ...yaxis.range].map(Number);
}"""
# Of the pictures in the card, one pixel of each enlarged one, without the rim.
SHOWN = """(size) => {
    const card = document.querySelector(".st-key-latent_decoded");
    return ["canvas", "img"].map((name) => {
        const picture = card.querySelector(name);
        const canvas = new OffscreenCanvas(size, size);
        const context = canvas.getContext("2d");
        context.imageSmoothingEnabled = false;
        context.drawImage(picture, 0, 0, size, size);
        const { data } = context.getImageData(1, 1, size - 2, size - 2);
        return Array.from({ length: (size - 2) ** 2 }, (_, i) => data[4 * i]);
    });
}"""
DECODED = """async ([address, places]) => {
    const known = await [...window.vampscopeDecoders.values()][0];
    const answer = await fetch(address);
    const decoder = new known.constructor(new Uint8Array(await answer.arrayBuffer()));
    return places.map(([x, y]) => {
        const z = decoder.above(x, y);
        return [Array.from(z), Array.from(decoder.decode(z)), decoder.component(z)];
    });
}"""
LENS = ".vampscope-lens"


def opened(page: Page, query: str) -> None:
    page.goto(f"/latent_space?{query}")
    page.locator(".st-key-latent_plane .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    page.locator(".vampscope-keys").wait_for(state="attached", timeout=PATIENCE)


def test_pointer_and_keys_decode_what_a_click_shows_and_torch_computes(page):
    from app.services import decoder, images, loading

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/decoder/" in request.url else None)
    opened(page, "experiment=mnist-2d&prior=MoG")
    assert asked == []
    left, right, bottom, top = page.evaluate(RANGES)
    place = (left + 0.6 * (right - left), bottom + 0.45 * (top - bottom))
    at = page.evaluate(PIXELS, list(place))
    page.mouse.move(*at)
    page.mouse.move(at[0] + 1, at[1])
    page.mouse.move(*at)
    expect(page.locator(LENS)).to_be_visible(timeout=PATIENCE)
    assert len(asked) == 1
    said = page.locator(f"{LENS} strong").inner_text()
    assert [float(each.replace("\u2212", "-")) for each in re.findall(r"[\u2212\d.]+", said)] == pytest.approx(
        place, abs=0.006
    )
    page.mouse.click(*at)
    expect(page).to_have_url(re.compile("latent_point="), timeout=PATIENCE)
    settled(page)
    hovered, clicked = (np.array(each) for each in page.evaluate(SHOWN, 30))
    assert np.abs(hovered - clicked).max() <= 1
    assert np.ptp(hovered) > 100
    page.mouse.move(5, 5)
    expect(page.locator(LENS)).to_be_hidden(timeout=PATIENCE)

    # The keys: from the place that was clicked, by a hundredth of the map, and by a tenth.
    page.keyboard.press("Tab")
    page.locator(".vampscope-keys").focus()
    expect(page.locator(LENS)).to_be_visible(timeout=PATIENCE)
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    moved = (place[0] + 0.01 * (right - left), place[1] + 0.1 * (top - bottom))
    words = ", ".join(f"{value:.2f}".replace("-", "\u2212") for value in moved)
    expect(page.locator(".vampscope-keys output")).to_have_text(re.compile(re.escape(words)), timeout=PATIENCE)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"latent_point={moved[0]:.2f}"), timeout=PATIENCE)
    settled(page)
    hovered, clicked = (np.array(each) for each in page.evaluate(SHOWN, 30))
    assert np.abs(hovered - clicked).max() <= 1

    # All kinds of models, in this page.
    for experiment, prior in MODELS:
        ref = ref_of(experiment, prior)
        content, model = decoder.packed(ref), loading.loaded(ref).checkpoint.model
        low, high = (-1.5, 1.5) if experiment.endswith("2d") else (-2.5, 2.5)
        draws = np.random.default_rng(1).uniform(low, high, (6, 2)).astype(np.float32)
        address = f"/decoder/{ref.sha256}?v={content.digest}"
        found = page.evaluate(DECODED, [address, draws.tolist()])
        for (x, y), (z, image, component) in zip(draws.tolist(), found, strict=True):
            expected = images.decode_place(ref, x, y)
            np.testing.assert_allclose(z, expected.z, rtol=1e-4, atol=1e-4)
            (by_torch,) = next(decoded_means(model, (torch.tensor([z], dtype=torch.float32),), torch.Generator()))
            np.testing.assert_allclose(image, by_torch.flatten(), atol=1e-5)
            assert component["index"] == expected.component
            assert component["share"] == pytest.approx(expected.responsibility, abs=1e-3)


STRIP = """() => [...document.querySelectorAll(".st-key-overview_cursor *")]
    .map((each) => each.shadowRoot?.querySelector(".strip")).find(Boolean)"""
PICTURES = f"""() => [...({STRIP})().querySelectorAll("canvas")].map((canvas) => {{
    const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({{ length: data.length / 4 }}, (_, i) => data[4 * i]);
}})"""
MARKS = """() => ["sg", "mog", "vamp"].map((prior) => {
    const plot = document.querySelector(`.st-key-overview_map_${prior} .js-plotly-plot`);
    const { left, top } = plot.querySelector(".vampscope-cursor").style;
    const { xaxis, yaxis } = plot._fullLayout;
    return [xaxis.p2l(parseFloat(left) - xaxis._offset), yaxis.p2l(parseFloat(top) - yaxis._offset)];
})"""
MIDDLE = """() => {
    const plot = document.querySelector(".st-key-overview_map_mog .js-plotly-plot");
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return [box.left + xaxis._offset + 0.45 * xaxis._length, box.top + yaxis._offset + 0.5 * yaxis._length];
}"""


def test_one_cursor_marks_an_image_on_every_map_and_decodes_it_under_every_prior(page):
    from app.services import cursor, images
    from app.services.latent_plane import encoding

    page.goto("/?experiment=mnist-2d&prior=MoG")
    for prior in ("sg", "mog", "vamp"):
        page.locator(f".st-key-overview_map_{prior} .js-plotly-plot .main-svg").first.wait_for(timeout=2 * PATIENCE)
    settled(page)
    refs = [ref_of("mnist-2d", prior) for prior in ("sg", "mog", "vamp")]
    title = page.locator(".st-key-overview_cursor .strip strong")

    def check() -> int:
        """The number of the image that is shown, once each picture is found to be its."""
        number = int(re.findall(r"\d+", title.inner_text())[0])
        original, *decoded = page.evaluate(PICTURES)
        for ref, picture in zip(refs, decoded, strict=True):
            expected = 255 - images.decode(ref, encoding.latents(ref).mean[[number]]).ravel().astype(int)
            assert np.abs(np.array(picture) - expected).max() <= 1
        expected = 255 - images.from_test_set(refs[0], (number,)).pixels.ravel().astype(int)
        np.testing.assert_array_equal(original, expected)
        return number

    first = check()
    x, y = page.evaluate(MIDDLE)
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    expect(title).not_to_have_text(re.compile(f"^Test image {first},"), timeout=PATIENCE)
    number = check()
    rows = cursor.cursor_rows(refs[1])
    for ref, mark in zip(refs, page.evaluate(MARKS), strict=True):
        np.testing.assert_allclose(mark, encoding.points(ref, True)[number], atol=0.05)
    place = encoding.points(refs[1], True)[rows]
    middle = page.evaluate(
        """([x, y]) => {
            const plot = document.querySelector(".st-key-overview_map_mog .js-plotly-plot");
            const { xaxis, yaxis } = plot._fullLayout;
            const box = plot.getBoundingClientRect();
            return [xaxis.p2l(x - box.left - xaxis._offset), yaxis.p2l(y - box.top - yaxis._offset)];
        }""",
        [x, y],
    )
    assert rows[np.linalg.norm(place - middle, axis=1).argmin()] == number
    page.locator(".st-key-overview_cursor .strip").focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(title).not_to_have_text(re.compile(f"^Test image {number},"), timeout=PATIENCE)
    check()


# Of the thumbnails: the numbers of their images, and the pixels (grey levels) around the point of one, 28 x 28.
DRAWN = """() => document.querySelector(".vampscope-thumbnails").dataset.images.split(",").map(Number)"""
AROUND = """([name, x, y, size]) => {
    const plot = document.querySelector(".st-key-latent_plane .js-plotly-plot");
    const { xaxis, yaxis } = plot._fullLayout;
    const canvas = plot.querySelector(name);
    const [left, top] = [xaxis.l2p(x) - size / 2, yaxis.l2p(y) - size / 2];
    const part = new OffscreenCanvas(28, 28);
    part.getContext("2d").drawImage(canvas, left, top, size, size, 0, 0, 28, 28);
    const { data } = part.getContext("2d").getImageData(0, 0, 28, 28);
    return Array.from({ length: 784 }, (_, i) => data[4 * i]);
}"""


CARD = """() => {
    const canvas = document.querySelector(".vampscope-dot canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
}"""


def likeness(pixels: list[int], image: np.ndarray) -> float:
    """The correlation of a picture in the plane with an image, on light; away from the frame."""
    inside = np.s_[3:25, 3:25]
    shown = 255 - np.array(pixels, float).reshape(28, 28)[inside]
    return float(np.corrcoef(shown.ravel(), image.reshape(28, 28)[inside].ravel())[0, 1])


def test_images_stand_at_their_points_and_decoded_places_behind_them(page):
    from app.services import images
    from app.services.latent_plane import encoding

    ref = ref_of("mnist-2d", "mog")
    opened(page, "experiment=mnist-2d&prior=MoG&latent_means=true&latent_ground=true")
    page.locator(".vampscope-thumbnails[data-images*=',']").wait_for(state="attached", timeout=PATIENCE)
    left, right, bottom, top = page.evaluate(RANGES)
    placed = encoding.points(ref, True)
    edge = 0.03 * (right - left)
    low, high = np.array([left, bottom]) + edge, np.array([right, top]) - edge
    whole = [each for each in page.evaluate(DRAWN) if (placed[each] > low).all() and (placed[each] < high).all()]
    assert len(whole) > 8
    for number in whole[:8]:
        image = images.from_test_set(ref, (number,)).pixels
        x, y = placed[number].tolist()
        assert likeness(page.evaluate(AROUND, [".vampscope-thumbnails", x, y, 30]), image) > 0.8
    page.locator(".vampscope-ground[data-whole=true]").wait_for(state="attached", timeout=2 * PATIENCE)
    unit = 2 ** (round(2 * np.log2((right - left) / 18)) / 2)
    size = unit * page.evaluate(PIXELS, [1, 0])[0] - unit * page.evaluate(PIXELS, [0, 0])[0]
    middle = np.floor(np.array([left + right, bottom + top]) / 2 / unit)
    for step in (-2, 0, 2):
        x, y = ((middle + step + 0.5) * unit).tolist()
        image = images.decode_place(ref, x, y).pixels
        assert likeness(page.evaluate(AROUND, [".vampscope-ground", x, y, size]), image) > 0.95

    # A dot that is pointed at has its own image beside plotly's words, also one that stands among no thumbnails.
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/image/" in request.url else None)
    row = int(np.linalg.norm(placed - (low + high) / 2, axis=1).argmin())
    x, y = page.evaluate(PIXELS, placed[row].tolist())
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    card = page.locator(".vampscope-dot")
    expect(card).to_be_visible(timeout=PATIENCE)
    expect(card.locator("figcaption")).to_have_text("original")
    shown = int(card.get_attribute("data-row"))
    assert np.linalg.norm(placed[shown] - placed[row]) < 0.02 * (right - left)
    assert any(url.endswith(f"-{shown}") for url in asked)
    expected = 255 - images.from_test_set(ref, (shown,)).pixels.ravel().astype(int)
    np.testing.assert_array_equal(page.evaluate(CARD), expected)
    page.mouse.move(5, 5)
    expect(card).to_be_hidden(timeout=PATIENCE)

    # Twice as large, more of those in view have room.
    page.locator(".st-key-latent_plane").hover()
    page.locator(".st-key-latent_plane [data-title='Zoom in']").click()
    expect(page).to_have_url(re.compile("latent_view="), timeout=PATIENCE)
    settled(page)
    left, right, bottom, top = page.evaluate(RANGES)
    low, high = np.array([left, bottom]), np.array([right, top])
    seen = [each for each in whole if (placed[each] > low).all() and (placed[each] < high).all()]
    assert len(page.evaluate(DRAWN)) > len(seen) > 0


MORPHED = """(row) => {
    const root = [...document.querySelectorAll(".st-key-compare_morph_strips *")]
        .map((each) => each.shadowRoot?.querySelector(".morph")).find(Boolean);
    return [...root.querySelectorAll(".row")[row].querySelectorAll("canvas")].map((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
    });
}"""


def test_a_morph_interpolates_z_between_two_test_images_under_every_prior(page):
    from app.services import images
    from app.services.latent_plane import encoding

    page.goto("/compare?experiment=mnist-2d&compare_morph_from=3&compare_morph_to=8")
    slider = page.get_by_role("slider", name="How far from the first to the second")
    slider.wait_for(timeout=2 * PATIENCE)
    settled(page)
    root = page.locator(".st-key-compare_morph_strips .morph")
    expect(root.locator("output")).to_have_text("50 %", timeout=PATIENCE)
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(root.locator("output")).to_have_text("55 %", timeout=PATIENCE)
    for row, prior in enumerate(("sg", "mog", "vamp")):
        ref = ref_of("mnist-2d", prior)
        start, end = encoding.latents(ref).mean[[3, 8]]
        shares = np.append(np.linspace(0, 1, 11), 0.55)[:, None].astype(np.float32)
        expected = 255 - images.decode(ref, start + shares * (end - start)).reshape(12, -1).astype(int)
        assert np.abs(np.array(page.evaluate(MORPHED, row)) - expected).max() <= 1
