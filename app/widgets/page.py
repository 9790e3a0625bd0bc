"""The parts of a page: its head, figures in bordered cells, the explanation, and what stands in for it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import streamlit as st

from app.figures.theme import Theme, prior_colour, text_width, theme
from app.presenting import is_presenting
from app.services import catalogue, giving_up, priors
from app.services.loading import Ref
from app.services.scores import Metric
from app.tours.step import TOUR
from app.widgets import glossary, numbers
from app.widgets.screen import is_narrow
from app.widgets.text import plain
from app.widgets.waiting import stop_if_left

# Pixels of a cell: for "-12,345.6 +- 123.4" and its padding, of that padding and rim, and of each letter of a longer
# value. What stands beneath is measured as the labels of figures are, whose letters are hardly smaller.
CELL_WIDTH, CELL_PADDING, LETTER_WIDTH = 232, 34, 17
# Letters of a value for which half of a phone's width is enough.
SHORT = 10


class Cell(NamedTuple):
    """A figure of a metric row that is no `Metric`: a label, a value, and what stands beneath."""

    label: str
    value: str
    caption: str = ""


def mode() -> Theme:
    """The theme that figures are drawn for: that of the browser."""
    return theme(st.context.theme.type)


def is_inverted(ref: Ref) -> bool:
    """Whether black and white of a model's images change places: as ink on paper, in the light theme."""
    return bool(catalogue.facts(ref).binary) and not mode().dark


def page_head(title: str, sentence: str, *terms: str) -> None:
    """A page's title, what is seen and why it matters, and what the page's words mean."""
    with st.container(gap="xxsmall"):
        st.title(title, anchor=False)
        # A tour says its own sentences.
        if is_presenting() and TOUR not in st.query_params:
            st.header(sentence, anchor=False)
        else:
            st.markdown(sentence)
        if terms:
            glossary.glossary(*terms)


def colour_rule(prior: str) -> None:
    """A rule in a prior's colour."""
    st.image(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 6" preserveAspectRatio="none" width="400" height="6">'
        f'<rect width="400" height="6" fill="{prior_colour(prior)}"/></svg>',
        width="stretch",
        alt=f"The colour of {priors.prior_name(prior)}",
    )


def named(ref: Ref, name: Callable[[str, bool], str]) -> str:
    """What `name` calls a prior, with its folder's name where this is another: a folder may be called anything."""
    return name(ref.kind, ref.edited) + ("" if ref.prior == ref.kind else f" ({ref.prior})")


def prior_heading(ref: Ref, note: str = "") -> None:
    """A prior's name under a rule of its colour, to stand over what belongs to it."""
    colour_rule(ref.kind)
    st.markdown(f"**{plain(named(ref, priors.prior_name))}**" + (f" \u00b7 {note}" if note else ""))


def metric_row(entries: Sequence[Metric | Cell]) -> None:
    """Figures in bordered cells of one height, with units, standard errors and counts.

    Cells that do not fit start a new line. In a narrow window they share its width, two in a line, or one where any of
    them has a long figure.
    """
    cells = [_cell(entry) for entry in entries]
    narrow, longest = is_narrow(), max((len(cell.value) for cell in cells), default=0)
    widths = [max(CELL_WIDTH, LETTER_WIDTH * len(cell.value)) for cell in cells]
    # Streamlit's own line under a figure, one element instead of three, is cut off where it does not fit.
    fits = all(text_width(cell.caption) < wide - CELL_PADDING for cell, wide in zip(cells, widths, strict=True))
    with st.container(horizontal=not narrow or longest <= SHORT):
        for cell, wide in zip(cells, widths, strict=True):
            # Every cell has a line here, so that all are of one height.
            caption = numbers.unbroken(cell.caption) or numbers.NO_BREAK
            if fits and not narrow:
                st.metric(cell.label, cell.value, delta_description=caption, border=True, width=wide, height="stretch")
                continue
            with st.container(border=True, width="stretch" if narrow else wide, height="stretch", gap=None):
                st.metric(cell.label, cell.value)
                st.caption(caption)


def _cell(entry: Metric | Cell) -> Cell:
    if isinstance(entry, Cell):
        return entry
    name = numbers.label(entry.name)
    if entry.unit == "share":
        return Cell(name, numbers.format_metric(entry), numbers.caption(entry))
    return Cell(name, numbers.format_value(entry.value, entry.se), numbers.caption(entry))


def explain(text: str) -> None:
    """The explanation of a page, folded away."""
    with st.expander("What am I seeing?", icon=":material/help:"):
        st.markdown(text)


def not_applicable(what: str, instead: str) -> None:
    """Say why a page's subject does not exist for this prior, and what is shown instead."""
    st.info(f"{what} {instead}", icon=":material/info:")


@contextmanager
def progress(label: str) -> Iterator[Callable[[float, str], None]]:
    """A bar for work that takes longer than a moment; it goes when the work is done.

    The work ends early where the viewer closes the page or changes a control.

    Yields:
        A function of the share done, 0 to 1, and what comes next; `compare.measure` takes it.
    """
    bar = st.progress(0.0, label)
    try:
        with giving_up.while_wanted(stop_if_left):
            yield lambda share, what: _advance(bar, share, f"{label}: {what}")
    finally:
        bar.empty()


def _advance(bar: st.delta_generator.DeltaGenerator, share: float, text: str) -> None:
    bar.progress(min(1.0, max(0.0, share)), text)
