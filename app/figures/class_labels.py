"""The names of classes on a plane, none of them hiding another."""

from collections.abc import Sequence

import numpy as np

from app.figures.density import label
from app.figures.drawing import Spec
from app.figures.points import ByClass
from app.figures.theme import Theme, class_colour, with_alpha

ROUNDS = 60
"""Of pushing labels apart, at most."""


def class_labels(points: np.ndarray, colouring: ByClass, mode: Theme) -> list[Spec]:
    """Each class's name in the middle of its points (their median), on the ground's colour, framed in the class's."""
    labels = np.asarray(colouring.labels)
    names = []
    for index, name in enumerate(colouring.names):
        members = np.asarray(points)[labels == index]
        if not len(members):
            continue
        x, y = np.median(members, axis=0)
        frame = {"bordercolor": class_colour(index), "borderwidth": 2, "borderpad": 2}
        names.append(label(name, (float(x), float(y)), mode) | {"bgcolor": with_alpha(mode.paper, 0.85)} | frame)
    return names


def moved_apart(labels: Sequence[Spec], scale: float) -> list[Spec]:
    """Framed words shifted by as few pixels as it takes that none hides another.

    The shift is one of pixels, so that a word stays by its place however closely one looks.

    Arguments:
        labels: Annotations with a frame, each in the middle of its place.
        scale: Pixels for a unit of the axes, as the figure is drawn at first.
    """
    if not labels:
        return []
    start = scale * np.array([[each["x"], each["y"]] for each in labels], np.float64)
    place, size = start.copy(), np.array([[8 * len(each["text"]) + 12, 24] for each in labels], np.float64)
    room = (size[:, None] + size) / 2
    # Of two at one place the later one goes up.
    order = np.sign(np.arange(len(labels))[:, None] - np.arange(len(labels)))
    for _ in range(ROUNDS):
        between = place[:, None] - place
        overlap = np.maximum(room - np.abs(between), 0)
        overlap[(overlap == 0).any(-1) | np.eye(len(labels), dtype=bool)] = 0
        if not overlap.any():
            break
        # Apart along the direction in which less is in the way, each by half of it.
        along = np.arange(2) == overlap.argmin(-1)[..., None]
        way = np.where(between == 0, order[..., None], np.sign(between))
        place += (way * overlap * along).sum(1) / 2
    shift = np.rint(place - start).astype(int).tolist()
    return [each | {"xshift": x, "yshift": y} for each, (x, y) in zip(labels, shift, strict=True)]
