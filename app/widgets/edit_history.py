"""The steps of an edited prior: in the URL, with undo and redo, kept while other pages are open; and their buttons."""

from typing import NoReturn

import streamlit as st

from app import state
from app.services import edits
from app.services.edits import Step, Steps
from app.services.loading import Ref
from app.widgets import controls

KEY = "edit"
_KEPT, _REDO, _SEEN = "_edit_kept", "_edit_redo", "_edit_seen"
# Of a model's hash, so that a link's numbers are not taken for another model's components.
_DIGITS = 6
DRAFT = "draft"
"""What a URL says of steps that are too long for it; they are kept in the session."""


def steps(ref: Ref) -> Steps:
    """The steps that the URL names; where a page was just opened, those that this session had made before."""
    kept: dict[Ref, Steps] = st.session_state.setdefault(_KEPT, {})
    seen = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = (ref, state.visit())
    said = st.query_params.get(KEY)
    if said is not None:
        mark, _, rest = said.partition("~")
        if (mark, rest) == (ref.sha256[:_DIGITS], DRAFT) and ref in kept:
            return kept[ref]
        try:
            found = edits.steps_of(rest)
        except ValueError as error:
            _drop(said, "it was kept only where it was made" if rest == DRAFT else str(error))
        if mark == ref.sha256[:_DIGITS]:
            kept[ref] = found
            return found
        if seen is None:
            _drop(said, "it edits another model")
        state.clear_point(KEY)
    if seen == (ref, state.visit()) and said is None:
        kept.pop(ref, None)
    _show(ref, found := kept.get(ref, ()))
    return found


def _drop(said: str, hint: str) -> NoReturn:
    """Take an edit out of the URL, and say why in a new run."""
    state.clear_point(KEY)
    state.ignored(KEY, said, hint)
    st.rerun()


def _show(ref: Ref, found: Steps) -> None:
    if found:
        st.query_params[KEY] = f"{ref.sha256[:_DIGITS]}~{edits.words(found) if edits.fit_a_link(found) else DRAFT}"
    else:
        state.clear_point(KEY)


def _set(ref: Ref, found: Steps) -> None:
    st.session_state.setdefault(_KEPT, {})[ref] = found
    _show(ref, found)


def add(ref: Ref, step: Step) -> None:
    """Make a step; for callbacks. Beyond `edits.MOST_STEPS` nothing happens."""
    known = steps(ref)
    if len(known) < edits.MOST_STEPS:
        st.session_state[_REDO] = (ref, ())
        _set(ref, (*known, step))


def say_draft(found: Steps) -> None:
    """Say so where the address does not hold the edit."""
    if not edits.fit_a_link(found):
        st.caption("This edit is too long for an address: a copied link does not open it.")


def redoable(ref: Ref) -> Steps:
    """Steps that were undone, the last one first to be made again."""
    owner, undone = st.session_state.get(_REDO, (ref, ()))
    return undone if owner == ref else ()


def undo(ref: Ref) -> None:
    """Take the last step back; for callbacks."""
    if known := steps(ref):
        st.session_state[_REDO] = (ref, (*redoable(ref), known[-1]))
        _set(ref, known[:-1])


def redo(ref: Ref) -> None:
    """Make the step again that was undone last; for callbacks."""
    if undone := redoable(ref):
        known = steps(ref)
        st.session_state[_REDO] = (ref, undone[:-1])
        _set(ref, (*known, undone[-1]))


def reset(ref: Ref) -> None:
    """Take all steps back, so that redo makes them again; for callbacks."""
    st.session_state[_REDO] = (ref, (*redoable(ref), *reversed(steps(ref))))
    _set(ref, ())


def buttons(ref: Ref, known: Steps) -> None:
    """Undo, redo, reset; to be placed in a row."""
    for words, icon, act, useful in (
        ("Undo", "undo", undo, bool(known)),
        ("Redo", "redo", redo, bool(redoable(ref))),
        ("Reset", "restart_alt", reset, bool(known)),
    ):
        key = f"edit_{words.lower()}"
        st.button(words, key=key, icon=f":material/{icon}:", disabled=not useful, on_click=act, args=(ref,))


def step_button(ref: Ref, words: str, step: Step | None, icon: str, *, key: str = "", useful: bool = True) -> None:
    """A button that makes a step; it waits while there is none."""
    st.button(
        words,
        key=key or f"edit_do_{step.kind if step else ''}",
        icon=f":material/{icon}:",
        disabled=step is None or not useful,
        on_click=add,
        args=() if step is None else (ref, step),
    )


def weight(key: str, help: str) -> float:
    """A slider for the weight of a component, as a share."""
    percent = controls.slide("Weight (%)", key=key, low=0.1, high=99.0, default=5.0, step=0.1, help=help)
    return round(percent / 100, 4)
