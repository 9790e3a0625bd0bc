"""Overview: the priors of one experiment side by side, their scores, published scores, and training curves."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import state
from app.figures import comparison, history, tiles
from app.records import Window
from app.services import catalogue, densities, images, literature, scores, units
from app.services.loading import Ref
from app.services.scores import Metric
from app.widgets import (
    controls,
    differences,
    drawn,
    export,
    film,
    flows,
    layers,
    numbers,
    page,
    pictures,
    screen,
    sidebar,
)
from app.widgets.cursor import one_cursor
from app.widgets.family import (
    bar_of,
    colours_of,
    count_of_components,
    full_name,
    in_columns,
    latent_map,
    readable,
    say_outside,
    say_ranges,
    short_name,
    short_words,
)
from app.widgets.figures_table import estimated_parts, layer_of
from app.widgets.fragment import fragment
from app.widgets.numbers import label, unit

SAMPLES = 16
COLUMNS = 8

here = state.selected()
name = here.experiment.name


def basis(ref: Ref, metric: Metric) -> str:
    """What a score was computed from; of a difference estimate, both parts."""
    part = catalogue.estimated_part(ref)
    if metric.name != "log_likelihood" or part is None:
        return numbers.caption(metric)
    images = numbers.count(catalogue.facts(ref).test_images)
    return f"{unit(metric)}, n = {images} by their ELBO, {numbers.count(part)} of them by {numbers.estimator(metric)}"


def show_scores(ref: Ref) -> None:
    """What a prior scores, by how much that differs from the first prior, and what of it is used."""
    metric = scores.score(ref)
    with st.container(border=True, height="stretch", gap="small"):
        with st.container(gap=None):
            if metric is None:
                st.metric(f"Log-likelihood, {short_words(ref)}", "not evaluated")
            else:
                # The error stands beneath: beside the score it would be cut off in a narrow column.
                st.metric(f"{label(metric.name)}, {short_words(ref)}", numbers.value(metric))
                error = f"**{words}** " if (words := numbers.error(metric)) else ""
                st.caption(f"{error}{basis(ref, metric)}; {numbers.direction(metric.name)}")
        for known in literature.published(ref):
            source, said = known.source, "as reported: " if known.source.as_reported else ""
            shown = numbers.signed(f"{known.value:.2f}")
            st.caption(f"Published log-likelihood: **{shown}** {known.unit}, {said}[{source.title}]({source.url})")
        difference = None if ref == refs[0] else scores.stored_difference(ref, refs[0])
        if difference is not None:
            st.caption(differences.differences_in_words({ref: difference}, refs[0]))
        with st.container(gap=None):
            st.metric("Active units", units.active_label(ref))
            st.caption(f"n = {numbers.count(catalogue.facts(ref).images)}")
        if effective := scores.effective_label(ref):
            used = catalogue.metric(ref, "effective_components")
            with st.container(gap=None):
                st.metric("Effective components", effective)
                st.caption(f"n = {numbers.count((used.n if used else 0) or 0)}")


def card(ref: Ref, window: Window, colour: str, bar: float | None) -> Container:
    """A prior's map under its name; returns the container for its samples."""
    page.prior_heading(ref, count_of_components(ref))
    export.figure(
        latent_map(ref, window, colour, page.mode(), height=370, bar=bar),
        key=f"overview_map_{ref.prior}",
        name=f"{ref.experiment}-{ref.prior}-map",
    )
    say_outside(ref, window)
    samples_go_here = st.container()
    flows.say_flow(ref)
    return samples_go_here


@fragment
def side_by_side() -> None:
    """A column for each prior, and under them the controls that all share."""
    maps = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colours = colours_of(refs)
        colour = colours[0]
        if len(colours) > 1:
            colour = controls.choose("Colour of the dots", colours, key="overview_colour", default=colour)
        spans = ("own", "shared")
        span = controls.choose("Range of the maps", spans, key="overview_range", default="own")
        places_of_controls = st.container(width=200), st.container(width="content")
    windows = {ref: densities.window(refs if span == "shared" else (ref,)) for ref in refs}
    bar = bar_of(windows.values())
    with maps:
        places = in_columns(refs, lambda ref: card(ref, windows[ref], colour, bar))
        say_ranges(bar)
    draw_samples(*places_of_controls, places)


@fragment
def draw_samples(control: Container, button: Container, places: tuple[Container, ...]) -> None:
    """Samples of each prior in its container; the maps do not change with them and are not drawn again."""
    with control:
        seed = controls.number("Seed of the samples", key="overview_seed", low=0, high=9999)
    mode = page.mode()

    def together() -> bytes:
        images = np.concatenate([images.prior_samples(ref, SAMPLES, seed, 1.0).pixels for ref in refs])
        return tiles.tiles_png(images, mode, columns=SAMPLES, binary=catalogue.facts(refs[0]).binary, pixel=4)

    with button:
        export.file_button("Save the samples", together, key="overview_samples", name=f"{name}-samples.png")
    for ref, place in zip(refs, places, strict=True):
        with place:
            picture = drawn.prior_samples(ref, SAMPLES, seed, mode, COLUMNS)
            pictures.picture(picture, alt=f"{full_name(ref)}: {SAMPLES} decoded draws, seed {seed}")
    if words := layers.drawn_words(refs[0]):
        st.caption(f"Samples: {words[0].lower()}{words[1:]}")


def paired() -> None:
    """By how much each prior scores better than the first one, image by image, from the stored scores."""
    if found := differences.stored_differences(refs, refs[0]):
        st.subheader(f"Difference from {short_words(refs[0])}, image by image", anchor=False)
        differences.show_differences(found, refs[0], key="overview_differences")


def against_published() -> None:
    """Our scores and the published ones on one axis."""
    found = [(ref, metric) for ref in refs if (metric := scores.score(ref)) is not None]
    names = {metric.name for _, metric in found}
    if len(names) != 1:
        # A bound and an estimate on one axis would be read as a difference between priors.
        st.info("Not all priors are evaluated yet: run `python -m vampcore evaluate MODEL --save`.")
        return
    rows = []
    for ref, metric in found:
        rows.append(comparison.Estimate(short_name(ref), ref.kind, metric.value, metric.se))
        if metric.name == "log_likelihood":
            rows += [
                comparison.Estimate(f"{short_name(ref)}, published", None, known.value, None)
                for known in literature.published(ref)
            ]
    (measured,) = names
    quantity = f"nats/image, {numbers.direction(measured)}"
    if not screen.is_narrow():
        quantity = f"{label(measured)} ({quantity})"
    export.figure(
        comparison.estimates(page.mode(), rows, quantity=quantity), key="overview_reached", name=f"{name}-scores"
    )
    if parts := estimated_parts(tuple(ref for ref, _ in found)):
        st.caption(
            f"Estimated on a random subset of the test images: {parts}. Score for all of them: their mean ELBO, plus "
            "the mean of log p(x) − ELBO over the subset."
        )
    if len(found) > 1:
        st.caption(
            "± one standard error over images, which all priors share: overlapping bars do not mean a tie. The paired "
            "difference decides."
        )
    if measured != "log_likelihood":
        st.caption("A lower bound. For log p(x), run `python -m vampcore evaluate MODEL --save`.")


def training() -> None:
    """The ELBO through the epochs of every prior."""
    runs = []
    for ref in refs:
        past, facts = catalogue.history(ref), catalogue.facts(ref)
        if past.names:
            epoch, train, validation = (past.column(each) for each in ("epoch", "train_elbo", "validation_elbo"))
            runs.append(history.History(short_name(ref), facts.prior, epoch, train, validation, facts.best_epoch))
    if not runs:
        st.info("These checkpoints have no training curves.")
        return
    export.figure(history.history(page.mode(), runs), key="overview_history", name=f"{name}-history")


def bound_of(ref: Ref, metric: Metric) -> str | None:
    """Which bound the number is, lower or upper; None where it is none."""
    images = catalogue.facts(ref).test_images
    if metric.name == "elbo":
        return "lower"
    return scores.bound_of(metric, catalogue.metric(ref, "mutual_information"), images) or None


def stored_scores() -> dict[str, list[str | float | None]]:
    """Every stored score of every prior, the paired differences, and the published ones, by column."""
    rows: list[tuple[str | float | None, ...]] = []

    def add(prior: str, name: str, m: Metric, bound: str | None, layer: str | None, source: str) -> None:
        counts = (m.se, m.n, m.samples, numbers.estimator(m), m.split)
        rows.append((prior, name, m.value, bound, m.unit, *counts, layer, source))

    for ref in refs:
        for m in catalogue.metrics(ref):
            add(ref.prior, m.name, m, bound_of(ref, m), layer_of(ref, m), "this checkpoint")
        found = None if ref == refs[0] else scores.stored_difference(ref, refs[0])
        if found is not None:
            add(ref.prior, f"{found.name} from {refs[0].prior}", found, None, None, "these checkpoints")
        for known in literature.published(ref):
            source = f"{known.source.title}, {known.source.url}" + (", as reported" if known.source.as_reported else "")
            rows.append((ref.prior, known.name, known.value, None, known.unit, *[None] * 4, "test", None, source))
    columns = (
        "prior",
        "score",
        "value",
        "bound",
        "unit",
        "se",
        "n",
        "samples",
        "estimator",
        "split",
        "layer",
        "source",
    )
    return {column: [row[place] for row in rows] for place, column in enumerate(columns)}


page.page_head(
    "Overview",
    "Each dot is a test image; the contours show where the prior expects images. The contours of a good prior follow "
    "the dots closely.",
)
refs = readable(here.experiment.refs)
sidebar.part_notice(refs)
one_cursor(refs, lambda ref: f"overview_map_{ref.prior}", key="overview_cursor")
side_by_side()
film.show(refs, key="overview_film")
in_columns(refs, show_scores)
unfinished = [short_words(ref) for ref in refs if not catalogue.facts(ref).info.converged]
if unfinished:
    st.caption(f":material/hourglass_top: Not converged, the best weights so far: {', '.join(unfinished)}.")
page.explain(
    """
**Maps.** Each prior was trained with its own encoder and decoder, so each has its own latent space. A dot is one
sample z ~ q(z | x) for a test image; together the dots are the *aggregated posterior*. Contours enclose 50, 80, 95
and 99 % of the prior’s mass. Both axes of a map have the same unit. Each map has its own range unless you choose one
range for all; where the ranges differ, the bar in each map has the same length in latent units. With more than two
dimensions a map shows the first two principal axes of the posterior means and the share of the variance on each; the
contours are the exact marginal of the prior on that plane. A flow prior has no such marginal, so its map has no
contours in more than two dimensions.

**Samples.** Images decoded from draws of each prior. Samples at the same position start from the same random numbers
in every prior.

**Log-likelihood** is the mean of log p(x) over the test images; higher is better. Each card names the estimator:
*exact (quadrature)* integrates over a two-dimensional latent space; *importance sampling* with S samples per image is
a lower bound in expectation. ± is one standard error over images. Where log p(x) was estimated for some of the images
only, the score is the mean ELBO of all images plus the mean of log p(x) − ELBO over those. Where log p(x) was not
evaluated, the card shows the ELBO, which is a lower bound.

**Differences** are taken image by image. Test images that are hard for one prior are hard for all, so a paired
difference has a much smaller error than the scores themselves. Each model was trained once: a difference between
priors includes the random variation of a single training run.

**Active units** are latent dimensions whose posterior mean varies by more than 0.01 over the test set. The other
units hardly change with the image.

**Effective components** is exp of the entropy of the components’ usage by the test images: the test images may
use only eight of the 500 components of a prior.

**Published** scores are shown where one was reported for the same data, likelihood and architecture; those models may
have been trained longer or with other settings.
"""
)
left, right = st.columns(2, gap="large")
with left:
    paired()
    st.subheader("Test scores", anchor=False)
    against_published()
    export.csv_button("Save all scores", stored_scores, key="overview_csv", name=f"{name}-scores")
with right:
    st.subheader("Training curves", anchor=False)
    training()
