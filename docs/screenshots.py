"""Take the pictures of README.md from the running dashboard: `make screenshots`.

Every page is opened in headless Chromium as anybody would open it, by its address; nothing is drawn for the picture.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.browser import browsing, settled  # noqa: E402
from tools.server import serve  # noqa: E402

PICTURES = ROOT / "docs" / "images"
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# Name of the picture, page with its selection, colour scheme, size.
SHOTS = (
    ("overview", "/?experiment=mnist-2d", "light", WIDE),
    ("pseudo-inputs", "/pseudo_inputs?experiment=mnist-2d&prior=vamp", "light", WIDE),
    ("components", "/components?experiment=mnist-2d&prior=vamp", "light", WIDE),
    ("latent-space", "/latent_space?experiment=mnist-2d&prior=vamp", "dark", WIDE),
    ("active-units", "/active_units?experiment=static-mnist-40d&prior=vamp", "light", WIDE),
    ("compare", "/compare?experiment=mnist-2d", "light", WIDE),
    ("phone", "/?experiment=mnist-2d", "light", PHONE),
)


def take(browser: Browser, url: str, name: str, scheme: str, size: dict[str, int]) -> None:
    """One picture, once the page has come to rest."""
    context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=1)
    page = context.new_page()
    page.goto(url)
    settled(page, 180)
    page.wait_for_timeout(2500)
    settled(page, 180)
    page.screenshot(path=PICTURES / f"{name}.png")
    context.close()
    print(PICTURES / f"{name}.png")


def main() -> None:
    """Start the dashboard, take all pictures, or those named on the command line."""
    asked = set(sys.argv[1:])
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(ROOT / "app" / "asgi.py", Path(folder) / "log") as server,
        browsing() as browser,
    ):
        for name, address, scheme, size in SHOTS:
            if not asked or name in asked:
                take(browser, server.url + address, name, scheme, size)


if __name__ == "__main__":
    main()
