"""Compare priors: samples from the same noise, contours, holes, stored scores, and scores measured now."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import state
from app.figures import tiles
from app.records import Window
from app.services import availability, catalogue, compare, densities, images, loading, scores
from app.services import verdict as judging
from app.services.compare import LiveFigures
from app.services.compared import compared
from app.services.loading import Ref
from app.services.scores import Metric
from app.widgets import controls, differences, drawn, export, flows, layers, numbers, openings, page, pictures, sidebar
from app.widgets.cursor import one_cursor
from app.widgets.differences import Differences, cells, quantity
from app.widgets.disagreement import disagreement
from app.widgets.duel import show_duel
from app.widgets.family import (
    bar_of,
    colours_of,
    count_of_components,
    in_columns,
    latent_map,
    readable,
    say_outside,
    say_ranges,
    short_name,
    short_words,
)
from app.widgets.figures_table import layer_of, say_ceiling, say_not_measured, say_stored, show_table, stored, table
from app.widgets.fragment import fragment
from app.widgets.kl_parts import show_kl, stored_kl
from app.widgets.morph import morph_between_images
from app.widgets.one_image import show_images
from app.widgets.verdict import clause_over_trainings, terms

COLUMNS = 6
SUBSETS = ("100", "500", "1000", "5000")
IMPORTANCE = ("10", "100", "500", "1000", "5000")
# Seconds of work, as estimated from a timed block, that start without being asked for.
AT_ONCE = 2.0
EXPLANATION = """
**Same noise.** One seed gives every prior the same random numbers, for the choice of a component and for the point
within it. Each prior has its own latent space, so the same point means different images under different priors.

**Maps.** Contours enclose 50, 80, 95 and 99 % of the prior’s mass; each dot is one sample z ~ q(z | x) for a test
image. In more than two dimensions both are projected onto the first two principal axes of the posterior means. Each
map has its own range unless you choose a shared one; the bar in each map has the same length in latent units.

**Holes** are regions inside the prior’s 95 % region and outside the 99 % region of the aggregated posterior of the
test images. A small test set leaves gaps everywhere, so the number shown is the prior’s mass in holes *minus* that of
the data: one random half of the test images against the other half, in the same way. Its error is the spread over 20
such splits. It is shown in two dimensions only, and only where the data’s own mass is at most 3 %.

**Scores.** ELBO = reconstruction − KL, and KL = mutual information + marginal KL: how much z tells about the image,
and how far the aggregated posterior is from the prior. With several layers these two belong to the top layer, and the
KL of each lower layer is added. Both depend on the number of test images N; mutual information is at most log N, and
near this limit both are only bounds (≥, ≤). Importance sampling estimates log p(x) from below: posterior mass that was
never sampled is missing, and effective samples do not show it. Differences are taken image by image.
"""

here = state.selected()
experiment = here.experiment.name


def chosen_priors(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
    """The priors to compare: all, unless some were chosen; in the order of the experiment."""
    if len(refs) < 2:
        return refs
    words = {ref.prior: short_name(ref) for ref in refs}
    with st.container(width=420):
        wanted = controls.choose_many(
            "Priors",
            tuple(words),
            key="compare_priors",
            default=tuple(words),
            names=words,
            help="If none is selected, all are compared.",
        )
    return tuple(ref for ref in refs if ref.prior in wanted) or refs


def same_noise(refs: tuple[Ref, ...], windows: dict[Ref, Window]) -> None:
    """Contours and samples of each prior, with the controls that all share."""
    colour, bar = colours_of(refs)[0], bar_of(windows.values())

    def card(ref: Ref) -> Container:
        page.prior_heading(ref, count_of_components(ref))
        drawing = latent_map(ref, windows[ref], colour, page.mode(), height=350, bar=bar)
        export.figure(drawing, key=f"compare_map_{ref.prior}", name=f"{experiment}-{ref.prior}-contours")
        samples_go_here = st.container()
        flows.say_flow(ref)
        return samples_go_here

    places = in_columns(refs, card)
    say_ranges(bar)
    say_outside(windows)
    draw_samples(refs, places)


@fragment
def draw_samples(refs: tuple[Ref, ...], places: tuple[Container, ...]) -> None:
    """Samples of each prior in its container, with their controls; the maps are not drawn again."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = controls.number("Samples", key="compare_samples", low=6, high=96, default=24, step=6, width=150)
        seed = controls.number("Seed", key="compare_seed", low=0, high=9999, width=150)
        temperature = controls.slide(
            "Temperature",
            key="compare_temperature",
            low=0.0,
            high=2.0,
            default=1.0,
            step=0.05,
            help="Multiplies the noise within a component: 0 shows the components' means, 1 draws from the prior.",
            width=240,
        )
        mode = page.mode()

        def together() -> bytes:
            images = [images.prior_samples(ref, count, seed, temperature).pixels for ref in refs]
            return tiles.tiles_png(np.concatenate(images), mode, columns=count, binary=catalogue.facts(refs[0]).binary)

        export.file_button("Save the samples", together, key="compare_png", name=f"{experiment}-samples.png")
    for ref, place in zip(refs, places, strict=True):
        with place:
            grid = drawn.prior_samples(ref, count, seed, mode, COLUMNS, temperature)
            pictures.show(grid, alt=f"{short_name(ref)}: {count} decoded draws, seed {seed}")
    if words := layers.drawn_words(refs[0]):
        st.caption(f"Samples: {words[0].lower()}{words[1:]}")


def reference(refs: tuple[Ref, ...]) -> Ref:
    """The prior from which differences are taken."""
    if len(refs) < 2:
        return refs[0]
    words = {ref.prior: short_name(ref) for ref in refs}
    with st.container(width=200):
        against = controls.choose_one(
            "Differences from", tuple(words), key="compare_against", default=refs[0].prior, names=words
        )
    return next(ref for ref in refs if ref.prior == against)


def show_scores(refs: tuple[Ref, ...], base: Ref) -> Differences:
    """The stored scores with their paired differences from `base`, which it returns."""
    shown, found = stored(refs), differences.stored_differences(refs, base)
    if found:
        shown.loc[f"{quantity(found)} minus that of {short_words(base)} (nats/image)"] = cells(refs, found, base)
    show_table(shown)
    say_stored(refs)
    left, right = st.columns(2, gap="large")
    if found:
        with left:
            st.header("Difference, image by image", anchor=False)
            differences.show_stored(refs, found, base, key="compare_differences")
    bars = [bar for ref in refs if (bar := stored_kl(ref)) is not None]
    if bars:
        with right if found else left:
            st.header("Parts of the KL", anchor=False)
            show_kl(bars, catalogue.facts(refs[0]).test_images, experiment=experiment, key="compare_surgery")
    return found


@fragment
def measured(refs: tuple[Ref, ...], base: Ref, known: Differences) -> None:
    """The table of scores computed now, with the controls that say on what; it adds to the stored scores."""
    results, beside = st.columns([4, 1], gap="medium")
    facts = catalogue.facts(refs[0])
    total = facts.images
    with beside:
        fewer = tuple(each for each in SUBSETS if int(each) < total)
        subset = "500" if "500" in fewer else "all"
        limit = controls.choose_one("Test images", (*fewer, "all"), key="compare_images", default=subset)
        importance = controls.choose_one(
            "Importance samples",
            IMPORTANCE,
            key="compare_importance",
            default="100",
            help="For each image, in the estimate of log p(x).",
        )
        seed = controls.number("Seed of the measurement", key="compare_subset", low=0, high=9999)
    images = total if limit == "all" else int(limit)
    with results:
        if not availability.has_data(refs[0]) or not compare.same_images(refs):
            say_not_measured(refs)
            return
        if not confirm_slow_run(refs, images, int(importance), seed):
            return
        with page.progress("Measuring") as report:
            found = compare.measure(refs, images, int(importance), seed, report)
        lookup = {each.ref: each for each in found}
        live = {
            each.ref: compare.difference(each, lookup[base]) for each in found if len(refs) > 1 and each.ref != base
        }
        shown = table(refs, lambda ref, each, layer: lookup[ref].find(each, layer), "not computed", total)
        if live:
            shown.loc[f"log p(x) minus that of {short_words(base)} (nats/image)"] = cells(refs, live, base)
        show_table(shown)
        which = "all" if images == total else f"a random {numbers.count(images)} of the"
        kept = "" if facts.keeps_all else " that are kept"
        st.caption(
            f"Measured now on {loading.device().name}, in {sum(each.seconds for each in found):.1f} s: {which} "
            f"{numbers.count(total)} test images{kept}, the same for every prior; S = {numbers.count(int(importance))} "
            "importance samples; ± one standard error over images. Of the training that ships."
        )
        if images < total:
            shift = compare.subset_shift(lookup[base])
            st.caption(
                f"These {numbers.count(images)} images are a sample: their stored ELBO with {short_words(base)} is "
                f"{abs(shift):.2f} nats/image {'above' if shift >= 0 else 'below'} the mean over all "
                f"{numbers.count(total)}. Differences between priors are taken on the same images."
            )
        whole = [each for each in found if each.find("mutual_information") is None]
        if whole:
            st.caption(
                f"{', '.join(short_words(each.ref) for each in whole)}: mutual information and marginal KL are not "
                "computed where the posteriors are flows, since the density of their aggregate takes N² inverse passes."
            )
        say_ceiling(refs, lambda ref, each, layer: lookup[ref].find(each, layer), total)
        improved = {ref: each for ref, each in live.items() if scores.better(known.get(ref), each) is each}
        if improved:
            # Where the checkpoints store log p(x) of more images, or from more samples, that stands above.
            differences.show_differences(improved, base, key="compare_live_differences")
    save(found, live, base)


def confirm_slow_run(refs: tuple[Ref, ...], images: int, importance: int, seed: int) -> bool:
    """Whether to measure: at once where it is quick, else when the button was pressed for just this choice."""
    choice = (refs, images, importance, seed)
    if st.session_state.get("compare_agreed") == choice:
        return True
    seconds = compare.expected_seconds(refs, images, importance)
    if seconds <= AT_ONCE:
        return True
    device = loading.device()
    where = "this CPU" if device.kind == "cpu" else device.name
    st.info(f"Needs about {in_words(seconds)} on {where}.", icon=":material/hourglass_top:")
    st.button("Measure", key="compare_measure", on_click=st.session_state.update, args=({"compare_agreed": choice},))
    return False


def in_words(seconds: float) -> str:
    """A duration, roughly: "40 seconds", "2 minutes", "3 hours"."""
    if seconds < 90:
        return f"{10 * max(1, round(seconds / 10))} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{round(seconds / 3600)} hours"


def save(found: tuple[LiveFigures, ...], differences: dict[Ref, Metric], base: Ref) -> None:
    """What was measured now, to take away."""
    with st.container(horizontal=True):
        columns = ("prior", "score", "value", "unit", "se", "n", "samples", "layer", "seed", "device")
        named = {
            ref: replace(each, name=f"log_likelihood minus that of {base.prior}") for ref, each in differences.items()
        }
        tidy = [
            (each.ref.prior, m.name, m.value, m.unit, m.se, m.n, m.samples, layer_of(each.ref, m), m.seed, m.device)
            for each in found
            for m in (*each.metrics, *([named[each.ref]] if each.ref in named else []))
        ]
        lists = pd.DataFrame(tidy, columns=columns, dtype=object).to_dict("list")
        export.csv_button("Save the table", lists, key="compare_csv", name=f"{experiment}-live")
        images: dict[str, np.ndarray] = {"number in the data set": found[0].rows}
        images |= {f"log p(x), {each.ref.prior} (nats)": each.log_likelihood for each in found}
        export.csv_button("Save log p(x) of each image", images, key="compare_each", name=f"{experiment}-per-image")


trained = readable(here.experiment.refs)
judged = judging.verdict(trained)
page.page_head("Compare priors", openings.compare(clause_over_trainings(judged)), *terms(judged))
sidebar.part_notice(trained)
top = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    refs = chosen_priors(trained)
    span = controls.choose("Range of the maps", ("own", "shared"), key="compare_range", default="own")
    base = reference(refs)
windows = {ref: densities.window(refs if span == "shared" else (ref,)) for ref in refs}
with top:
    one_cursor(refs, lambda ref: f"compare_map_{ref.prior}", key="compare_cursor")
    same_noise(refs, windows)
st.header("Scores", anchor=False)
known = show_scores(refs, base)
show_images(refs, told=compared(refs, base).waiting if known else ())
if len(refs) > 1:
    show_duel(refs)
st.header("From one test image to another", anchor=False)
morph_between_images(refs, key="compare_morph")
st.header("Holes", anchor=False)
disagreement(refs, windows)
st.header("Measure on this computer", anchor=False)
measured(refs, base, known)
page.explain(EXPLANATION)
