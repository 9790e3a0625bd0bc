"""Overview: the priors of one experiment side by side, what they reach, what was published, how they were trained."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import services, state, widgets
from app.figures import comparison, history, tiles
from app.figures.theme import Theme
from app.widgets.family import (
    COLUMN_WIDTH,
    colours_of,
    count_of_components,
    full_name,
    in_columns,
    latent_map,
    readable,
    say_flow,
    short_name,
)
from app.widgets.figures_table import estimated_parts
from app.widgets.numbers import label

SAMPLES = 16
COLUMNS = 8

here = state.selected()
name = here.experiment.name


def reached(ref: services.Ref) -> services.Metric | None:
    """The stored log-likelihood of test images; the ELBO, its lower bound, where that was not evaluated yet."""
    return services.metric(ref, "log_likelihood") or services.metric(ref, "elbo")


def basis(ref: services.Ref, metric: services.Metric) -> str:
    """What a figure was computed from; of a difference estimate, both parts."""
    part = services.estimated_part(ref)
    if metric.name != "log_likelihood" or part is None:
        return widgets.caption(metric)
    of_a_part = f"{widgets.count(part)} of them with S = {widgets.count(metric.samples or 0)}"
    return f"{metric.unit}, n = {widgets.count(services.facts(ref).test_images)} by their ELBO, {of_a_part}"


def numbers(ref: services.Ref) -> None:
    """What a prior reaches, its active units, and the published figure."""
    facts, metric = services.facts(ref), reached(ref)
    with st.container(border=True, height="stretch", gap="small"):
        value, units = st.columns([2, 1])
        with value.container(gap=None):
            if metric is None:
                st.metric(f"Log-likelihood, {short_name(ref)}", "not evaluated")
            else:
                st.metric(f"{label(metric.name)}, {short_name(ref)}", widgets.format_value(metric.value, metric.se))
                st.caption(basis(ref, metric))
        with units.container(gap=None):
            st.metric("Active units", services.active_label(ref))
            st.caption(f"n = {widgets.count(facts.images)}")
        for known in services.published(ref):
            said = "as reported: " if known.as_reported else ""
            shown = widgets.signed(f"{known.value:.2f}")
            st.caption(f"Published log-likelihood: **{shown}** {known.unit}, {said}[{known.source}]({known.url})")


@services.kept(200)
def samples(ref: services.Ref, seed: int, mode: Theme) -> bytes:
    """Decoded draws of a prior, as a picture of two rows."""
    facts = services.facts(ref)
    return tiles.tiles_png(
        services.prior_samples(ref, SAMPLES, seed).pixels,
        mode,
        columns=COLUMNS,
        binary=facts.binary,
        pixel=widgets.enlargement(facts.shape[-1], COLUMNS, COLUMN_WIDTH),
    )


def card(ref: services.Ref, window: services.Window, colour: str) -> Container:
    """A prior's map under its name; gives the place for its samples."""
    widgets.prior_heading(ref, count_of_components(ref))
    widgets.figure(
        latent_map(ref, window, colour, widgets.mode(), height=370),
        key=f"overview_map_{ref.prior}",
        name=f"{ref.experiment}-{ref.prior}-map",
    )
    samples_go_here = st.container()
    say_flow(ref)
    return samples_go_here


@widgets.fragment
def side_by_side() -> None:
    """A column for each prior, and under them what can be changed in all at once."""
    maps = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colours = colours_of(refs)
        colour = colours[0]
        if len(colours) > 1:
            colour = widgets.choose("Colour of the points", colours, key="overview_colour", default=colour)
        spans = ("own", "shared")
        span = widgets.choose("Range of the maps", spans, key="overview_range", default="own")
        controls = st.container(width=200), st.container(width="content")
    with maps:
        places = in_columns(refs, lambda ref: card(ref, services.window(refs if span == "shared" else (ref,)), colour))
    draw_samples(*controls, places)


@widgets.fragment
def draw_samples(control: Container, button: Container, places: tuple[Container, ...]) -> None:
    """Samples of each prior in its place; the maps, which they do not change, stay as they are."""
    with control:
        seed = widgets.number("Seed of the samples", key="overview_seed", low=0, high=9999)
    mode = widgets.mode()

    def together() -> bytes:
        drawn = np.concatenate([services.prior_samples(ref, SAMPLES, seed).pixels for ref in refs])
        return tiles.tiles_png(drawn, mode, columns=SAMPLES, binary=services.facts(refs[0]).binary, pixel=4)

    with button:
        widgets.file_button("Save the samples", together, key="overview_samples", name=f"{name}-samples.png")
    for ref, place in zip(refs, places, strict=True):
        with place:
            widgets.picture(samples(ref, seed, mode), alt=f"{full_name(ref)}: {SAMPLES} decoded draws, seed {seed}")


def against_published() -> None:
    """Our figures and the published ones on one axis."""
    found = [(ref, metric) for ref in refs if (metric := reached(ref)) is not None]
    names = {metric.name for _, metric in found}
    if len(names) != 1:
        # A bound and an estimate on one axis would be read as a difference between priors.
        st.info("Not all priors are evaluated yet: run `python -m vampcore evaluate MODEL --save`.")
        return
    rows = []
    for ref, metric in found:
        rows.append(comparison.Estimate(short_name(ref), services.facts(ref).prior, metric.value, metric.se))
        if metric.name == "log_likelihood":
            rows += [
                comparison.Estimate(f"{short_name(ref)}, published", None, known.value, None)
                for known in services.published(ref)
            ]
    (measured,) = names
    drawing = comparison.estimates(widgets.mode(), rows, quantity=f"{label(measured)} (nats/image)")
    widgets.figure(drawing, key="overview_reached", name=f"{name}-figures")
    if parts := estimated_parts(tuple(ref for ref, _ in found)):
        st.caption(
            f"Estimated of a random part of the test images: {parts}. Figure for all of them: their mean ELBO, plus "
            "the mean of log p(x) − ELBO over the part."
        )
    if measured != "log_likelihood":
        st.caption("A lower bound. For log p(x), run `python -m vampcore evaluate MODEL --save`.")


def training() -> None:
    """The ELBO through the epochs of every prior."""
    runs = []
    for ref in refs:
        past, facts = services.history(ref), services.facts(ref)
        if past.names:
            epoch, train, validation = (past.column(each) for each in ("epoch", "train_elbo", "validation_elbo"))
            runs.append(history.History(short_name(ref), facts.prior, epoch, train, validation, facts.best_epoch))
    if not runs:
        st.info("These checkpoints hold no history of their training.")
        return
    widgets.figure(history.history(widgets.mode(), runs), key="overview_history", name=f"{name}-history")


def layer_of(ref: services.Ref, metric: services.Metric) -> str | None:
    """The name of the stochastic layer that a figure is of, z1 next to the data; None of the model as a whole."""
    return None if metric.layer is None else f"z{len(services.facts(ref).latent_dims) - metric.layer}"


def stored_figures() -> dict[str, list[str | float | None]]:
    """Every stored figure of every prior, and the published ones, by column."""
    rows: list[tuple[str | float | None, ...]] = []
    for ref in refs:
        rows += [
            (ref.prior, m.name, m.value, m.unit, m.se, m.n, m.samples, m.split, layer_of(ref, m), "this checkpoint")
            for m in services.metrics(ref)
        ]
        for known in services.published(ref):
            source = f"{known.source}, {known.url}" + (", as reported" if known.as_reported else "")
            rows.append((ref.prior, known.name, known.value, known.unit, None, None, None, "test", None, source))
    columns = ("prior", "figure", "value", "unit", "se", "n", "samples", "split", "layer", "source")
    return {column: [row[place] for row in rows] for place, column in enumerate(columns)}


widgets.page_head(
    "Overview",
    "Lines show the prior, points the data. Look for lines around empty places, and for points outside all lines.",
)
refs = readable(here.experiment.refs)
widgets.part_notice(refs)
side_by_side()
in_columns(refs, numbers)
unfinished = [short_name(ref) for ref in refs if not services.facts(ref).converged]
if unfinished:
    st.caption(f":material/hourglass_top: Not converged, the best weights so far: {', '.join(unfinished)}.")
widgets.explain(
    """
**Maps.** Each prior was trained with an encoder and a decoder of its own, so each has its own latent space. A point is
one sample z ~ q(z | x) for each image of the test set: together they are the *aggregated posterior*. Lines enclose 50,
80, 95 and 99 % of the prior’s mass. Both axes have the same unit; the range is each map’s own, or one for all. In
more than two dimensions a map shows the first two principal axes of the posterior means, with the share of the variance
that each holds; the lines are then the exact marginal of the prior on that plane. A prior that is a flow has no such
marginal, so that its map has no lines in more than two dimensions.

**Samples.** Decoded draws from each prior. Draws at the same position start from the same random numbers in all priors.

**Log-likelihood** is log p(x) for a test image on average, estimated with S importance samples for each of n images;
higher is better, and ± is one standard error over images. Estimated of a part of the images only, it is completed by
the others’ ELBO: the mean ELBO of all, plus the mean of log p(x) − ELBO over the part. Where it was not evaluated yet,
the ELBO stands in, which is a lower bound. The errors of two priors are of the same images, so that a small difference
can be sure: Compare priors pairs them. Each model was trained once, so a difference between priors includes the luck of
one training.

**Active units** are latent dimensions whose posterior mean varies by more than 0.01 over the test set. The others are
ignored by the decoder.

**Published** figures are shown where one was reported for the same data, likelihood and architecture; those models may
have been trained longer, and otherwise.
"""
)
left, right = st.columns(2, gap="large")
with left:
    st.subheader("What they reach", anchor=False)
    against_published()
    widgets.csv_button("Save all figures", stored_figures, key="overview_csv", name=f"{name}-figures")
with right:
    st.subheader("How they were trained", anchor=False)
    training()
