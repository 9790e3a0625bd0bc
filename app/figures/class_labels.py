"""The names of classes on a plane, none of them hiding another, and their legend."""

import math
from collections.abc import Sequence

import numpy as np

from app.figures.density import Box, label
from app.figures.drawing import Drawing, Spec
from app.figures.points import ByClass, class_symbols
from app.figures.theme import CLASS_COLOURS, SMALL_FONT_SIZE, Theme, class_colour, legend_entry, text_width, with_alpha

ROUNDS = 60
"""Of pushing labels apart, at most."""

MOST_IN_LEGEND = 100
CELLS = 24
"""Of the grid on which the densest part of a class is sought, along a side."""

SMOOTHING = np.array([1, 4, 6, 4, 1]) / 16
LINE_HEIGHT = 20
"""Pixels of a line of the legend."""


def class_labels(points: np.ndarray, colouring: ByClass, mode: Theme) -> list[Spec]:
    """Each class's name where its points are densest, on the ground's colour, framed in the class's."""
    labels = np.asarray(colouring.labels)
    names = []
    # The class with most points first, which is the one to be read where some give way.
    counts = np.bincount(labels, minlength=len(colouring.names)) if len(labels) else np.zeros(len(colouring.names))
    many = len(colouring.names) > len(CLASS_COLOURS)
    order = np.argsort(-counts, kind="stable").tolist() if many else range(len(colouring.names))
    for index in order:
        name = colouring.names[index]
        members = np.asarray(points)[labels == index]
        if not len(members):
            continue
        x, y = densest(members)
        frame = {"bordercolor": class_colour(index), "borderwidth": 2, "borderpad": 2}
        names.append(label(name, (x, y), mode) | {"bgcolor": with_alpha(mode.paper, 0.85)} | frame)
    return names


def densest(points: np.ndarray) -> tuple[float, float]:
    """Where a cloud of points ([N, 2]) is densest: of a class in two clouds, within the larger and not between them.

    The middle of the points in and around the fullest cell of a smoothed grid over the cloud.
    """
    places = np.asarray(points, np.float64)
    low, high = np.quantile(places, [0.01, 0.99], axis=0)
    side = max(float((high - low).max()), 1e-9) / CELLS
    inside = ((places >= low) & (places <= high)).all(1)
    places = places[inside] if inside.any() else places
    column, row = np.clip((places - low) / side, 0, CELLS - 1).astype(int).T
    counts = np.zeros((CELLS, CELLS))
    np.add.at(counts, (column, row), 1)
    for axis in (0, 1):
        counts = np.apply_along_axis(np.convolve, axis, counts, SMOOTHING, mode="same")
    centre = low + (np.array(np.unravel_index(counts.argmax(), counts.shape)) + 0.5) * side
    near = places[(np.abs(places - centre) <= 2 * side).all(1)]
    x, y = near.mean(0) if len(near) else centre
    return float(x), float(y)


def box_of(word: Spec, scale: float) -> Box:
    """The rectangle that a framed word covers, in the units of the axes, as the figure is drawn at first."""
    width, height = _size(word)
    x, y = word["x"] + word.get("xshift", 0) / scale, word["y"] + word.get("yshift", 0) / scale
    return Box(x - width / 2 / scale, x + width / 2 / scale, y - height / 2 / scale, y + height / 2 / scale)


def placed(labels: Sequence[Spec], scale: float) -> list[Spec]:
    """Framed words on a plane, none hiding another: up to ten are moved apart, of more some give way.

    Arguments:
        labels: Annotations with a frame, each in the middle of its place.
        scale: Pixels for a unit of the axes, as the figure is drawn at first.
    """
    return moved_apart(labels, scale) if len(labels) <= len(CLASS_COLOURS) else thinned(labels, scale)


def thinned(labels: Sequence[Spec], scale: float) -> list[Spec]:
    """Framed words without those that would cover an earlier one; the legend has them all."""
    kept: list[Spec] = []
    for each in labels:
        if all(_apart(each, other, scale) for other in kept):
            kept.append(each)
    return kept


def _apart(one: Spec, other: Spec, scale: float) -> bool:
    """Whether two words cover no part of each other."""
    (width, height), (other_width, other_height) = _size(one), _size(other)
    across, down = scale * abs(one["x"] - other["x"]), scale * abs(one["y"] - other["y"])
    return across >= (width + other_width) / 2 or down >= (height + other_height) / 2


def _size(word: Spec) -> tuple[int, int]:
    """Pixels of a framed word."""
    return 8 * len(word["text"]) + 12, 24


def add_legend(figure: Drawing, names: Sequence[str], classes: Sequence[int], width: int) -> bool:
    """Put the colour and symbol of classes under a plane, which keeps its size: the figure gets taller.

    Arguments:
        figure: The plane; changed in place.
        names: Names of all classes.
        classes: Those to show, by index.
        width: Pixels of the figure, about.

    Returns:
        Whether there is one: of more than `MOST_IN_LEGEND` classes there is not.
    """
    if len(classes) > MOST_IN_LEGEND:
        return False
    symbols = class_symbols(np.asarray(classes)).tolist()
    for index, symbol in zip(classes, symbols, strict=True):
        marker = {"color": class_colour(index), "symbol": symbol, "size": 9, "opacity": 1}
        look = {"mode": "markers", "marker": marker, "hoverinfo": "skip", "showlegend": True}
        figure.add(legend_entry(names[index], **look))
    entry = min(200, 12 + max(math.ceil(text_width(names[index])) for index in classes))
    lines = math.ceil(len(classes) / max(1, (width - 60) // (entry + 45)))
    room = LINE_HEIGHT * lines + 12
    figure.update(
        height=figure.layout["height"] + room,
        margin={"b": figure.layout["margin"]["b"] + room},
        legend={
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "entrywidth": entry,
            "entrywidthmode": "pixels",
            "itemclick": False,
            "itemdoubleclick": False,
            "font": {"size": SMALL_FONT_SIZE},
        },
    )
    return True


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
    place, size = start.copy(), np.array([_size(each) for each in labels], np.float64)
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
