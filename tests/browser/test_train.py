"""A race from the click on Start to its models in the list: its process is killed on the way, and goes on."""

import json
import os
import re
import signal

import pytest
from playwright.sync_api import expect

from tools.browser import eventually, new_window, settled
from tools.server import ROOT, serve

PICTURES = "all => all.map((each) => each.toDataURL())"
# So long that it ends only where it is told to.
LONG = "train_epochs_120=1000&train_components=8"


@pytest.fixture
def training(tmp_path, browser):
    """A server of one's own where races are trained, and its working folder."""
    environment = {"VAMPSCOPE_TRAIN": "local", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with serve(ROOT / "app" / "asgi.py", tmp_path / "log.txt", environment, folder=tmp_path) as running:
        yield running


def test_from_the_click_to_the_list_with_a_kill_between(browser, training, tmp_path):
    page = new_window(browser, base_url=training.url, viewport={"width": 1440, "height": 900})
    page.goto(f"/train?{LONG}")
    page.get_by_role("button", name="Start").click()
    maps, said = page.locator(".film figure canvas"), page.locator(".film .said")
    expect(maps).to_have_count(3)
    expect(said).to_contain_text("of 1000")
    before = maps.evaluate_all(PICTURES)
    eventually(page, lambda: [a != b for a, b in zip(before, maps.evaluate_all(PICTURES), strict=True)], [True] * 3)
    expect(page.locator(".film figcaption").last).to_contain_text("nats")

    (progress,) = tmp_path.glob("runs/*/progress.json")
    os.kill(json.loads(progress.read_text())["pid"], signal.SIGKILL)
    expect(page.get_by_text("What it had saved is kept")).to_be_visible()
    expect(said).to_contain_text("Interrupted")
    # In another tab of the browser, by a link without the owner's token.
    page.goto("/train")
    page.get_by_role("button", name="Open and go on").click()
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(said).to_contain_text(re.compile(r"Epoch (?!1 |2 |3 )\d+ of 1000"))  # so there are models

    page.get_by_role("button", name="Stop").click()
    expect(said).to_contain_text("Stopped")
    page.get_by_role("link", name="Open in Overview").click()
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    settled(page)
    expect(page.get_by_role("combobox", name="Experiment")).to_have_value("Digits, 2 latent dimensions (digits-2d-1)")
    page.context.close()
    assert training.errors() == ""
