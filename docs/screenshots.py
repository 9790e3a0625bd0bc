"""Take the pictures of README.md from the running dashboard: `make screenshots`.

Every page is opened in headless Chromium as anybody would open it, by its address; nothing is drawn for the picture.
The film is the animation that the dashboard offers, made smaller. A race is started for its picture, in a folder of
its own.
"""

import io
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from PIL import Image, ImageSequence
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.figures.theme import LIGHT  # noqa: E402
from app.services import catalogue  # noqa: E402
from app.widgets import film_export  # noqa: E402
from tools.browser import browsing, settled  # noqa: E402
from tools.server import serve  # noqa: E402

PICTURES = ROOT / "docs" / "images"
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
RACE = "train"
# Name of the picture, page with its selection, colour scheme, size.
SHOTS = (
    ("overview", "/?experiment=mnist-2d", "light", WIDE),
    ("pseudo-inputs", "/pseudo_inputs?experiment=mnist-2d&prior=vamp", "light", WIDE),
    ("components", "/components?experiment=mnist-2d&prior=vamp", "light", WIDE),
    ("latent-space", "/latent_space?experiment=mnist-2d&prior=vamp", "dark", WIDE),
    ("active-units", "/active_units?experiment=static-mnist-40d&prior=vamp", "light", WIDE),
    ("compare", "/compare?experiment=mnist-2d", "light", WIDE),
    ("edit-prior", "/edit_prior?experiment=digits-2d&prior=vamp", "dark", WIDE),
    ("likelihood", "/likelihood?experiment=mnist-2d", "light", WIDE),
    (RACE, "/train", "light", WIDE),
    ("phone", "/?experiment=mnist-2d", "light", PHONE),
)
FILM, FILMED, ACROSS = "film", "mnist-2d", 800


def take(browser: Browser, url: str, name: str, scheme: str, size: dict[str, int]) -> None:
    """One picture, once the page has come to rest."""
    context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=1)
    page = context.new_page()
    page.goto(url)
    settled(page, 180)
    with race(page) if name == RACE else nullcontext():
        page.wait_for_timeout(2500)
        settled(page, 180)
        page.screenshot(path=PICTURES / f"{name}.png")
    context.close()
    print(PICTURES / f"{name}.png")


@contextmanager
def race(page: Page) -> Iterator[None]:
    """Train what the page offers; the block begins on the way, and stops it."""
    said = page.locator(".film .said")
    page.get_by_role("button", name="Start").click()
    expect(said).to_contain_text(re.compile(r"Epoch [3-9]\d of"), timeout=600_000)
    yield
    page.get_by_role("button", name="Stop").click()
    expect(said).to_contain_text("Stopped", timeout=60_000)


def draw_film() -> None:
    """The film of an experiment, `ACROSS` pixels wide: the animation in full is twice as many bytes."""
    experiment = next(each for each in catalogue.experiments() if each.name == FILMED)
    drawn = Image.open(io.BytesIO(film_export.animation(tuple(experiment.refs), LIGHT, lambda done, count: None)))
    size = ACROSS, round(drawn.height * ACROSS / drawn.width)
    frames, durations = [], []
    for frame in ImageSequence.Iterator(drawn):
        frames.append(frame.convert("RGB").resize(size, Image.Resampling.LANCZOS))
        durations.append(frame.info["duration"])
    path = PICTURES / f"{FILM}.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=50, method=4)
    print(path)


def main() -> None:
    """Start the dashboard, take all pictures, or those named on the command line."""
    asked = set(sys.argv[1:])
    PICTURES.mkdir(parents=True, exist_ok=True)
    if not asked or FILM in asked:
        draw_film()
    if asked == {FILM}:
        return
    with tempfile.TemporaryDirectory() as working, browsing() as browser:
        folder, trains = Path(working), {"VAMPSCOPE_TRAIN": "local", "PYTHONPATH": str(ROOT)}
        shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
        with serve(ROOT / "app" / "asgi.py", folder / "log", trains, folder=folder) as server:
            for name, address, scheme, size in SHOTS:
                if not asked or name in asked:
                    take(browser, server.url + address, name, scheme, size)


if __name__ == "__main__":
    main()
