"""The film of a training, played in the browser: maps of several priors in step, and their bounds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from app.frontend.carry import Kept
from app.frontend.lane import Lane
from app.frontend.sources import component, source

_MOUNT = component(
    "film", "film_density", "film_record", "film_draw", "film_bounds", html=source("film.html"), css=source("film.css")
)


class Part(NamedTuple):
    """One prior of a film: where its film comes from, and how it looks."""

    film: Kept
    lane: Lane


class Class(NamedTuple):
    """A class of images: its name and the colour of its points."""

    name: str
    colour: str


def film(
    parts: Sequence[Part],
    classes: Sequence[Class],
    *,
    key: str,
    label: str,
    note: str,
    pictures: Kept | None = None,
    unfolded: bool = False,
) -> None:
    """Play the films of several priors in step.

    The browser fetches what it plays when it is wanted. Where it has no address, `carry` brings it.

    Arguments:
        parts: The priors.
        classes: Classes of the images, in the order of their numbers.
        key: Of the element.
        label: What is played, for those who hear it.
        note: A line under the film.
        pictures: Where the pseudo-inputs through the epochs come from, to be shown beside the map of one prior.
        unfolded: Whether the maps are there at once; else a bar stands for them until somebody plays.
    """
    given: dict[str, Any] = {
        "parts": [part.lane._asdict() | {"film": part.film._asdict()} for part in parts],
        "classes": [each._asdict() for each in classes],
        "label": label,
        "note": note,
        "pictures": None if pictures is None else pictures._asdict(),
        "open": unfolded,
        "autoplay": unfolded,
        "word": "Play" if unfolded else "Watch them train" if len(parts) > 1 else "Watch it train",
    }
    _MOUNT(key=key, data=given, height="content")
