"""A checkpoint's training as a film: what is played, and how it is packed for a browser."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from app.records import Film, Window
from app.services import catalogue
from app.services.content import Content
from app.services.densities import on_plane, window
from app.services.latent_plane.encoding import Floats, plane
from app.services.loading import Loaded, Ref, loaded
from app.services.memory import cached
from app.services.prior_components import pseudo_inputs, snapshots
from vampcore import NormalMixture

MOST_POINTS = 1000
# Contours of more components take a browser longer than a frame, and a record of them travels for long.
MOST_COMPONENTS = 1000
MOST_PICTURES = 64
# Share of a record's points that may lie outside the window on each side, and how much larger than the finished
# model's window one may be that holds the points of all records.
_LEFT_OUT, _LARGEST = 0.01, 1.6


class Pictures(NamedTuple):
    """Pseudo-inputs after some epochs, rising, `(S, K, C, H, W)`."""

    epochs: tuple[int, ...]
    pixels: NDArray[np.uint8]


@cached(48)
def film(ref: Ref) -> Film:
    """The training of a checkpoint: its film, or else its snapshots of the prior.

    Raises:
        ServiceError: If the latent space has no plane.
    """
    model = loaded(ref)
    kept = model.checkpoint.film
    if kept is not None:
        each = zip(kept.mean, kept.covariance, kept.log_weights, strict=True)
        components = np.stack([_on_one(NormalMixture(*parts)) for parts in each])
        epochs, points, rows = kept.epochs.numpy(), kept.positions.numpy(), kept.rows.numpy()
    else:
        epochs, components = _snapshots(ref, model)
        stored = model.checkpoint.latents.ids.numpy()
        chosen = np.arange(min(len(stored), MOST_POINTS)) * len(stored) // min(len(stored), MOST_POINTS)
        points, rows = plane(ref).project(model.posterior.mean.numpy()[chosen])[None], stored[chosen]
    if components.shape[1] > MOST_COMPONENTS:
        components = components[:, :0]
    return Film(
        epochs=epochs.astype(np.int32),
        points=points.astype(np.float32),
        labels=_labels(model, rows),
        components=components,
        bounds=_bounds(model),
        window=_window(ref, points, exact=kept is None or len(kept.origin) == 2),
        filmed=kept is not None,
    )


def _snapshots(ref: Ref, model: Loaded) -> tuple[NDArray[np.int64], Floats]:
    """Epochs of the snapshots, and their components on the plane; the prior in use follows where it is later."""
    best = model.checkpoint.progress.best_epoch
    found = {each.epoch: each.mixture for each in model.checkpoint.snapshots}
    if model.has.components and best > max(found, default=-1):
        found[best] = model.mixture
    epochs = np.array(sorted(found) or [best])
    with torch.inference_mode():
        parts = [_on_one(on_plane(ref, found[epoch])) for epoch in sorted(found)]
    return epochs, np.stack(parts) if parts else np.zeros((1, 0, 6), np.float32)


def _on_one(mixture: NormalMixture) -> Floats:
    """Components with mean, covariance and weight in one row each; one that weighs nothing is all zeros."""
    weight = mixture.log_weights.exp().unsqueeze(-1)
    rows = torch.cat([mixture.mean, mixture.covariance.flatten(-2)[..., [0, 1, 3]], weight], -1)
    return np.asarray(torch.where(weight > 0, rows, 0.0).float().numpy(), dtype=np.float32)


def _labels(model: Loaded, rows: NDArray[np.int64]) -> NDArray[np.int16]:
    """Classes of some images of the test set, of which the checkpoint may keep a part."""
    known, found = model.checkpoint.latents, np.full(len(rows), -1, np.int16)
    if known.labels is not None:
        ids = known.ids.numpy()
        place = np.searchsorted(ids, rows).clip(max=len(ids) - 1)
        there = ids[place] == rows
        found[there] = known.labels.numpy()[place[there]]
    return found


def _bounds(model: Loaded) -> Floats:
    records = [(each.epoch, each.train_elbo, each.validation_elbo) for each in model.checkpoint.history]
    return np.array(records, np.float32).reshape(-1, 3)


def _window(ref: Ref, points: Floats, *, exact: bool) -> Window:
    """A square that holds the points of all records and, on the page's own plane, what other maps of the model show."""
    ends = np.quantile(points, (_LEFT_OUT, 1 - _LEFT_OUT), axis=1)
    low, high = ends[0].min(0).astype(np.float64), ends[1].max(0).astype(np.float64)
    if exact:
        known = window((ref,))
        centre = np.array([known.left + known.right, known.bottom + known.top]) / 2
        half = (known.right - known.left) / 2
        low, high = np.maximum(low, centre - _LARGEST * half), np.minimum(high, centre + _LARGEST * half)
        low, high = np.minimum(low, centre - half), np.maximum(high, centre + half)
    x, y = (float(each) for each in (low + high) / 2)
    half = max((0.51 if exact else 0.6) * float((high - low).max()), 1e-3)
    return Window(x - half, x + half, y - half, y + half)


@cached(24)
def pictures(ref: Ref) -> Pictures | None:
    """The pseudo-inputs through the epochs; None where there are none, too many to show, or no images."""
    learned, shape = pseudo_inputs(ref), loaded(ref).checkpoint.observation.shape
    if learned is None or len(learned) > MOST_PICTURES or catalogue.is_vector(shape):
        return None
    grown = {each.epoch: each.pixels for each in snapshots(ref) if each.pixels is not None}
    grown[loaded(ref).checkpoint.progress.best_epoch] = learned
    return Pictures(tuple(sorted(grown)), np.stack([grown[epoch] for epoch in sorted(grown)]))


@cached(24)
def packed(ref: Ref) -> Content:
    """A film for `app/frontend/film_record.js`.

    After its header little-endian arrays: components and bounds in float32, then labels and points in int16; a point's
    coordinates are steps of the header's range.
    """
    played = film(ref)
    low, high = played.points.min((0, 1)).astype(float), played.points.max((0, 1)).astype(float)
    width = max(float((high - low).max()), 1e-9)
    steps = np.rint((played.points - low) / width * 65535) - 32768
    shown = played.window
    head = {
        "epochs": played.epochs.tolist(),
        "moving": len(played.points) > 1,
        "points": played.points.shape[1],
        "components": played.components.shape[1],
        "bounds": len(played.bounds),
        "range": [*low.tolist(), width],
        "window": [shown.left, shown.right, shown.bottom, shown.top],
        "filmed": played.filmed,
    }
    floats, numbers = (played.components, played.bounds), (played.labels, steps)
    parts = (*(each.astype("<f4") for each in floats), *(each.astype("<i2") for each in numbers))
    return Content.framed(head, *(part.tobytes() for part in parts))


@cached(24)
def packed_pictures(ref: Ref) -> Content | None:
    """Pseudo-inputs through the epochs for `app/frontend/film_record.js`; None where there are none to show."""
    known = pictures(ref)
    if known is None:
        return None
    head = {
        "epochs": list(known.epochs),
        "shape": list(known.pixels.shape[1:]),
        "binary": catalogue.facts(ref).binary is True,
    }
    return Content.framed(head, known.pixels.tobytes())
