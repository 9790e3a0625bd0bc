"""Pseudo-inputs: all that a VampPrior has learned as one picture, one of them step by step, and during training."""

from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import state
from app.figures import tiles
from app.services import catalogue, images, prior_components, priors
from app.services.catalogue import Facts
from app.services.loading import Ref
from app.services.prior_components import ComponentDetail
from app.widgets import component, controls, drawn, export, film, layers, numbers, page, pictures, screen, sidebar, text
from app.widgets.fragment import fragment
from app.widgets.openings import pseudo_inputs, without_components
from app.widgets.page import Cell
from app.widgets.wall import (
    BEST,
    SMALL,
    absent,
    caption_share,
    grown_images,
    grown_pictures,
    has_pairs,
    through_the_epochs,
    wall,
)

WALL = "pseudo_wall"
ORDERS = {"usage": "Usage", "weight": "Weight", "class": "Class", "similarity": "Similarity"}
SHOWN = {"pairs": "Pairs", "pseudo-inputs": "Pseudo-inputs", "decoded": "Decoded"}
SAMPLES = 16
EXPLANATION = """
A **pseudo-input** $u_k$ is an image that was learned together with the weights of the network. The encoder maps it
to the normal distribution $q(z \\mid u_k)$, which is one component of the prior $p(z) = \\sum_k w_k\\, q(z \\mid u_k)$.
The five steps follow one component: its pseudo-input; its position in the latent space; its mean, decoded; samples
from it; and the test images that belong to it.

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


def picture(pixels: np.ndarray, facts: Facts, alt: str, columns: int = 1, across: int = 360, under: str = "") -> None:
    """A few images as one crisp picture as wide as its column, which is about `across` pixels of the screen wide."""
    pictures.picture(pictures.images_png(pixels, facts.binary, columns, across), alt=alt)
    if under:
        st.caption(under)


class Frame(NamedTuple):
    """The parts of a component's description that stay when another component is chosen: they are sent once.

    Attributes:
        head: For the numbers of the component, and for the heading.
        steps: For one picture each, from the pseudo-input, where there is one, to the test images, under headings.
        growth: For the pictures of earlier epochs.
    """

    head: Container
    steps: tuple[Container, ...]
    growth: Container


def lay_out(ref: Ref) -> Frame:
    """The frame of a component's description: steps under numbered headings."""
    learned = prior_components.pseudo_inputs(ref) is not None
    steps = ["Pseudo-input $u_k$", "Its posterior"] if learned else ["The component"]
    single = not catalogue.facts(ref).has.several_components
    images = "Test images where the prior is densest" if single else "Test images of this component"
    steps += ["Decoded mean", f"{SAMPLES} samples, seed 0", images]
    head = st.container()
    columns = [*st.columns([2, 3, 2], gap="medium")] if learned else [*st.columns([3, 2, 2], gap="medium")[:2]]
    columns += st.columns(2, gap="medium")
    places = []
    for number, (column, words) in enumerate(zip(columns, steps, strict=True), 1):
        column.markdown(f"**{number}\u2002{words}**")
        places.append(column.container())
    with columns[-1]:
        sidebar.data_notice(ref, key="pseudo_download")
    return Frame(head, tuple(places), st.container())


@fragment
def component_grid(ref: Ref, facts: Facts) -> None:
    """The wall of tiles with its controls, and the description of the component that is chosen."""
    shown, beside = st.columns([3, 1], gap="medium")
    known, show, epoch = prior_components.components(ref), "decoded", BEST
    with beside:
        chooser = st.container()
        orders = [each for each in ORDERS if each != "class" or (known.classes >= 0).any()]
        usual = "class" if "class" in orders else "usage"
        order = controls.choose_one("Order", orders, key="pseudo_order", default=usual, names=ORDERS)
        if order == "weight" and np.ptp(known.weights) < 1e-6:
            st.caption("All weights are equal, so tiles are ordered by number.")
        if facts.has.pseudo_inputs:
            kinds = tuple(SHOWN) if has_pairs(facts) else tuple(SHOWN)[1:]
            show = controls.choose_one("Show", kinds, key="pseudo_show", default=kinds[0], names=SHOWN)
        if show == "pseudo-inputs":
            epochs = [each for each, _ in through_the_epochs(ref)]
            named = {"0": "0, before training", BEST: f"{facts.best_epoch}, best"}
            epoch = controls.choose_one("After epoch", epochs, key="pseudo_epoch", default=BEST, names=named)
        component.component_table(ref, key="pseudo_table")
    with shown:
        drawing, where = wall(ref, order, show, epoch, screen.picture_width(), page.mode())
        export.figure(drawing, key=WALL, name=f"{facts.name}-{show}")
        if len(where.ids) < facts.alive:
            st.caption(
                f"The {len(where.ids):,} most used of {facts.alive:,} components. The table has all of them, and each "
                "can be chosen by its number."
            )
        if show == "pairs":
            st.caption(
                "Above, the pseudo-input, its contrast stretched to black and white; below, the decoded mean of its "
                "component. Under them: the class that it mostly explains, and its usage."
            )
        if show != "pseudo-inputs" and (words := layers.mean_words(ref)):
            st.caption(words)
        if show == "pseudo-inputs" and (missing := absent(ref, epoch)):
            st.caption(f"Empty: added after epoch {epoch}: {', '.join(map(str, missing))}")
    selected_component(ref, facts, where, show, chooser, shown, lay_out(ref))


@fragment
def selected_component(
    ref: Ref,
    facts: Facts,
    where: tiles.TileMap,
    show: str,
    chooser: Container,
    shown: Container,
    frame: Frame,
) -> None:
    """The chosen component: its number and its mark on the wall, which stays as it is, and its description."""
    with chooser:
        word = "Pseudo-input" if facts.has.pseudo_inputs else "Component"
        chosen = component.choose_component(ref, word, "Or click a tile.")
    with shown:
        component.pick_component(WALL, where, chosen, caption_share=caption_share(show, len(where.ids)))
    detail = prior_components.component_detail(ref, chosen, SAMPLES)
    with frame.head:
        figures_of(ref, facts, detail)
    show_component(ref, facts, detail, frame)
    with frame.growth:
        growth(ref, facts, chosen)


def figures_of(ref: Ref, facts: Facts, detail: ComponentDetail) -> None:
    """Weight, usage and class of the chosen component, and what is clamped in all pseudo-inputs."""
    k, known = detail.component, prior_components.components(ref)
    n = f"n = {numbers.count(facts.images)} test images"
    cells = [
        Cell(f"Weight of {k}", component.percent(detail.weight), f"equal share {component.percent(1 / facts.alive)}"),
        Cell(
            f"Usage of {k}",
            component.percent(detail.usage, float(known.usage_se[k])),
            f"dead; {n}" if known.dead[k] else n,
        ),
    ]
    if detail.image_class >= 0:
        name = facts.classes[detail.image_class]
        name = f"digit {name}" if name.isdigit() and len(name) == 1 else name
        cells.append(Cell("Mostly explains", text.plain(name), f"class with most of the usage of {k}"))
    if facts.outside is not None:
        cells.append(Cell("Clamped pixels", component.percent(facts.outside), "of all, at or beyond 0 or 1"))
    page.metric_row(cells)


def show_component(ref: Ref, facts: Facts, detail: ComponentDetail, frame: Frame) -> None:
    """One component in five steps: pseudo-input, posterior, decoded mean, samples, test images."""
    k, learned = detail.component, detail.pseudo_input is not None
    words = (
        f"{'Pseudo-input' if learned else 'Component'} {k}" if facts.has.several_components else "The only component"
    )
    frame.head.header(f"{words}, step by step", anchor=False)
    *first, component, decoded, samples, images = frame.steps
    if detail.pseudo_input is not None:
        with first[0]:
            picture(detail.pseudo_input, facts, f"Pseudo-input {k}")
    with component:
        posterior(ref, facts, detail)
    with decoded:
        picture(detail.decoded, facts, f"Decoded mean of component {k}", under=layers.mean_words(ref))
    with samples:
        picture(detail.samples, facts, f"Samples of component {k}", columns=8, under=layers.drawn_words(ref))
    with images:
        images_of(ref, facts, detail)


def images_of(ref: Ref, facts: Facts, detail: ComponentDetail) -> None:
    """The test images that the component explains best, and those nearest to its mean: two things."""
    k = detail.component
    if not facts.has.several_components:
        show_images(ref, facts, detail.explained, "The test images whose samples lie where the prior is densest", "")
        return
    ends = (component.percent(float(detail.responsibilities[i])) for i in (0, -1))
    shares = " to ".join(dict.fromkeys(ends))
    show_images(
        ref,
        facts,
        detail.explained,
        f"Test images that component {k} explains best",
        f"Explained best: responsibility {shares}",
    )
    near, far = (numbers.format_value(float(detail.distances[i])) for i in (0, -1))
    show_images(
        ref,
        facts,
        detail.nearest,
        f"Test images nearest to the mean of component {k}",
        f"Nearest to its mean: {near} to {far} latent units away",
    )


def show_images(ref: Ref, facts: Facts, rows: np.ndarray, alt: str, under: str) -> None:
    """Some test images in a row."""
    found = images.test_images(ref, tuple(int(row) for row in rows))
    under = under if found.originals else ". ".join(each for each in ("Reconstructions", under) if each)
    picture(found.pixels, facts, alt, columns=8, under=under)


def posterior(ref: Ref, facts: Facts, detail: ComponentDetail) -> None:
    """Where the component lies: its ellipse over the prior's contours, and its spread in numbers."""
    if facts.info.latent_dims[0] > 1:
        drawing = drawn.component_posterior(ref, detail.component, page.mode())
        export.figure(drawing, key="pseudo_posterior", name=f"{facts.name}-component-{detail.component}")
    low, high = (numbers.format_value(float(each)) for each in (detail.scale.min(), detail.scale.max()))
    spread = f"Standard deviations {low} to {high}" if low != high else f"Standard deviation {low} each"
    ellipse = " Ellipse: two standard deviations." if facts.info.latent_dims[0] > 1 else ""
    st.caption(f"{spread} in {facts.info.latent_dims[0]} latent dimensions.{ellipse}")


def growth(ref: Ref, facts: Facts, k: int) -> None:
    """The chosen pseudo-input during training, from its start to the trained one."""
    grown = grown_images(ref, k)
    if not grown:
        return
    st.header(f"Pseudo-input {k} during training", anchor=False)
    st.caption(
        f"By epoch. Pseudo-inputs of this model started from {film.STARTED[prior_components.pseudo_input_start(ref)]}."
    )
    after = [f"{facts.best_epoch}, best" if epoch == BEST else epoch for epoch, _ in grown]
    st.image(
        list(grown_pictures(ref, k, page.mode())),
        caption=after,
        width=SMALL,
        alt=[f"Pseudo-input {k} after epoch {each}" for each in after],
    )
    row = np.concatenate([pixels for _, pixels in grown])
    mode = page.mode()

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
        picture(
            images.prior_samples(ref, count, seed).pixels,
            facts,
            f"{count} decoded samples of the prior, seed {seed}",
            columns=min(count, 10),
            across=900,
            under=f"{count} decoded samples of the prior, seed {seed}. {layers.drawn_words(ref)}".rstrip(),
        )


here = state.selected()
known = catalogue.facts(here.ref)
if known.has.several_components:
    dead = int(prior_components.components(here.ref).dead.sum())
    page.page_head(
        "Pseudo-inputs",
        pseudo_inputs(known.alive, dead, known.has.pseudo_inputs),
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
    show_component(here.ref, known, prior_components.component_detail(here.ref, 0, SAMPLES), lay_out(here.ref))
if known.info.latent_dims[0] > 1:
    st.header("The prior during training", anchor=False)
    film.show((here.ref,), key="pseudo_film", unfolded=True, with_pictures=True)
if known.has.several_components:
    st.page_link(
        "views/components.py",
        label="Compare this component with others",
        icon=":material/bubble_chart:",
    )
page.explain(EXPLANATION)
