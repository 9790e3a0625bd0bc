"""Controls that live in the URL: checked against nonsense, kept from page to page, one call each.

The key is the name in the URL; it starts with the prefix of its page.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

from app import state
from app.widgets.numbers import signed

SEGMENTS = 5
# Options up to which a list offers to select all, or all that match what is typed.
SELECT_ALL = 1000


def choose(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    default: str,
    names: Mapping[str, str] | None = None,
    help: str | None = None,
) -> str:
    """One of several options: segments up to five, a select box beyond.

    Arguments:
        label: Words above the control.
        options: What can be chosen.
        key: Name in the URL.
        default: Chosen at first, and where the URL asks for something else.
        names: Words for an option, where they differ; they also stand in the URL.
        help: Shown on hovering over the label.
    """
    if len(options) > SEGMENTS:
        return choose_one(label, options, key=key, default=default, names=names, help=help)
    labels = {option: (names or {}).get(option, option) for option in options}
    state.expect_choice(key, labels, default)
    chosen = st.segmented_control(
        label,
        list(labels),
        default=default,
        required=True,
        format_func=lambda option: labels.get(option, option),
        key=key,
        help=help,
        bind="query-params",
        persist_state="session",
    )
    return chosen if chosen in labels else default


def choose_one(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    default: str,
    names: Mapping[str, str] | None = None,
    help: str | None = None,
    width: int | Literal["stretch"] = "stretch",
) -> str:
    """One of any number of options, from a select box; see `choose`."""
    labels = {option: (names or {}).get(option, option) for option in options}
    state.expect_choice(key, labels, default)
    chosen = st.selectbox(
        label,
        list(labels),
        index=list(labels).index(default),
        format_func=lambda option: labels.get(option, option),
        key=key,
        help=help,
        width=width,
        bind="query-params",
        persist_state="session",
    )
    return chosen if chosen in labels else default


def choose_key(
    label: str,
    options: Mapping[str, str],
    *,
    key: str,
    default: str,
    spelled: Mapping[str, str] | None = None,
    help: str | None = None,
) -> str:
    """One of any number of options that have words for people and a key for the URL, from a select box.

    Arguments:
        label: Words above the control.
        options: The words of each option by its key.
        key: Name in the URL.
        default: Chosen at first, and where the URL asks for something else.
        spelled: Other words for some options that a URL may have.
        help: Shown on hovering over the label.
    """
    state.expect_key(key, options, default, spelled or {})
    chosen = st.selectbox(
        label,
        list(options),
        format_func=lambda option: options.get(option, option),
        key=key,
        help=help,
        persist_state="session",
    )
    chosen = chosen if chosen in options else default
    state.show_key(key, chosen, default)
    return chosen


def choose_many(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    default: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    limit: int | None = None,
    numbered: bool = False,
    help: str | None = None,
) -> tuple[str, ...]:
    """Any number of options, at most `limit`, in the order in which they were chosen.

    Of `numbered` options, typing finds those that begin so, as 17 does not with 7, and chooses one at a time.
    """
    labels = {option: (names or {}).get(option, option) for option in options}
    state.expect_choices(key, labels, limit)
    chosen = st.multiselect(
        label,
        list(labels),
        default=list(default),
        format_func=lambda option: labels.get(option, option),
        key=key,
        help=help,
        max_selections=limit,
        filter_mode="prefix" if numbered else "fuzzy",
        select_all=False if numbered else SELECT_ALL,
        bind="query-params",
        persist_state="session",
    )
    return tuple(option for option in chosen if option in labels)


def number(
    label: str,
    *,
    key: str,
    low: int,
    high: int,
    default: int = 0,
    step: int = 1,
    help: str | None = None,
    width: int | Literal["stretch"] = "stretch",
) -> int:
    """A whole number from `low` to `high`."""
    state.expect_number(key, low, high, default, whole=True)
    value = st.number_input(
        label,
        min_value=low,
        max_value=high,
        value=default,
        step=step,
        key=key,
        help=help,
        width=width,
        bind="query-params",
        persist_state="session",
    )
    return min(high, max(low, int(value)))


def slide(
    label: str,
    *,
    key: str,
    low: float,
    high: float,
    default: float,
    step: float,
    help: str | None = None,
    width: int | Literal["stretch"] = "stretch",
) -> float:
    """A number from `low` to `high` by a slider."""
    state.expect_number(key, low, high, default, whole=False)
    value = st.slider(
        label,
        min_value=low,
        max_value=high,
        value=default,
        step=step,
        key=key,
        help=help,
        width=width,
        bind="query-params",
        persist_state="session",
    )
    return min(high, max(low, float(value)))


def switch(label: str, *, key: str, default: bool = False, help: str | None = None) -> bool:
    """On or off."""
    state.expect_switch(key)
    return bool(st.toggle(label, value=default, key=key, help=help, bind="query-params", persist_state="session"))


def place_inputs(
    key: str, here: tuple[float, float], low: tuple[float, float], high: tuple[float, float], names: tuple[str, str]
) -> None:
    """Enter a point of a plane by keyboard: two number fields and a button that write `key` into the URL.

    Arguments:
        key: Name of the place in the URL, as `state.point` reads it.
        here: Where the fields start: the place that is shown.
        low: Smallest values.
        high: Largest values.
        names: Of the two axes.
    """
    with st.form(f"{key}-form", border=False):
        columns = st.columns(2)
        values = [
            column.number_input(name, value=min(top, max(bottom, at)), min_value=bottom, max_value=top, format="%.2f")
            for column, name, at, bottom, top in zip(columns, names, here, low, high, strict=True)
        ]
        limits = (f"{name} from {a:.2f} to {b:.2f}" for name, a, b in zip(names, low, high, strict=True))
        st.caption(signed(f"{', '.join(limits)} (latent units)."))
        if st.form_submit_button("Decode this point"):
            state.set_point(key, values[0], values[1])
            st.rerun()
