"""One cursor over the maps of several priors: a test image, marked on every map and decoded under every prior."""

import base64
from collections.abc import Sequence
from typing import NamedTuple

from app.frontend.carry import Kept
from app.frontend.pick import host_class
from app.frontend.sources import component

_CSS = """
:host { font-family: var(--st-font); color: var(--st-text-color); }
.strip { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 0.75rem; padding: 0.25rem; }
.strip:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.said { flex: 1 1 12rem; min-width: 10rem; font-size: 0.875rem; line-height: 1.4; }
.said strong { display: block; font-size: 1rem; }
figure { margin: 0; width: 6.5rem; }
figure canvas { display: block; width: 100%; image-rendering: pixelated; }
figcaption { font-size: 0.875rem; padding-top: 0.25rem; }
figure.prior { border-top: 4px solid var(--rule); padding-top: 4px; }
figure.original { border-top: 4px solid transparent; padding-top: 4px; }
@media (max-width: 640px) {
  .strip { gap: 0.5rem; }
  figure { width: calc(25% - 0.5rem); }
  .said { flex-basis: 100%; order: -1; }
}
"""

_MOUNT = component(
    "cursor", "plot", "decode", "originals", html='<div class="strip" tabindex="0" role="application"></div>', css=_CSS
)


class CursorMap(NamedTuple):
    """A prior's map, and what decodes under that prior.

    Attributes:
        chart_key: Key of the map's chart.
        name: The prior's, for people.
        colour: The prior's.
        decoder: Its packed decoder.
        means: The packed posterior means of test images.
        first: The decoded mean of the image shown first, C H W bytes.
    """

    chart_key: str
    name: str
    colour: str
    decoder: Kept
    means: Kept
    first: bytes


def cursor(
    maps: Sequence[CursorMap],
    *,
    key: str,
    label: str,
    shape: tuple[int, int, int],
    inverted: bool,
    mark: str,
    first_id: int,
    first_words: str,
    originals: Kept | None,
    first_original: bytes | None,
) -> None:
    """A strip with a picture for each prior, of the test image nearest to the pointer on any of the maps.

    By keyboard the strip is one stop: arrows move the cursor on the first map. Mount it on the page itself, not in a
    fragment.

    Arguments:
        maps: The maps, whose first axes have to be linear.
        key: Key of the element.
        label: Name of the keyboard's stop, which says what the keys do.
        shape: C, H, W of an image.
        inverted: Whether black and white change places.
        mark: Colour of the mark on the maps.
        first_id: Number of the image shown first.
        first_words: What is said of it.
        originals: The packed images themselves; None where they are not at hand.
        first_original: The one shown first, C H W bytes.
    """
    described = [
        {
            "host": host_class(each.chart_key),
            "name": each.name,
            "colour": each.colour,
            "decoder": each.decoder._asdict(),
            "means": each.means._asdict(),
            "first": base64.b64encode(each.first).decode(),
        }
        for each in maps
    ]
    _MOUNT(
        key=key,
        data={
            "maps": described,
            "label": label,
            "shape": list(shape),
            "inverted": inverted,
            "mark": mark,
            "id": first_id,
            "words": first_words,
            "originals": originals._asdict() if originals else None,
            "original": base64.b64encode(first_original).decode() if first_original else None,
        },
        height="content",
    )
