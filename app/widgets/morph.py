"""Morphing: the way between two places of a plane, or between two test images under every prior, decoded."""

import numpy as np
import streamlit as st

from app import frontend, state
from app.figures.theme import prior_colour
from app.services import catalogue, decoder, images
from app.services.latent_plane import encoding
from app.services.loading import Ref
from app.widgets.controls import number
from app.widgets.family import short_name
from app.widgets.fragment import fragment
from app.widgets.kept import kept
from app.widgets.latent_plane.images import class_names
from app.widgets.layers import mean_words
from app.widgets.numbers import signed
from app.widgets.page import is_inverted

Point = tuple[float, float]


def morph_between_places(ref: Ref, here: Point, *, key: str) -> None:
    """A button that keeps the place in view as the start; from then on, the way from there to the place in view."""
    if decoder.packed(ref) is None:
        return
    start = state.point(key)
    if start is None:
        if st.button("Morph from this place", key=f"{key}_begin", icon=":material/conversion_path:"):
            state.set_point(key, *here)
            st.rerun()
        return
    with st.container(border=True):
        ends = (start, here)
        words = tuple(signed(f"({x:.2f}, {y:.2f})") for x, y in ends)
        st.markdown(f"**Morph from {words[0]} to {words[1]}**")
        if start == here:
            st.caption("Choose another place on the map: the way to it is decoded here.")
        z = [images.decode_place(ref, x, y).z for x, y in ends]
        _show(((ref, z[0], z[1]),), key=f"{key}_strip", words=(words[0], words[1]))
        st.caption(
            "z is interpolated in equal steps"
            + ("" if encoding.plane(ref).exact else " between the most likely points above the two places")
            + "."
        )
        if st.button("End the morph", key=f"{key}_end", icon=":material/close:"):
            state.clear_point(key)
            st.rerun()


@fragment
def morph_between_images(refs: tuple[Ref, ...], *, key: str) -> None:
    """Two test images to choose, and the way between their posterior means under every prior.

    Arguments:
        refs: The priors, of one experiment.
        key: Prefix of the controls' names in the URL.
    """
    able = tuple(ref for ref in refs if decoder.packed(ref) is not None)
    if not able:
        st.caption(f"Nothing to morph, since {decoder.refusal(refs[0])}.")
        return
    first, known = able[0], encoding.latents(able[0])
    last = len(known.ids) - 1
    with st.container(horizontal=True):
        rows = [
            number("From test image", key=f"{key}_from", low=0, high=last, width=150),
            number("To test image", key=f"{key}_to", low=0, high=last, default=_another(known.labels), width=150),
        ]
    names = class_names(first)
    words = [f"image {row}" + (f", class {names[known.labels[row]]}" if names else "") for row in rows]
    ways = []
    for ref in able:
        at = [np.flatnonzero(encoding.latents(ref).ids == known.ids[row]) for row in rows]
        if all(len(each) for each in at):
            mean = encoding.latents(ref).mean
            ways.append((ref, mean[at[0][0]], mean[at[1][0]]))
    _show(tuple(ways), key=f"{key}_strips", words=(words[0], words[1]))
    st.caption(" ".join(["z is interpolated in equal steps between the posterior means.", mean_words(first)]).strip())


def _another(labels: np.ndarray) -> int:
    """The first test image of another class than the very first; the second where there are no classes."""
    others = np.flatnonzero(labels != labels[0])
    return int(others[0]) if len(others) else min(1, len(labels) - 1)


def _show(ways: tuple[tuple[Ref, np.ndarray, np.ndarray], ...], *, key: str, words: tuple[str, str]) -> None:
    """The strips of some priors, from one point of the latent space of each to another."""
    first = ways[0][0]
    rows = [
        frontend.MorphRow(
            short_name(ref), prior_colour(ref.kind), kept("decoder", ref, packed), start.tolist(), end.tolist()
        )
        for ref, start, end in ways
        if (packed := decoder.packed(ref)) is not None
    ]
    frontend.morph(rows, key=key, shape=catalogue.facts(first).shape, inverted=is_inverted(first), words=words)
