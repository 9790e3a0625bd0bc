"""One component of a prior step by step: pseudo-input, posterior, decoded mean, samples, and the images it explains."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app.figures import tiles, vectors
from app.services import catalogue, images, prior_components
from app.services.catalogue import Facts
from app.services.loading import Ref
from app.services.prior_components import ComponentDetail
from app.widgets import component, drawn, export, layers, numbers, page, pictures, sidebar, text
from app.widgets.page import Cell

SAMPLES = 8
# Pixels of the screen that an image is wide which has a step for itself.
ONE = 112


class Frame(NamedTuple):
    """The parts of a component's description that stay when another component is chosen: they are sent once.

    Attributes:
        head: For the heading, and for what chooses the component.
        steps: For one picture each, from the pseudo-input, where there is one, to the test images, under headings.
    """

    head: Container
    steps: tuple[Container, ...]


def lay_out(ref: Ref) -> Frame:
    """The frame of a component's description: steps under numbered headings."""
    learned = prior_components.pseudo_inputs(ref) is not None
    single = not catalogue.facts(ref).has.several_components
    explained = "Test images where the prior is densest" if single else "Test images that it explains best"
    first = ["Pseudo-input $u_k$", "Its posterior"] if learned else ["The component"]
    words = [*first, "Decoded mean", f"{SAMPLES} samples, seed 0", explained]
    head = st.container()
    columns = [*st.columns([2, 3], gap="small")] if learned else [st.container()]
    columns += [*st.columns([2, 3], gap="small"), st.container()]
    places = []
    for number, (column, heading) in enumerate(zip(columns, words, strict=True), 1):
        with column.container(gap="xsmall"):
            st.markdown(f"**{number}\u2002{heading}**")
            places.append(st.container(gap="xsmall"))
    with columns[-1]:
        sidebar.data_notice(ref, key="pseudo_download")
    return Frame(head, tuple(places))


def choose(ref: Ref, word: str, places: Sequence[int]) -> int:
    """The component in view, by number, or one step further or back in an order that closes to a ring."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        before, number, after = st.container(width="content"), st.container(), st.container(width="content")
        with number:
            chosen = component.choose_component(ref, word, "Or click a tile, or press arrow keys on the tiles.")
        at = places.index(chosen) if chosen in places else None
        sides = ((before, "Previous", -1, ":material/arrow_back:"), (after, "Next", 1, ":material/arrow_forward:"))
        for side, name, step, icon in sides:
            side.button(
                name,
                key=f"pseudo_{name.lower()}",
                icon=icon,
                help=f"{name} in the order of the tiles",
                on_click=component.show_component,
                args=(places[0 if at is None else (at + step) % len(places)],),
            )
    return chosen


def show(ref: Ref, facts: Facts, detail: ComponentDetail, frame: Frame) -> None:
    """Fill the steps of one component."""
    k = detail.component
    *first, posterior, decoded, samples, explained = frame.steps
    if detail.pseudo_input is not None:
        with first[0]:
            _pseudo_input(facts, detail.pseudo_input, k)
    with posterior:
        _posterior(ref, facts, detail)
    with decoded:
        _one(detail.decoded, facts, f"Decoded mean of component {k}", layers.mean_words(ref))
    with samples:
        _rows(detail.samples, facts, f"Samples of component {k}", layers.drawn_words(ref), columns=SAMPLES // 2)
    with explained:
        _explained(ref, facts, detail)


def figures(ref: Ref, facts: Facts, detail: ComponentDetail) -> None:
    """Weight, usage and class of the chosen component, and what is clamped in all pseudo-inputs."""
    k, known = detail.component, prior_components.summary(ref)
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
        cells.append(Cell("Mostly explains", text.plain(name), f"most of the usage of {k}"))
    if facts.outside is not None:
        cells.append(Cell("Clamped pixels", component.percent(facts.outside), "of all, at or beyond 0 or 1"))
    page.metric_row(cells)


def _one(pixels: np.ndarray, facts: Facts, alt: str, under: str = "") -> None:
    """An image that has a step for itself."""
    content = pictures.images_png(pixels, facts.binary, across=ONE)
    st.image(tiles.data_uri(content), width=ONE, alt=alt)
    if under:
        st.caption(under)


def _rows(pixels: np.ndarray, facts: Facts, alt: str, under: str = "", *, columns: int = 8) -> None:
    """Some images in rows that are as wide as what they stand in."""
    pictures.show(pictures.images_png(pixels, facts.binary, columns), alt=alt)
    if under:
        st.caption(under)


def _pseudo_input(facts: Facts, pixels: np.ndarray, k: int) -> None:
    known = tiles.as_bytes(pixels)
    low, high = (f"{end / 255:.2f}" for end in (known.min(), known.max()))
    words = f"Contrast stretched: its values lie between {low} and {high}."
    _one(tiles.stretched(known), facts, f"Pseudo-input {k}", "" if vectors.is_vector(facts.shape) else words)


def _posterior(ref: Ref, facts: Facts, detail: ComponentDetail) -> None:
    """Where the component lies: its ellipse over the prior's contours, and its spread in numbers."""
    if facts.info.latent_dims[0] > 1:
        drawing = drawn.component_posterior(ref, detail.component, page.mode())
        export.figure(drawing, key="pseudo_posterior", name=f"{facts.name}-component-{detail.component}")
    low, high = (numbers.format_value(float(each)) for each in (detail.scale.min(), detail.scale.max()))
    spread = f"standard deviations {low} to {high}" if low != high else f"standard deviation {low} each"
    ellipse = "Ellipse: two standard deviations; " if facts.info.latent_dims[0] > 1 else ""
    words = f"{ellipse}{spread} in {facts.info.latent_dims[0]} latent dimensions."
    st.caption(words[0].upper() + words[1:])


def _explained(ref: Ref, facts: Facts, detail: ComponentDetail) -> None:
    """The test images that the component explains best, and those nearest to its mean: two things."""
    k = detail.component
    if not facts.has.several_components:
        _test_images(ref, facts, detail.explained, "The test images whose samples lie where the prior is densest", "")
        return
    ends = (component.percent(float(detail.responsibilities[i])) for i in (0, -1))
    shares = " to ".join(dict.fromkeys(ends))
    _test_images(
        ref,
        facts,
        detail.explained,
        f"Test images that component {k} explains best",
        f"Explained best: responsibility {shares}",
    )
    near, far = (numbers.format_value(float(detail.distances[i])) for i in (0, -1))
    _test_images(
        ref,
        facts,
        detail.nearest,
        f"Test images nearest to the mean of component {k}",
        f"Nearest to its mean: {near} to {far} latent units away",
    )


def _test_images(ref: Ref, facts: Facts, rows: np.ndarray, alt: str, under: str) -> None:
    found = images.from_test_set(ref, tuple(int(row) for row in rows))
    under = under if found.originals else ". ".join(each for each in ("Reconstructions", under) if each)
    _rows(found.pixels, facts, alt, under)
