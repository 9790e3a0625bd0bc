"""The way between two points of the latent space, decoded in the browser as a strip and at the place of a slider."""

from collections.abc import Sequence
from typing import NamedTuple

from app.frontend.carry import Kept
from app.frontend.sources import component

STEPS = 11
_HTML = """
<div class="morph">
  <div class="rows"></div>
  <div class="way">
    <span class="end"></span>
    <input type="range" min="0" max="100" step="1" value="50" aria-label="How far from the first to the second" />
    <span class="end"></span>
    <output></output>
  </div>
</div>
"""
_CSS = """
:host { font-family: var(--st-font); color: var(--st-text-color); font-size: 0.875rem; }
.row { display: flex; align-items: center; gap: 0.75rem; padding: 0.25rem 0 0.25rem 0.5rem; }
.row { border-left: 4px solid var(--rule); margin-bottom: 0.5rem; }
.name { flex: 0 0 3.5rem; }
.pictures { flex: 1 1 auto; display: flex; gap: 2px; min-width: 0; max-width: 44rem; }
.pictures canvas { flex: 1 1 0; min-width: 0; image-rendering: pixelated; }
.large { flex: 0 0 auto; width: 6rem; image-rendering: pixelated; }
.way { display: flex; align-items: center; gap: 0.75rem; max-width: 56rem; }
.way input { flex: 1 1 auto; min-width: 4rem; accent-color: var(--st-primary-color); }
.way output { flex: 0 0 3rem; }
@media (max-width: 640px) {
  .row { flex-wrap: wrap; }
  .name { flex-basis: 100%; }
  .pictures { flex-basis: 60%; flex-wrap: wrap; }
  .pictures canvas { flex: 0 0 calc(25% - 2px); }
  .large { width: 5rem; }
  .way { flex-wrap: wrap; }
  .way input { flex-basis: 100%; order: 1; }
}
"""
_MOUNT = component("morph", "decode", html=_HTML, css=_CSS)


class MorphRow(NamedTuple):
    """A way under one prior: its two ends as points of the whole latent space, between which z is interpolated."""

    name: str
    colour: str
    decoder: Kept
    start: Sequence[float]
    end: Sequence[float]


def morph(
    rows: Sequence[MorphRow], *, key: str, shape: tuple[int, int, int], inverted: bool, words: tuple[str, str]
) -> None:
    """Strips of `STEPS` pictures, a row for each prior, and a slider for one more in each.

    Arguments:
        rows: The ways.
        key: Key of the element.
        shape: C, H, W of an image.
        inverted: Whether black and white change places.
        words: What the two ends are.
    """
    _MOUNT(
        key=key,
        data={
            "rows": [
                {
                    "name": row.name,
                    "colour": row.colour,
                    "decoder": row.decoder._asdict(),
                    "from": [float(value) for value in row.start],
                    "to": [float(value) for value in row.end],
                }
                for row in rows
            ],
            "steps": STEPS,
            "shape": list(shape),
            "inverted": inverted,
            "words": list(words),
        },
        height="content",
    )
