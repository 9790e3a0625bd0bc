"""Pieces of pages that show all priors of an experiment at once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import streamlit as st

from app.figures import plane
from app.figures.scale_bar import add_scale_bar, bar_length
from app.figures.theme import Theme
from app.records import Window
from app.services import catalogue, densities, priors
from app.services.latent_plane import encoding, selection
from app.services.loading import Ref, ServiceError
from app.services.memory import cached
from app.widgets.latent_plane.images import colouring_of, shuffled
from app.widgets.numbers import count
from app.widgets.page import named
from app.widgets.text import plain

T = TypeVar("T")

ACROSS = 3
# Pixels of a desk's screen that each of them is wide, about.
COLUMN_WIDTH = 320


def full_name(ref: Ref) -> str:
    """A prior's name, with that of its folder where this is another."""
    return named(ref, priors.prior_name)


def short_name(ref: Ref) -> str:
    """A prior's name where there is little room."""
    return named(ref, priors.short_prior_name)


def short_words(ref: Ref) -> str:
    """The short name for Markdown: captions, labels of figures, headings and tables."""
    return plain(short_name(ref))


def readable(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
    """The checkpoints that can be loaded; of each other one a line says why not, so that it does not hide the rest.

    Raises:
        ServiceError: If none can.
    """
    found, faults = [], []
    for ref in refs:
        try:
            catalogue.facts(ref)
        except ServiceError as error:
            faults.append(str(error))
        else:
            found.append(ref)
    if not found:
        raise ServiceError("; ".join(faults))
    for fault in faults:
        st.warning(plain(fault), icon=":material/broken_image:")
    return tuple(found)


def in_columns(refs: tuple[Ref, ...], draw: Callable[[Ref], T]) -> tuple[T, ...]:
    """`draw` for each prior, three beside each other, or two where there are one, two or four; gives what it gave."""
    given, across = [], 2 if len(refs) in (1, 2, 4) else ACROSS
    for start in range(0, len(refs), across):
        for column, ref in zip(st.columns(across), refs[start : start + across], strict=False):
            with column:
                given.append(draw(ref))
    return tuple(given)


def count_of_components(ref: Ref) -> str:
    """What stands beside a prior's name: its number of components, where there are several."""
    facts = catalogue.facts(ref)
    return f"K = {facts.alive:,}" if facts.has.several_components else ""


def colours_of(refs: tuple[Ref, ...]) -> tuple[str, ...]:
    """What the points of all these priors can be coloured by.

    "class" only where every test image has one, "component" only where all priors have some, "ELBO" where neither.
    """
    labelled = all(catalogue.facts(ref).classes and (encoding.latents(ref).labels >= 0).all() for ref in refs)
    mixtures = all(catalogue.facts(ref).has.components for ref in refs)
    found = (("class",) if labelled else ()) + (("component",) if mixtures else ())
    return found or ("ELBO",)


def of_top_layer(ref: Ref) -> str:
    """The words ` of z2` for a figure of the top layer alone, where a model has more than one; else none."""
    layers = len(catalogue.facts(ref).info.latent_dims)
    return f" of z{layers}" if layers > 1 else ""


@cached(100)
def latent_map(
    ref: Ref,
    window: Window,
    colour: str,
    mode: Theme,
    height: int,
    bar: float | None = None,
    bare: bool = False,
) -> Any:
    """The test set's samples under the prior's mass levels, as a figure for a column of `in_columns`.

    Kept, because 10,000 points take a moment to draw; nobody may change what is returned.

    Arguments:
        ref: The checkpoint.
        window: The part of the plane to show.
        colour: One of `colours_of`.
        mode: The theme.
        height: Pixels.
        bar: Length of a bar that is drawn where maps have ranges of their own, see `bar_of`.
        bare: Without axes.
    """
    facts = catalogue.facts(ref)
    # Points cover each other and test sets may be sorted by class: a fixed shuffle lets no class lie on top.
    order = shuffled(facts.images)
    density = densities.prior_density(ref, window)
    lines = "" if density is None else ", and lines around 50, 80, 95 and 99 % of the prior's mass"
    drawing = plane.plane(
        mode,
        window,
        alt=f"{full_name(ref)}: one latent sample for each of {facts.images:,} test images, coloured by {colour}"
        f"{lines}.",
        points=encoding.points(ref)[order],
        colouring=colouring_of(ref, colour, order),
        prior_density=density,
        prior=facts.prior,
        axes=encoding.plane(ref).axis_names,
        height=height,
        rasterised=True,
    )
    if bar is not None:
        add_scale_bar(drawing, mode, window, bar)
    return plane.bare(drawing) if bare else drawing


def say_outside(windows: Mapping[Ref, Window]) -> None:
    """Say how many dots lie outside the priors' maps, where some do: the picture of the dots ends there."""
    images = {ref: catalogue.facts(ref).images for ref in windows}
    outside = {ref: images[ref] - len(selection.rows_in(ref, window)) for ref, window in windows.items()}
    if some := [f"{short_words(ref)} {count(each)} of {count(images[ref])}" for ref, each in outside.items() if each]:
        st.caption(f"Dots outside the maps: {', '.join(some)}.")


def say_axes(ref: Ref) -> None:
    """Say which plane a map without axes shows, where it is not the latent space itself."""
    flat = encoding.plane(ref)
    if not flat.exact:
        st.caption(f"{flat.axis_names[0]}; {flat.axis_names[1].lower()}")


def bar_of(windows: Iterable[Window]) -> float | None:
    """The length in latent units of the bar on all these maps; None where they have one range."""
    return bar_length(list(windows))


def say_ranges(bar: float | None) -> None:
    """Say that the maps have different ranges, where they have."""
    if bar is not None:
        units = "unit" if bar == 1 else "units"
        st.caption(f"Each map has its own range: the bar is {bar:g} latent {units} long in every map.")
