"""Single test images under every prior: one of the viewer's choice, and those on which the priors differ most."""

import numpy as np
import streamlit as st

from app.services import catalogue, images
from app.services.loading import Ref
from app.services.per_image import PerImage, per_image
from app.widgets import pictures
from app.widgets.controls import number
from app.widgets.family import full_name, in_columns, short_words
from app.widgets.fragment import fragment
from app.widgets.layers import rebuilt_words
from app.widgets.numbers import count, signed
from app.widgets.text import plain
from app.widgets.waiting_priors import say_waiting

# At each end of the ranking.
SHOWN = 6
# Pixels of one image under a prior: two stand beside each other on a phone.
WIDE = 170


def show_images(refs: tuple[Ref, ...], told: tuple[Ref, ...] = ()) -> None:
    """One image under every prior, and the best and the worst images of each; nothing where they cannot be compared.

    Arguments:
        refs: The priors.
        told: Those of which the page has said already that they are left out.
    """
    scores = per_image(refs)
    if scores is None:
        return
    st.header("One image under every prior", anchor=False)
    _one(scores.refs, scores)
    say_waiting(tuple(ref for ref in scores.waiting if ref not in told))
    st.header("Where the priors differ most", anchor=False)
    st.markdown(
        f"The test images that each prior explains best, and worst, compared with the mean of the other"
        f"{'' if len(scores.refs) == 2 else 's'}: differences in {scores.name}, in nats."
    )
    in_columns(scores.refs, lambda ref: _ends(ref, scores.refs.index(ref), scores))


@fragment
def _one(refs: tuple[Ref, ...], scores: PerImage) -> None:
    facts = catalogue.facts(refs[0])
    row = number("Test image", key="compare_image", low=0, high=facts.images - 1, width=160)
    original = images.from_test_set(refs[0], (row,))
    line = st.container(horizontal=True)
    if original.originals:
        with line.container(width=WIDE):
            st.markdown("**Test image**")
            pictures.show(pictures.images_png(original.pixels, facts.binary), alt=f"Test image {row}")
    for place, ref in enumerate(refs):
        with line.container(width=WIDE):
            st.markdown(f"**{plain(full_name(ref))}**")
            pictures.show(
                pictures.images_png(images.reconstructions(ref, (row,)), facts.binary), alt=f"{full_name(ref)}: rebuilt"
            )
            score = scores.values[place, row]
            st.metric(
                f"{scores.name}, {short_words(ref)}",
                signed(f"{score:.1f}") if np.isfinite(score) else "not evaluated",
            )
    won = scores.winner(row)
    if won is not None:
        st.markdown(
            f"**{plain(full_name(refs[won[0]]))}** explains this image best, by {won[1]:.1f} nats over the next prior."
        )
    st.caption(
        f"Each prior shows its reconstruction. Higher {scores.name} is better. {rebuilt_words(refs[0])}".rstrip()
    )


def _ends(ref: Ref, place: int, scores: PerImage) -> None:
    best, worst = scores.ends(place, SHOWN)
    facts, gains = catalogue.facts(ref), scores.gains[place]
    for words, rows in ((f"Best for {short_words(ref)}", best), (f"Worst for {short_words(ref)}", worst)):
        if not len(rows):
            continue
        found = images.from_test_set(ref, tuple(rows.tolist()))
        st.markdown(f"**{words}**")
        listed = signed(", ".join(f"{gains[row]:+.0f}" for row in rows))
        listed += f" nats (images {', '.join(count(row) for row in rows)})"
        pictures.show(pictures.images_png(found.pixels, facts.binary, columns=SHOWN), alt=f"{words}: {listed}")
        st.caption(f"{'' if found.originals else 'Reconstructions. '}{listed}")
