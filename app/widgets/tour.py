"""The tour on a page: the step that the URL names, in a box at the top."""

import streamlit as st

from app import presenting, state
from app.frontend.links import Link, links
from app.services.loading import ServiceError
from app.tours.step import STEP, TOUR, Step, Tour
from app.tours.tours import TOURS
from app.widgets.fragment import fragment
from app.widgets.text import plain

# The path of the page that lists the tours.
PAGE = "tour"
_BACK, _NEXT = "ArrowLeft", "ArrowRight"


def step_in_view() -> tuple[Tour, int] | None:
    """The tour and the number of the step that the URL names; what it cannot be is ignored with a notice."""
    asked = st.query_params.get(TOUR)
    if asked is None:
        return None
    tour = TOURS.get(asked)
    if tour is None:
        _ignore(TOUR, asked, "it may be " + ", ".join(f"`{key}`" for key in TOURS))
        return None
    raw = st.query_params.get(STEP, "1")
    if raw not in {str(number) for number in range(1, len(tour.steps) + 1)}:
        _ignore(STEP, raw, f"a whole number from 1 to {len(tour.steps)} was expected")
        return tour, 1
    return tour, int(raw)


def _ignore(key: str, raw: str, hint: str) -> None:
    state.ignored(key, raw, hint)
    del st.query_params[key]


def show_step(page: str, found: tuple[Tour, int] | None) -> None:
    """The box of a step.

    Arguments:
        page: The path of the page that is shown. On another page than the step's the box leads back to it.
        found: What `step_in_view` gave; no box for None.
    """
    if found is None:
        return
    tour, number = found
    step, present = tour.steps[number - 1], presenting.is_presenting()
    place = f"Step {number} of {len(tour.steps)}"
    with st.container(border=True, key="tour_box"):
        if page == step.page:
            _box(tour, number, present)
            return
        words, ways = st.columns([3, 1], vertical_alignment="center")
        words.markdown(f"**{place}** of the tour is on another page.")
        with ways:
            links("Tour", [Link(f"Back to step {number}", tour.address(number, present), True), _end(present)], key="t")


@fragment
def _box(tour: Tour, number: int, present: bool) -> None:
    step, steps = tour.steps[number - 1], len(tour.steps)
    words, ways = st.columns([4, 1], vertical_alignment="center")
    with words:
        st.markdown(f"**Step {number} of {steps} \u00b7 {step.title}**")
        if present:
            st.header(step.said(), anchor=False)
        else:
            st.markdown(step.said())
        if step.question:
            _question(tour, step)
    keys = {}
    shown = []
    if number > 1:
        keys[_BACK] = tour.address(number - 1, present)
        shown.append(Link("Back", keys[_BACK]))
    if number < steps:
        keys[_NEXT] = tour.address(number + 1, present)
        shown.append(Link("Next", keys[_NEXT], primary=True))
    else:
        shown.append(Link("Train your own", f"./train{_presenting(present)}", primary=True))
    with ways:
        links("Tour", [*shown, _end(present)], key="tour_links", keys=keys)


def _question(tour: Tour, step: Step) -> None:
    st.markdown(f"**Question.** {step.question}")
    answer = st.popover("Answer", key=f"tour_answer_{tour.key}_{step.key}", on_change="rerun")
    if answer.open:
        answer.markdown(step.answered())


def _end(present: bool) -> Link:
    return Link("End", f"./{PAGE}{_presenting(present)}")


def _presenting(present: bool) -> str:
    """What an address says so that the mode stays."""
    return f"?{presenting.KEY}=true" if present else ""


def list_tours() -> None:
    """All tours side by side, each with its steps and a link that starts it; or why it cannot be shown."""
    present = presenting.is_presenting()
    for column, tour in zip(st.columns(len(TOURS), gap="large"), TOURS.values(), strict=True):
        with column:
            st.header(tour.title, anchor=False)
            st.markdown(tour.about)
            try:
                tour.check()
            except ServiceError as error:
                st.info(plain(error), icon=":material/info:")
                continue
            links(tour.title, [Link("Start", tour.address(1, present), primary=True)], key=f"tour_start_{tour.key}")
            named = [
                Link(f"{number}. {step.title}", tour.address(number, present))
                for number, step in enumerate(tour.steps, 1)
            ]
            links(f"Steps of {tour.title}", named, key=f"tour_steps_{tour.key}", listed=True)
