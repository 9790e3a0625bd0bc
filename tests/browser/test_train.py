"""The page Train: a race that is killed on the way and goes on, and a viewer's own images and models."""

import io
import json
import os
import re
import signal
import zipfile

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from tools.browser import eventually, settled
from tools.server import ROOT

PICTURES = "all => all.map((each) => each.toDataURL())"
# So long that it ends only where it is told to.
LONG = "train_epochs_120=1000&train_components=8"


def test_from_the_click_to_the_list_with_a_kill_between(page, own_server):
    page.goto(f"{own_server.url}/train?{LONG}")
    page.get_by_role("button", name="Start").click()
    maps, said = page.locator(".film figure canvas"), page.locator(".film .said")
    expect(maps).to_have_count(3)
    expect(said).to_contain_text("of 1000")
    before = maps.evaluate_all(PICTURES)
    eventually(page, lambda: [a != b for a, b in zip(before, maps.evaluate_all(PICTURES), strict=True)], [True] * 3)
    expect(page.locator(".film figcaption").last).to_contain_text("nats")
    expect(said).to_contain_text(re.compile(r" s of training, about \d+ (min|h) left"))

    progress = own_server.log.parent / "runs" / "digits-2d-1" / "progress.json"
    os.kill(json.loads(progress.read_text())["pid"], signal.SIGKILL)
    expect(page.get_by_text("What it had saved is kept")).to_be_visible()
    expect(said).to_contain_text("Interrupted")
    # In another tab of the browser, by a link without the owner's token.
    page.goto(own_server.url + "/train")
    page.locator(".st-key-train_open_digits-2d-1").get_by_role("button", name="Open and resume").click()
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(said).to_contain_text(re.compile(r"Epoch (?!1 |2 |3 )\d+ of 1000"))  # so there are models

    page.get_by_role("button", name="Stop").click()
    expect(said).to_contain_text("Stopped")
    page.get_by_role("link", name="Open in Overview").click()
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    settled(page)
    expect(page.get_by_role("combobox", name="Experiment")).to_have_value("Digits, 2 latent dimensions (digits-2d-1)")
    assert own_server.errors() == ""


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip file of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def upload(page: Page, label: str, button: str, name: str, content: bytes) -> None:
    """Give a file to an uploader of the page that has none yet, and press the button, which waits until it is there."""
    page.get_by_test_id("stFileUploader").filter(has_text=label).locator("input").set_input_files(
        {"name": name, "mimeType": "application/zip", "buffer": content}
    )
    page.get_by_role("button", name=button).click()


def test_own_images_and_a_model_come_by_the_browser_and_what_is_neither_is_refused(page, own_server):
    page.goto(own_server.url + "/train")
    page.get_by_text("Your own images, or a model").click()
    # Each uploader takes one file on each page: with a first one, the button would not wait for a second one.
    refused = page.get_by_role("alert")
    upload(page, "Images", "Use these images", "images.zip", b"no archive")
    expect(refused).to_contain_text("zip")
    upload(page, "Checkpoint", "Open this model", "model.zip", zipped({"model.pkl": b"x"}))
    expect(refused).to_contain_text("a file that no checkpoint has")

    page.goto(own_server.url + "/train")
    page.get_by_text("Your own images, or a model").click()
    shipped = ROOT / "checkpoints" / "digits-2d" / "sg"
    model = zipped({path.name: path.read_bytes() for path in shipped.iterdir()})
    upload(page, "Checkpoint", "Open this model", "model.zip", model)
    expect(page.get_by_text("The model is listed.")).to_be_visible()

    images, files = np.random.default_rng(0).integers(0, 256, (24, 12, 12), dtype=np.uint8), {}
    for i, image in enumerate(images):
        png = io.BytesIO()
        Image.fromarray(image).save(png, "PNG")
        files[f"{'cat' if i < 16 else 'dog'}/{i}.png"] = png.getvalue()
    upload(page, "Images", "Use these images", "pets.zip", zipped(files))
    expect(page.get_by_text("2 classes: cat (")).to_be_visible()
    expect(page.get_by_text("12 × 12 pixels, grey")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".film .said")).to_contain_text("of 120")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".film .said")).to_contain_text("Stopped")
    assert own_server.errors() == ""
