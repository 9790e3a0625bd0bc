"""The wall of tiles that shows all pseudo-inputs, or decoded means, and how one of them grew over the epochs."""

import math
from typing import Any

import numpy as np

from app.figures import tiles, vectors
from app.figures.theme import Theme
from app.services import catalogue, prior_components
from app.services.catalogue import Facts
from app.services.loading import Ref
from app.services.memory import cached
from app.widgets.component import percent
from app.widgets.pictures import enlargement
from app.widgets.screen import DESK

BEST = "best"
# Up to so many tiles are large, with their numbers under them.
FEW = 24
# Pairs are twice as high: of more, nobody sees a single one.
MOST_PAIRS = 64
_PAIRED_SHARE = 0.17
# Pixels of the screen that a picture of the growth is wide.
SMALL = 88


def columns_for(count: int) -> int:
    """Tiles in a row, somewhat more than rows, so that the last row is full if that can be."""
    widest = 6 * count if count <= FEW else 2.4 * count
    full = [each for each in range(1, count + 1) if count % each == 0 and count <= each * each <= widest]
    return max(full, default=math.ceil(math.sqrt(1.5 * count)))


def has_pairs(facts: Facts) -> bool:
    """Whether a pseudo-input and its decoded mean can stand in one tile: they are images, and not very many."""
    return facts.has.pseudo_inputs and facts.alive <= MOST_PAIRS and not vectors.is_vector(facts.shape)


def caption_share(show: str, count: int) -> float:
    """Of a tile's height, for the words under its image."""
    if show == "pairs":
        return _PAIRED_SHARE
    return tiles.CAPTION_SHARE if count <= FEW else 0.0


def stretched(pixels: np.ndarray) -> np.ndarray:
    """Images of bytes, `(n, C, H, W)`, each with its darkest pixel at 0 and its brightest at 255."""
    low, high = (end(pixels, axis=(1, 2, 3), keepdims=True).astype(float) for end in (np.min, np.max))
    return np.rint((pixels - low) * (255 / np.maximum(high - low, 1))).astype(np.uint8)


def pixels_of(ref: Ref, show: str, epoch: str) -> np.ndarray:
    """What the tiles show: decoded means, pseudo-inputs after an epoch, or pairs of both."""
    if show == "pairs":
        above = stretched(tiles.as_bytes(pixels_of(ref, "pseudo-inputs", BEST)))
        return np.concatenate([above, tiles.as_bytes(pixels_of(ref, "decoded", BEST))], axis=2)
    learned = prior_components.pseudo_inputs(ref)
    if learned is None or show == "decoded":
        return prior_components.component_images(ref)
    return dict(through_the_epochs(ref)).get(epoch, learned)


@cached(24)
def through_the_epochs(ref: Ref) -> tuple[tuple[str, np.ndarray], ...]:
    """Pseudo-inputs after some epochs, first to last; the best epoch's, those of the weights in use, among them.

    Those that the mixture did not have at an epoch are left empty.
    """
    learned, best = prior_components.pseudo_inputs(ref), catalogue.facts(ref).best_epoch
    if learned is None:
        return ()
    known = [
        (each.epoch, np.where((each.weights > 0)[:, None, None, None], each.pixels, np.uint8(0)))
        for each in prior_components.snapshots(ref)
        if each.pixels is not None
    ]
    grown = sorted(
        [(epoch, pixels) for epoch, pixels in known if epoch != best] + [(best, learned)], key=lambda at: at[0]
    )
    return tuple((BEST if epoch == best else f"{epoch}", pixels) for epoch, pixels in grown)


def absent(ref: Ref, epoch: str) -> list[int]:
    """Components that the mixture has, and did not have yet after an epoch of `through_the_epochs`."""
    then = next((each.weights for each in prior_components.snapshots(ref) if f"{each.epoch}" == epoch), None)
    return [] if then is None else np.flatnonzero(prior_components.components(ref).alive & ~(then > 0)).tolist()


@cached(48)
def wall(ref: Ref, order: str, show: str, epoch: str, width: int, mode: Theme) -> tuple[Any, tiles.TileMap]:
    """Pseudo-inputs, or decoded means, as one figure in an order, and the map from its cells to components.

    All of them; of very many, the most used.
    """
    facts, known, places = catalogue.facts(ref), prior_components.components(ref), prior_components.order(ref, order)
    places = places[np.isin(places, prior_components.most_used(ref))]
    columns = columns_for(len(places))
    named = [f"\nclass {facts.classes[each]}" if each >= 0 else "" for each in known.classes[places]]
    shown = {"decoded": "Decoded means", "pairs": "Pseudo-inputs over their decoded means"}.get(show, "Pseudo-inputs")
    captions = [f"{k}" for k in places] if len(places) <= FEW else None
    if show == "pairs":
        named_by = [
            facts.classes[each] if each >= 0 else f"{k}" for k, each in zip(places, known.classes[places], strict=True)
        ]
        captions = [f"{name} · {100 * used:.1f} %" for name, used in zip(named_by, known.usage[places], strict=True)]
    drawing, where = tiles.tiles(
        pixels_of(ref, show, epoch)[places],
        mode,
        alt=f"{shown} of {len(places):,} components by {order}.",
        columns=columns,
        ids=places.tolist(),
        hover=[
            f"component {k}\nweight {percent(weight)}\nusage {percent(used)}{name}"
            for k, weight, used, name in zip(places, known.weights[places], known.usage[places], named, strict=True)
        ],
        binary=facts.binary,
        # Twice the pixels of the screen, or what keeps 500 tiles small enough to send.
        pixel=max(2, math.ceil(max(40, min(240, 1000 / columns)) / facts.shape[2])),
        captions=captions,
        caption_share=caption_share(show, len(places)),
    )
    drawing.update(height=round(drawing.layout["height"] * width / DESK))
    return drawing, where


@cached(200)
def grown_pictures(ref: Ref, k: int, mode: Theme) -> tuple[str, ...]:
    """A pseudo-input after each epoch as a picture's address; its rim keeps it apart from its neighbours."""
    facts = catalogue.facts(ref)
    enlarged = enlargement(facts.shape[2], 1, SMALL)
    return tuple(
        tiles.data_uri(tiles.tiles_png(pixels, mode, binary=facts.binary, pixel=enlarged))
        for _, pixels in grown_images(ref, k)
    )


def grown_images(ref: Ref, k: int) -> list[tuple[str, np.ndarray]]:
    """Epochs and a pseudo-input after each, from the one that it was added in; `BEST` the trained one."""
    return [(epoch, pixels[k : k + 1]) for epoch, pixels in through_the_epochs(ref) if k not in absent(ref, epoch)]
