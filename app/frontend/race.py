"""Trainings that are under way, in the browser: maps that follow their newest records, and the bounds so far."""

from collections.abc import Callable, Sequence

from app.frontend.lane import Lane
from app.frontend.sources import component, source

_MOUNT = component(
    "race", "film_density", "film_record", "film_draw", "film_bounds", html=source("race.html"), css=source("film.css")
)


def race(
    lanes: Sequence[Lane],
    colours: Sequence[str],
    *,
    key: str,
    address: str,
    state: str,
    note: str,
    cookie: str,
    on_end: Callable[[], None],
) -> None:
    """Show a race, and follow it while it goes on; the browser asks for what is new, and the page does not run.

    Arguments:
        lanes: The priors, in the order of the race.
        colours: Of the points of each class; used in turn where there are more classes.
        key: Of the element.
        address: Where the browser asks.
        state: Of the race, as the page knows it; where that has changed, the browser asks again.
        note: A line under the maps.
        cookie: What the browser keeps of it, `NAME=VALUE`, so that its owner is known again; "" for nothing.
        on_end: Called before the page runs again because the race has ended.
    """
    _MOUNT(
        key=key,
        data={
            "parts": [lane._asdict() for lane in lanes],
            "colours": list(colours),
            "address": address,
            "state": state,
            "note": note,
            "cookie": cookie,
        },
        on_ended_change=on_end,
        height="content",
    )
