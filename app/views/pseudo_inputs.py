"""Pseudo-inputs: all that a VampPrior has learned as one picture, one of them step by step, and during training."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import state
from app.figures import tiles
from app.frontend import Kept
from app.services import catalogue, images, prior_components, priors
from app.services import film as films
from app.services.catalogue import Facts
from app.services.loading import Ref
from app.widgets import component, controls, export, film, layers, page, pictures, sidebar, steps, wall
from app.widgets.fragment import fragment
from app.widgets.openings import pseudo_inputs, without_components
from app.widgets.wall import BEST

WALL = "pseudo_wall"
ORDERS = {"usage": "Usage", "weight": "Weight", "class": "Class", "similarity": "Similarity"}
SHOWN = {"pairs": "Pairs", "pseudo-inputs": "Pseudo-inputs", "decoded": "Decoded"}
EXPLANATION = """
A **pseudo-input** $u_k$ is an image that was learned together with the weights of the network. The encoder maps it
to the normal distribution $q(z \\mid u_k)$, which is one component of the prior $p(z) = \\sum_k w_k\\, q(z \\mid u_k)$.
The five steps follow one component: its pseudo-input; its position in the latent space; its mean, decoded; samples
from it; and the test images that belong to it.

- **Contrast.** A pseudo-input is shown with its darkest pixel black and its brightest white, because many of them have
  little contrast. Decoded means and test images are shown as they are.
- **Weight** is the prior probability $w_k$. **Usage** is the mean responsibility $p(k \\mid z)$ over the test images,
  with one sample $z \\sim q(z \\mid x_n)$ for each; its standard error is over the images. **Mostly explains** names
  the class with the largest share of that responsibility.
- **Explained best** are the test images with the highest responsibility of this component. They may lie far from its
  mean, on the side that no other component covers. **Nearest** are those whose posterior means are closest to the
  component's mean in the whole latent space.
- **Order.** Weight and usage decrease from the top left. Class lists one class after another, the most used component
  first. Similarity always continues with the nearest mean that is not shown yet. Tiles keep their position when an
  earlier epoch is shown.
- **Clamped pixels.** The encoder sees pseudo-inputs clamped to [0, 1]. A pixel outside this range has no gradient
  that moves it further out, but the momentum of the optimiser can; in older models it has no gradient at all.
- **The plane** shows the contours that hold 50, 80, 95 and 99 % of the prior's mass and, in amber, this component at
  two standard deviations. In more than two latent dimensions, both are projected exactly onto the first two principal
  axes of the posterior means.
"""


def chosen_kind(facts: Facts) -> str:
    """What the tiles show; an address that names an epoch and nothing else asks for the pseudo-inputs after it."""
    kinds = tuple(SHOWN) if wall.has_pairs(facts) else tuple(SHOWN)[1:]
    if "pseudo_epoch" in st.query_params and not {"pseudo_show"} & {*st.query_params, *st.session_state}:
        st.query_params["pseudo_show"] = SHOWN["pseudo-inputs"]
        st.rerun()
    return controls.choose("Show", kinds, key="pseudo_show", default=kinds[0], names=SHOWN)


@fragment
def component_grid(ref: Ref, facts: Facts) -> None:
    """The wall of tiles with its controls, and beside it the description of the component that is chosen."""
    known, show, epoch = prior_components.summary(ref), "decoded", BEST
    left, right = st.columns([3, 2], gap="medium")
    with left:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if facts.has.pseudo_inputs:
                show = chosen_kind(facts)
            orders = [each for each in ORDERS if each != "class" or (known.classes >= 0).any()]
            usual = "class" if "class" in orders else "usage"
            order = controls.choose_one("Order", orders, key="pseudo_order", default=usual, names=ORDERS, width=120)
            if show == "pseudo-inputs" and facts.edit is None:
                epochs = [each for each, _ in wall.through_the_epochs(ref)]
                named = {"0": "0, before training", BEST: f"{facts.best_epoch}, best"}
                epoch = controls.choose_one(
                    "After epoch", epochs, key="pseudo_epoch", default=BEST, names=named, width=155
                )
        if order == "weight" and np.ptp(known.weights) < 1e-6:
            st.caption("All weights are equal, so tiles are ordered by number.")
        place, places = st.container(), wall.order_of(ref, order)
        kept = wall.bring(ref, epoch, page.mode())
        notes(ref, facts, show, epoch, len(places))
        with st.container(horizontal=True):
            mode = page.mode()
            export.file_button(
                "Save the tiles",
                lambda: wall.picture(ref, places, show, epoch, mode),
                key="pseudo_save",
                name=f"{facts.name}-{show}.png",
            )
            component.component_table(ref, key="pseudo_table")
    with right:
        frame = steps.lay_out(ref)
    selected_component(ref, facts, kept, places, order, show, place, frame, st.container())


def notes(ref: Ref, facts: Facts, show: str, epoch: str, count: int) -> None:
    """What is seen on the tiles, under them."""
    said = []
    if count < facts.alive:
        said.append(
            f"The {count:,} most used of {facts.alive:,} components. The table has all of them, and each can be chosen "
            "by its number."
        )
    if show != "decoded":
        said.append("Pseudo-inputs have their contrast stretched to black and white.")
    if show == "pairs":
        said.append("Above, the pseudo-input, which fades into the decoded mean under the pointer; below, that mean.")
    if count <= wall.MOST_PAIRS:
        name = "the class that it explains most, which need not be what it looks like, and " if facts.classes else ""
        trained = "" if epoch == BEST else ", both of the trained model" if name else ", of the trained model"
        said.append(f"Under each tile: {name}its usage{trained}.")
    if show != "pseudo-inputs":
        said.append(layers.mean_words(ref))
    if show == "pseudo-inputs" and (missing := wall.absent(ref, epoch)):
        said.append(f"Empty: added after epoch {epoch}: {', '.join(map(str, missing))}.")
    if words := " ".join(each for each in said if each):
        st.caption(words)


@fragment
def selected_component(
    ref: Ref,
    facts: Facts,
    kept: Kept,
    places: list[int],
    order: str,
    show: str,
    place: Container,
    frame: steps.Frame,
    below: Container,
) -> None:
    """The chosen component: its number and its mark on the wall, which stays as it is, and its description."""
    word = "Pseudo-input" if facts.has.pseudo_inputs else "Component"
    with frame.head:
        heading = st.container()
        chosen = steps.choose(ref, word, places)
    heading.header(f"{word} {chosen}, step by step", anchor=False)
    with place:
        wall.show(kept, places, key=WALL, by=order, shown=show, chosen=chosen)
    detail = prior_components.component_detail(ref, chosen, steps.SAMPLES)
    steps.show(ref, facts, detail, frame)
    with below:
        steps.figures(ref, facts, detail)
        if films.packed_pictures(ref) is None:
            growth(ref, facts, chosen)


def growth(ref: Ref, facts: Facts, k: int) -> None:
    """The chosen pseudo-input during training, from its start to the trained one."""
    grown, mode = wall.grown_images(ref, k), page.mode()
    if not grown:
        return
    st.header(f"Pseudo-input {k} during training", anchor=False)
    started = film.STARTED[prior_components.pseudo_input_start(ref)]
    st.caption(f"By epoch, contrast stretched. The pseudo-inputs of this model started from {started}.")
    after = [f"{facts.best_epoch}, best" if epoch == BEST else epoch for epoch, _ in grown]
    st.image(
        list(wall.grown_pictures(ref, k, mode)),
        caption=after,
        width=wall.SMALL,
        alt=[f"Pseudo-input {k} after epoch {each}" for each in after],
    )
    row = np.concatenate([pixels for _, pixels in grown])

    def content() -> bytes:
        return tiles.tiles_png(row, mode, columns=len(row), binary=facts.binary, pixel=8)

    export.file_button("Save this row", content, key="pseudo_growth", name=f"{facts.name}-pseudo-input-{k}-growth.png")


@fragment
def draws_of_the_prior(ref: Ref, facts: Facts) -> None:
    """Samples of a prior without components."""
    shown, beside = st.columns([3, 1], gap="medium")
    with beside:
        count = controls.number("Samples", key="pseudo_samples", low=1, high=100, default=40)
        seed = controls.number("Seed", key="pseudo_seed", low=0, high=9999)
    with shown:
        words = f"{count} decoded samples of the prior, seed {seed}"
        drawn = images.prior_samples(ref, count, seed).pixels
        content = pictures.images_png(drawn, facts.binary, min(count, 10), 900)
        pictures.show(content, alt=words)
        st.caption(f"{words}. {layers.drawn_words(ref)}".rstrip())


def the_only_component(ref: Ref, facts: Facts) -> None:
    """A prior that is one normal distribution, in the same steps."""
    shown, _ = st.columns([3, 2])
    with shown:
        frame = steps.lay_out(ref)
    frame.head.header("The only component, step by step", anchor=False)
    steps.show(ref, facts, prior_components.component_detail(ref, 0, steps.SAMPLES), frame)


def during_training(ref: Ref, facts: Facts) -> None:
    """The film of the training, and what the pseudo-inputs started from."""
    st.header("During training", anchor=False)
    if facts.has.pseudo_inputs:
        started = film.STARTED[prior_components.pseudo_input_start(ref)]
        st.markdown(f"The pseudo-inputs started from {started}. They and the network were trained together.")
    film.show((ref,), key="pseudo_film", unfolded=True, with_pictures=True)


here = state.selected()
known = catalogue.facts(here.ref)
if known.has.several_components:
    dead = int(prior_components.summary(here.ref).dead.sum())
    page.page_head(
        "Pseudo-inputs",
        pseudo_inputs(known.alive, dead, known.has.pseudo_inputs, known.edit is not None),
        *(("pseudo-input",) if known.has.pseudo_inputs else ()),
        "prior",
        "posterior",
    )
else:
    page.page_head("Pseudo-inputs", without_components(not known.has.components), "prior")
sidebar.part_notice((here.ref,))
if not known.has.pseudo_inputs:
    instead = "the decoded mean of every component" if known.has.several_components else "this component, decoded"
    instead = instead if known.has.components else "its samples"
    page.not_applicable(priors.no_pseudo_inputs(known.prior), f"Shown instead: {instead}.")
if not known.has.components:
    draws_of_the_prior(here.ref, known)
elif known.has.several_components:
    component_grid(here.ref, known)
else:
    the_only_component(here.ref, known)
if known.info.latent_dims[0] > 1 and known.edit is None:
    during_training(here.ref, known)
if known.has.several_components:
    st.page_link(
        "views/components.py",
        label="Compare this component with others",
        icon=":material/bubble_chart:",
    )
page.explain(EXPLANATION)
