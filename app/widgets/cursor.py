"""One cursor over the maps of an experiment's priors, and one picture for each prior."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from app import frontend
from app.figures.theme import COMPARED, prior_colour
from app.services import catalogue, cursor, decoder, images
from app.services.latent_plane import encoding
from app.services.loading import Ref
from app.widgets.family import short_name
from app.widgets.kept import bring, kept
from app.widgets.latent_plane.images import class_names
from app.widgets.layers import mean_words
from app.widgets.page import is_inverted

LABEL = (
    "One test image under every prior. Arrow keys move a cursor over the first map by a hundredth of it, with Shift by "
    "a tenth; it takes the test image nearest to it."
)


def one_cursor(refs: tuple[Ref, ...], chart_key: Callable[[Ref], str], *, key: str) -> None:
    """A picture for each prior of the test image nearest to the pointer on any of their maps, which all mark it.

    To be called outside of fragments. Priors whose decoder cannot run in a browser are left out, and said so.

    Arguments:
        refs: The priors, of one experiment.
        chart_key: Gives the key of a prior's map.
        key: Key of the element.
    """
    refusals = {short_name(ref): reason for ref in refs if (reason := decoder.refusal(ref))}
    able = tuple(ref for ref in refs if not decoder.refusal(ref))
    for name, reason in refusals.items():
        st.caption(f"{name} does not decode the image under the cursor, since {reason}.")
    if not able:
        return
    first, facts = able[0], catalogue.facts(able[0])
    row = int(cursor.cursor_rows(first)[0])
    number = int(encoding.latents(first).ids[row])
    originals = cursor.packed_originals(first)
    maps = []
    for ref in able:
        packed, means = decoder.packed(ref), cursor.packed_means(ref)
        if packed is None:
            continue
        bring("decoder", ref, packed)
        bring("means", ref, means)
        at = np.flatnonzero(encoding.latents(ref).ids == number)
        mean = encoding.latents(ref).mean[at if len(at) else [0]]
        maps.append(
            frontend.CursorMap(
                chart_key(ref),
                short_name(ref),
                prior_colour(ref.kind),
                kept("decoder", ref, packed),
                kept("means", ref, means),
                images.decode(ref, mean).tobytes(),
            )
        )
    bring("originals", first, originals)
    names, label = class_names(first), int(encoding.latents(first).labels[row])
    frontend.cursor(
        maps,
        key=key,
        label=LABEL,
        shape=facts.shape,
        inverted=is_inverted(first),
        mark=COMPARED,
        first_id=number,
        first_words=f"Test image {number}" + (f", class {names[label]}" if names else ""),
        originals=None if originals is None else kept("originals", first, originals),
        first_original=None if originals is None else images.from_test_set(first, (row,)).pixels.tobytes(),
    )
    if words := mean_words(first):
        st.caption(words)
