"""A film as an animated picture: the maps that a browser draws, drawn by Pillow."""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.figures.theme import Theme, blend, class_colour, prior_colour, rgb
from app.records import MASSES, Film, Window

MOST_FRAMES = 60
FRAME_MILLISECONDS, LAST_MILLISECONDS = 110, 2000
# Pixels of a map's side and of the rows around it; all are drawn at twice that and made smaller.
SIDE, GAP, HEAD, FOOT, TWICE = 320, 16, 34, 44, 2
# Places of the density's grid on each side, wider than the window by a share of it.
_CELLS, _WIDER = 72, 0.15
_NARROWEST = 0.65  # standard deviation in steps of the grid
_WIDTHS = (3, 2, 2, 1)


class Panel(NamedTuple):
    """One prior of an animation: its film, its key, and its name."""

    film: Film
    prior: str
    label: str


class Moment(NamedTuple):
    """What a film shows at an epoch: places of the points `(N, 2)` and components `(K, 6)`."""

    points: np.ndarray
    components: np.ndarray


def frame_epochs(films: Sequence[Film], most: int = MOST_FRAMES) -> np.ndarray:
    """The epoch of each frame: every record of every film gets the same time, as in the browser.

    Arguments:
        films: Played in step.
        most: Frames at most.
    """
    ends = [float(max(film.epochs[-1], film.bounds[-1, 0] if len(film.bounds) else 0)) for film in films]
    moments = np.unique(np.concatenate([*(film.epochs.astype(float) for film in films), ends]))
    count = min(most, max(2, 8 * (len(moments) - 1) + 1)) if len(moments) > 1 else 1
    return np.interp(np.linspace(0, len(moments) - 1, count), np.arange(len(moments)), moments)


def moment(film: Film, epoch: float) -> Moment:
    """What a film shows between two of its records; a component that one of them lacks stands still and fades."""
    last = len(film.epochs) - 1
    place = float(np.interp(epoch, film.epochs, np.arange(last + 1)))
    before = min(int(place), last)
    after, share = min(before + 1, last), place - min(int(place), last)
    one, other = film.components[before], film.components[after]
    first = np.where(one[:, 5:] > 0, one, other)[:, :5]
    second = np.where(other[:, 5:] > 0, other, one)[:, :5]
    components = np.concatenate(
        [first + share * (second - first), one[:, 5:] + share * (other[:, 5:] - one[:, 5:])], axis=1
    )
    points = film.points[0]
    if len(film.points) > 1:
        points = film.points[before] + share * (film.points[after] - film.points[before])
    return Moment(points, components)


def density(components: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """The log-density of components on a grid wider than the window, `(72, 72)`, and the levels of `MASSES`.

    Levels are those of the sorted grid; minus infinity where the grid holds less.
    """
    alive = components[components[:, 5] > 0].astype(np.float64)
    rim = _WIDER * (window.right - window.left), _WIDER * (window.top - window.bottom)
    x = np.linspace(window.left - rim[0], window.right + rim[0], _CELLS)
    y = np.linspace(window.bottom - rim[1], window.top + rim[1], _CELLS)
    mean_x, mean_y, xx, xy, yy, weight = alive.T
    # As wide as a cell at least, or a component might lie between the places of the grid unseen.
    least = (_NARROWEST * (x[1] - x[0])) ** 2
    yy = np.maximum(yy, least)
    xx = np.maximum(xx, xy**2 / yy + least)
    determinant = xx * yy - xy**2
    scale = np.log(weight) - np.log(2 * np.pi) - np.log(determinant) / 2
    across, up = x[:, None] - mean_x, y[:, None] - mean_y
    total = np.zeros((_CELLS, _CELLS))
    for row in range(_CELLS):
        off = (yy * across**2 - 2 * xy * across * up[row] + xx * up[row] ** 2) / determinant
        total[row] = np.exp(scale - off / 2).sum(1)
    log_density = np.log(total + 1e-150)
    ranked = np.sort(total.ravel())[::-1]
    mass = np.cumsum(ranked) / max(ranked.sum(), 1 / ((x[1] - x[0]) * (y[1] - y[0])))
    at = np.searchsorted(mass, MASSES)
    levels = np.where(at < len(ranked), np.log(ranked[np.minimum(at, len(ranked) - 1)] + 1e-150), -np.inf)
    return log_density, levels


def frames(panels: Sequence[Panel], mode: Theme) -> Iterator[Image.Image]:
    """The frames of an animation, each drawn when it is asked for."""
    for epoch in frame_epochs([panel.film for panel in panels]):
        yield _frame(panels, float(epoch), mode)


def animation(panels: Sequence[Panel], mode: Theme, report: Callable[[int, int], None]) -> bytes:
    """The film of several priors in step as an animated WebP that plays for ever, resting on its last frame.

    Arguments:
        panels: The priors.
        mode: The theme.
        report: Called with the frames drawn and their number.
    """
    count = len(frame_epochs([panel.film for panel in panels]))
    drawn = frames(panels, mode)
    first = next(drawn)

    def others() -> Iterator[Image.Image]:
        for number, frame in enumerate(drawn, 1):
            report(number, count)
            yield frame

    file = io.BytesIO()
    duration = [FRAME_MILLISECONDS] * (count - 1) + [LAST_MILLISECONDS]
    first.save(file, "WEBP", save_all=True, append_images=others(), duration=duration, loop=0, quality=80, method=2)
    report(count, count)
    return file.getvalue()


def _frame(panels: Sequence[Panel], epoch: float, mode: Theme) -> Image.Image:
    width = len(panels) * SIDE + (len(panels) + 1) * GAP
    height = GAP + HEAD + SIDE + FOOT
    picture = Image.new("RGB", (TWICE * width, TWICE * height), mode.paper)
    draw = ImageDraw.Draw(picture)
    for number, panel in enumerate(panels):
        left, top = TWICE * (GAP + number * (SIDE + GAP)), TWICE * GAP
        right = left + TWICE * SIDE
        draw.rectangle((left, top, right, top + 7), prior_colour(panel.prior))
        draw.text((left, top + 18), _letters(panel.label), mode.ink, _font(17), "lt")
        draw.text((right, top + 20), _bound(panel.film, epoch), mode.muted, _font(15), "rt")
        picture.paste(_map(panel, epoch, mode), (left, top + TWICE * HEAD))
        bottom = top + TWICE * (HEAD + SIDE)
        draw.rectangle((left, top + TWICE * HEAD, right, bottom), outline=blend(mode.paper, mode.ink, 0.25))
    _bar(draw, frame_epochs([panel.film for panel in panels]), epoch, (width, height), mode)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _bar(draw: ImageDraw.ImageDraw, epochs: np.ndarray, epoch: float, size: tuple[int, int], mode: Theme) -> None:
    """How far the film is, and the epoch in words."""
    width, height = size
    left, right, middle = TWICE * GAP, TWICE * (width - GAP - 130), TWICE * (height - FOOT // 2)
    share = np.searchsorted(epochs, epoch) / max(1, len(epochs) - 1)
    draw.line((left, middle, right, middle), blend(mode.paper, mode.ink, 0.2), 8)
    draw.line((left, middle, left + share * (right - left), middle), mode.ink, 8)
    words = f"Epoch {int(epoch + 1e-6)} of {int(epochs[-1])}"
    draw.text((TWICE * (width - GAP), middle), words, mode.ink, _font(15), "rm")


def _bound(film: Film, epoch: float) -> str:
    """The validation ELBO of the last epoch until then."""
    row = int(np.searchsorted(film.bounds[:, 0], epoch + 1e-6, side="right")) - 1
    if row < 0:
        return "before training" if len(film.bounds) else ""
    return f"{film.bounds[row, 2]:.1f} nats"


def _map(panel: Panel, epoch: float, mode: Theme) -> Image.Image:
    film, window, size = panel.film, panel.film.window, TWICE * SIDE
    now = moment(film, epoch)
    pixels = np.full((size, size, 3), rgb(mode.paper), np.uint8)
    if len(now.components):
        _draw_lines(pixels, *density(now.components, window), mode)
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    places = _places(now.points, window, size)
    radius = 4.6 if len(places) > 500 else 6
    inside = ((places > -radius) & (places < size + radius)).all(1)
    classes = set(film.labels.tolist())
    inks = {each: blend(mode.paper, class_colour(each) if each >= 0 else mode.muted, 0.75) for each in classes}
    for (x, y), label in zip(places[inside].tolist(), film.labels[inside].tolist(), strict=True):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), inks[label])
    _draw_marks(draw, panel, now, size, mode)
    return picture


def _draw_lines(pixels: np.ndarray, log_density: np.ndarray, levels: np.ndarray, mode: Theme) -> None:
    """Lines of the levels, about as wide as in the browser: where neighbouring pixels lie on both sides of a level."""
    size = len(pixels)
    rim = _WIDER / (1 + 2 * _WIDER) * (_CELLS - 1) + 0.5
    box = (rim, rim, _CELLS - rim, _CELLS - rim)
    field = Image.fromarray(log_density[::-1].astype(np.float32))
    fine = np.asarray(field.resize((size, size), Image.Resampling.BICUBIC, box))
    for level, width, strength in zip(levels, _WIDTHS, (0.95, 0.75, 0.55, 0.42), strict=True):
        above = fine > level
        line = np.zeros_like(above)
        for step in range(1, width + 1):
            line[step:] |= above[step:] != above[:-step]
            line[:, step:] |= above[:, step:] != above[:, :-step]
        pixels[line] = rgb(blend(mode.paper, mode.ink, strength))


def _draw_marks(draw: ImageDraw.ImageDraw, panel: Panel, now: Moment, size: int, mode: Theme) -> None:
    """A mark at each component, larger where it weighs more."""
    count = len(now.components)
    if count < 2:
        return
    few = count <= 64
    for (x, y), weight in zip(
        _places(now.components[:, :2], panel.film.window, size), now.components[:, 5], strict=True
    ):
        if weight <= 0:
            continue
        radius = (9 if few else 3) * float(np.clip(np.sqrt(weight * count), 0.6, 1.7))
        corners = [(x + radius, y), (x, y + radius), (x - radius, y), (x, y - radius)]
        draw.polygon(
            corners, mode.paper if few else prior_colour(panel.prior), prior_colour(panel.prior), 4 if few else 1
        )


def _places(points: np.ndarray, window: Window, size: int) -> np.ndarray:
    """Points of the plane in pixels of a map."""
    x = (points[:, 0] - window.left) / (window.right - window.left)
    y = (window.top - points[:, 1]) / (window.top - window.bottom)
    return size * np.stack([x, y], 1)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(TWICE * size)


def _letters(text: str) -> str:
    """What Pillow's own typeface has of a name."""
    return text.encode("ascii", "replace").decode()
