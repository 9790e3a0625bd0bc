"""The wall of tiles that shows all components of a prior, and how a pseudo-input grew over the epochs."""

import math
from collections.abc import Sequence

import numpy as np

from app.figures import tiles, vectors
from app.figures.theme import Theme
from app.frontend import Kept, carry
from app.frontend import wall as component_wall
from app.services import catalogue, prior_components
from app.services.catalogue import Facts
from app.services.content import Content
from app.services.loading import Ref
from app.services.memory import cached
from app.widgets.component import percent, show_component
from app.widgets.pictures import enlargement

BEST = "best"
# Pairs are twice as high: of more, nobody sees a single one.
MOST_PAIRS = 64
# Tiles up to which one is so many pixels wide, at least; more of them have no words under them.
WIDTHS = {36: 62, MOST_PAIRS: 46}
NARROWEST = 22
# Pixels of the screen that a picture of the growth is wide, and a tile of the saved wall.
SMALL, SAVED = 88, 120


def has_pairs(facts: Facts) -> bool:
    """Whether a pseudo-input and its decoded mean can stand in one tile: they are images, and not very many."""
    return facts.has.pseudo_inputs and facts.alive <= MOST_PAIRS and not vectors.is_vector(facts.shape)


def pixels_of(ref: Ref, show: str, epoch: str) -> np.ndarray:
    """What the tiles show: decoded means, pseudo-inputs after an epoch, or pairs of both; pseudo-inputs stretched."""
    learned = prior_components.pseudo_inputs(ref)
    decoded = tiles.as_bytes(prior_components.component_images(ref))
    if learned is None or show == "decoded":
        return decoded
    above = tiles.stretched(tiles.as_bytes(dict(through_the_epochs(ref)).get(epoch, learned)))
    return np.concatenate([above, decoded], axis=2) if show == "pairs" else above


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
    return [] if then is None else np.flatnonzero(prior_components.summary(ref).alive & ~(then > 0)).tolist()


def order_of(ref: Ref, by: str) -> list[int]:
    """The components on the wall in an order: all of them; of very many, the most used."""
    places = prior_components.order(ref, by)
    return [int(k) for k in places[np.isin(places, prior_components.most_used(ref))]]


@cached(24)
def content(ref: Ref, epoch: str, mode: Theme) -> Content:
    """The tiles for `app/frontend/wall.js`, by number: pseudo-inputs, where there are any, and then decoded means."""
    facts, known, ids = catalogue.facts(ref), prior_components.summary(ref), order_of(ref, "usage")
    kinds = ("pseudo-inputs", "decoded") if facts.has.pseudo_inputs else ("decoded",)
    pixels = np.concatenate([pixels_of(ref, kind, epoch)[ids] for kind in kinds])
    columns = math.ceil(math.sqrt(len(pixels)))
    drawn = tiles.mosaic(pixels, mode, columns=columns, binary=facts.binary)
    rows = math.ceil(len(pixels) / columns)
    names = [facts.classes[each] if each >= 0 else "" for each in known.classes[ids]]
    described = zip(ids, known.weights[ids], known.usage[ids], names, strict=True)
    header: dict[str, object] = {
        "ids": ids,
        "columns": columns,
        "rows": rows,
        "aspect": drawn.shape[1] * rows / (drawn.shape[0] * columns),
        "learned": facts.has.pseudo_inputs,
        "words": [[name, f"{100 * used:.1f} %"] for name, used in zip(names, known.usage[ids], strict=True)],
        "labels": [
            f"Component {k}{f', mostly class {name}' if name else ''}, weight {percent(weight)}, usage {percent(used)}"
            for k, weight, used, name in described
        ],
    }
    return Content.framed(header, tiles.tiles_png(pixels, mode, columns=columns, binary=facts.binary, pixel=1))


def bring(ref: Ref, epoch: str, mode: Theme) -> Kept:
    """Send the tiles to the browser, if they are not there yet."""
    made = content(ref, epoch, mode)
    carry(made.sent, made.digest)
    return Kept(made.digest, None)


def show(kept: Kept, order: Sequence[int], *, key: str, by: str, shown: str, chosen: int) -> None:
    """The wall of tiles that `bring` has sent, with the component in view, which a click or an arrow key changes."""
    least = next((least for most, least in WIDTHS.items() if len(order) <= most), NARROWEST)
    component_wall.wall(
        kept,
        order,
        key=key,
        label=f"{len(order):,} components by {by}. Arrow keys choose one.",
        show=shown,
        chosen=chosen,
        least=least,
        many=len(order) > MOST_PAIRS,
        on_pick=show_component,
    )


def picture(ref: Ref, order: Sequence[int], shown: str, epoch: str, mode: Theme) -> bytes:
    """The wall as a PNG file."""
    pixels, binary = pixels_of(ref, shown, epoch)[list(order)], catalogue.facts(ref).binary
    columns = math.ceil(math.sqrt(1.5 * len(order) * pixels.shape[2] / pixels.shape[3]))
    pixel = max(1, min(SAVED, 4000 // columns) // pixels.shape[3])
    return tiles.tiles_png(pixels, mode, columns=columns, binary=binary, pixel=pixel)


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
    """Epochs and a pseudo-input after each, stretched, from the epoch that added it on; `BEST` the trained one."""
    grown = ((epoch, pixels[k : k + 1]) for epoch, pixels in through_the_epochs(ref) if k not in absent(ref, epoch))
    return [(epoch, tiles.stretched(tiles.as_bytes(pixels))) for epoch, pixels in grown]
