"""Overview: which prior explains the data best, in a sentence, in samples and in maps; then what that rests on."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import state
from app.figures import tiles
from app.records import Window
from app.services import catalogue, densities, distinct, images, literature, priors, scores, units
from app.services import verdict as judging
from app.services.loading import Ref
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
    score_charts,
    screen,
    seeds,
    verdict,
)
from app.widgets.cursor import one_cursor
from app.widgets.family import (
    bar_of,
    colours_of,
    full_name,
    in_columns,
    latent_map,
    readable,
    say_axes,
    say_outside,
    say_ranges,
    short_words,
)
from app.widgets.few_units import few_units
from app.widgets.fragment import fragment
from app.widgets.latent_plane.images import shuffled
from app.widgets.sidebar import part_notice

SAMPLES, COLUMNS = 16, 8
REAL, REAL_NARROW = 24, 12
MAP_HEIGHT = 264
# Pixels of a number and its label.
NUMBER_WIDTH = 142

here = state.selected()
name = here.experiment.name


def head() -> None:
    """The question, and what is compared."""
    vectors = catalogue.is_vector(catalogue.facts(refs[0]).shape)
    one, subject = ("vector", "these vectors") if vectors else ("image", "these images")
    trained = sum(catalogue.facts(ref).edit is None for ref in refs)
    edited = f", and {numbers.numeral(len(refs) - trained)} edited" if trained < len(refs) else ""
    alike = "trained the same way" if judged.comparable else "whose trainings stopped at different epochs"
    several = f"{numbers.numeral(trained).capitalize()} priors, {alike}{edited}." if trained > 1 else ""
    page.page_head(
        f"Which prior explains {here.experiment.subject or subject} best?",
        f"A VAE turns every {one} into a point and any point into {'an' if one == 'image' else 'a'} {one}. Its prior "
        f"says where points may lie. {several}",
        *verdict.terms(judged),
    )


def real_images() -> None:
    """A row of test images, to hold the samples against, which stand below it."""
    facts = catalogue.facts(refs[0])
    count = min(facts.images, REAL_NARROW if screen.is_narrow() else REAL)
    rows = tuple(int(row) for row in shuffled(facts.images)[:count])
    shown = images.from_test_set(refs[0], rows)
    what = "Real test images" if shown.originals else "Test images, reconstructed: the originals are not installed"
    if catalogue.is_vector(facts.shape):
        what = what.replace("images", "vectors")
    words, strip = st.columns([2.9, 8], vertical_alignment="center", gap="small")
    words.caption(f"{what}; invented ones below")
    with strip:
        pictures.show(pictures.images_png(shown.pixels, facts.binary, columns=count, across=1000), alt=what)


def show_prior(ref: Ref, window: Window, colour: str, bar: float | None) -> Container:
    """A prior: its idea, its samples, its map, and what it scores; returns the container for the samples."""
    facts = catalogue.facts(ref)
    with st.container(gap="xxsmall"):
        page.prior_heading(ref)
        if idea := priors.prior_idea(facts.prior, facts.alive):
            st.caption(idea)
        samples_go_here = st.container()
        drawing = latent_map(ref, window, colour, page.mode(), height=MAP_HEIGHT, bar=bar, bare=True)
        export.figure(drawing, key=f"overview_map_{ref.prior}", name=f"{ref.experiment}-{ref.prior}-map")
        say_axes(ref)
        # In a narrow column one stands under the other.
        with st.container(horizontal=True):
            show_score(ref)
            show_distinct(ref)
        flows.say_flow(ref)
    return samples_go_here


def show_score(ref: Ref) -> None:
    """The score with its error; higher is better."""
    metric = scores.score(ref)
    with st.container(gap=None, width=NUMBER_WIDTH):
        if metric is None:
            st.metric("Log-likelihood", "not evaluated")
            return
        # The error stands beneath: beside the score it would be cut off in a narrow column.
        st.metric(f"{numbers.label(metric.name)} \u2191", numbers.value(metric))
        error = f"**{words}** " if (words := numbers.error(metric)) else ""
        parts = [f"{error}{numbers.unit(metric)}", seeds.score_words(ref), numbers.direction(metric.name)]
        st.caption("; ".join(filter(None, parts)))


def show_distinct(ref: Ref) -> None:
    """How many components the test images tell apart."""
    found = distinct.distinct_components(ref)
    if found is None:
        return
    with st.container(gap=None, width=NUMBER_WIDTH):
        st.metric("Distinct components", numbers.distinct(found.value, found.components))
        st.caption(f"n = {numbers.count(found.images)}")


@fragment
def side_by_side() -> None:
    """A column for each prior, and under them the controls that all share."""
    maps = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colours = colours_of(refs)
        colour = colours[0]
        if len(colours) > 1:
            colour = controls.choose("Colour of the dots", colours, key="overview_colour", default=colour)
        span = controls.choose("Range of the maps", ("own", "shared"), key="overview_range", default="own")
        samples_control = st.container(width=200), st.container(width="content")
    windows = {ref: densities.window(refs if span == "shared" else (ref,)) for ref in refs}
    bar = bar_of(windows.values())
    with maps:
        places = in_columns(refs, lambda ref: show_prior(ref, windows[ref], colour, bar))
        say_ranges(bar)
        say_outside(windows)
    draw_samples(*samples_control, places)


@fragment
def draw_samples(control: Container, button: Container, places: tuple[Container, ...]) -> None:
    """Samples of each prior in its container; the maps do not change with them and are not drawn again."""
    with control:
        seed = controls.number("Seed of the samples", key="overview_seed", low=0, high=9999)
    mode = page.mode()

    def together() -> bytes:
        decoded = np.concatenate([images.prior_samples(ref, SAMPLES, seed, 1.0).pixels for ref in refs])
        return tiles.tiles_png(decoded, mode, columns=SAMPLES, binary=catalogue.facts(refs[0]).binary, pixel=4)

    with button:
        export.file_button("Save the samples", together, key="overview_samples", name=f"{name}-samples.png")
    for ref, place in zip(refs, places, strict=True):
        with place:
            picture = drawn.prior_samples(ref, SAMPLES, seed, mode, COLUMNS)
            pictures.show(picture, alt=f"{full_name(ref)}: {SAMPLES} decoded draws, seed {seed}")
    if words := layers.drawn_words(refs[0]):
        st.caption(f"Samples: {words[0].lower()}{words[1:]}")


def in_detail(ref: Ref) -> None:
    """What a prior's score was computed from, what others reported, and what of the model is used."""
    tested = f"n = {numbers.count(catalogue.facts(ref).images)}"
    metric = scores.score(ref)
    with st.container(border=True, height="stretch", gap="small"):
        page.prior_heading(ref)
        if metric is not None:
            trained = f"; {said}" if (said := seeds.score_words(ref)) else ""
            st.caption(f"{numbers.label(metric.name)}, in {basis(ref, metric)}{trained}")
        for known in literature.published(ref):
            source, said = known.source, "as reported: " if known.source.as_reported else ""
            shown = numbers.signed(f"{known.value:.2f}")
            st.caption(f"Published log-likelihood: **{shown}** {known.unit}, {said}[{source.title}]({source.url})")
        if few_units(refs):
            st.caption(f"Active units: {units.active_label(ref)}, {tested}")
        else:
            with st.container(gap=None):
                st.metric("Active units", units.active_label(ref))
                st.caption(tested)
        if effective := scores.effective_label(ref):
            used = catalogue.metric(ref, "effective_components")
            with st.container(gap=None):
                st.metric("Effective components", effective)
                st.caption(f"n = {numbers.count((used.n if used else 0) or 0)}")


def basis(ref: Ref, metric: scores.Metric) -> str:
    """What a score was computed from; of a difference estimate, both parts."""
    part = catalogue.estimated_part(ref)
    if metric.name != "log_likelihood" or part is None:
        return numbers.caption(metric)
    tested, unit = numbers.count(catalogue.facts(ref).test_images), numbers.unit(metric)
    return f"{unit}, n = {tested} by their ELBO, {numbers.count(part)} of them by {numbers.estimator(metric)}"


def about_components() -> None:
    """What the number of distinct components says, and what it does not."""
    found = [each for ref in refs if (each := distinct.distinct_components(ref)) is not None and each.components > 1]
    if not found:
        return
    few = [each for each in found if not each.ranks]
    so = ""
    if few:
        least = min(each.images / each.components for each in few)
        so = (
            f" With {least:.0f} test images a component the number follows that of the images, so it does not rank "
            "these priors."
        )
    st.caption(
        "Distinct components: how many of those in use the test images tell apart; copies of a component count once. "
        f"More is not better by itself.{so}"
    )


def paired() -> None:
    """By how much each prior scores better than the first one, image by image, from the stored scores."""
    if found := differences.stored_differences(refs, refs[0]):
        st.header(f"Difference from {short_words(refs[0])}, image by image", anchor=False)
        differences.show_stored(refs, found, refs[0], key="overview_differences")


refs = readable(here.experiment.refs)
judged = judging.verdict(refs)
head()
verdict.show(judged, key="overview_verdict")
real_images()
side_by_side()
one_cursor(refs, lambda ref: f"overview_map_{ref.prior}", key="overview_cursor")
film.show(refs, key="overview_film")
about_components()
part_notice(refs)
unfinished = [short_words(ref) for ref in refs if not catalogue.facts(ref).info.converged]
if unfinished:
    st.caption(f":material/hourglass_top: Not converged, the best weights so far: {', '.join(unfinished)}.")
page.explain(
    """
**Maps.** Each prior was trained with its own encoder and decoder, so each has its own latent space. A dot is one
sample z ~ q(z | x) for a test image; together the dots are the *aggregated posterior*. Contours enclose 50, 80, 95
and 99 % of the prior’s mass: a good prior’s contours follow the dots closely. Both axes of a map have the same unit.
Each map has its own range unless you choose one range for all; where the ranges differ, the bar in each map has the
same length in latent units. With more than two dimensions a map shows the first two principal axes of the posterior
means and the share of the variance on each; the contours are the exact marginal of the prior on that plane. A flow
prior has no such marginal, so its map has no contours in more than two dimensions.

**Samples.** Images decoded from draws of each prior. Samples at the same position start from the same random numbers
in every prior.

**Log-likelihood** is the mean of log p(x) over the test images; higher is better. Each card names the estimator:
*exact (quadrature)* integrates over a two-dimensional latent space; *importance sampling* with S samples per image is
a lower bound in expectation. ± is one standard error over images, SD the standard deviation of trainings that differ
in their seed. Where log p(x) was estimated for some of the images only, the score is the mean ELBO of all images plus
the mean of log p(x) − ELBO over those. Where log p(x) was not evaluated, the card shows the ELBO, which is a lower
bound.

**The verdict** compares priors image by image. Test images that are hard for one prior are hard for all, so a paired
difference has a much smaller error than the scores themselves. With several trainings its error is over images and
over trainings; with one it is over images alone. A prior is *better* where the 95 % interval of the difference
(Student’s t) lies above 0, and *worse* where it lies below. If the interval contains 0, two are *a tie* where it lies
within half a nat an image (two nats for grey images), and else it is *undecided*.

**Distinct components** are exp(H(usage) − mean H(k | z)), the exponential of the information that a component gives
about the image. **Effective components** are exp of the entropy of the components’ usage alone, which counts copies.

**Active units** are latent dimensions whose posterior mean varies by more than 0.01 over the test set. The other
units hardly change with the image.

**Published** scores are shown where one was reported for the same data, likelihood and architecture; those models may
have been trained longer or with other settings.
"""
)
left, right = st.columns(2, gap="large")
with left:
    paired()
with right if judged.verdict.others else left:
    st.header("Test scores", anchor=False)
    score_charts.against_published(refs, f"{name}-scores")
    export.csv_button(
        "Save all scores", lambda: score_charts.stored_scores(refs), key="overview_csv", name=f"{name}-scores"
    )
in_columns(refs, in_detail)
st.header("Training curves", anchor=False)
score_charts.training(refs, f"{name}-history")
