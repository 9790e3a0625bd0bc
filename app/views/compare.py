"""Compare priors: samples from the same noise, contours, holes, and every figure measured while one waits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import services, state, widgets
from app.figures import comparison, surgery, tiles
from app.figures.theme import Theme
from app.widgets.disagreement import disagreement
from app.widgets.family import (
    COLUMN_WIDTH,
    colours_of,
    count_of_components,
    in_columns,
    latent_map,
    of_top_layer,
    readable,
    say_flow,
    short_name,
)
from app.widgets.figures_table import say_ceiling, stored, table

COLUMNS = 6
SUBSETS = ("100", "500", "1000", "5000")
IMPORTANCE = ("10", "100", "500", "1000", "5000")
# Seconds of work, as estimated from a timed block, that start without being asked for.
AT_ONCE = 15.0
REFERENCE = "reference"
EXPLANATION = """
**Same noise.** One seed gives every prior the same random numbers, for the choice of a component and for the place
within it. Axes have one unit and, unless asked otherwise, one range; but each prior has a latent space of its own, so
one place means different images.

**Contours** enclose 50, 80, 95 and 99 % of the prior’s mass; points are one sample z ~ q(z | x) for each test image.
In more than two dimensions both are projected onto the first two principal axes of the posterior means.

**Holes** are places inside the prior’s 95 % region and outside the 99 % region of the aggregated posterior of the test
images. The number is the prior’s mass in the holes of the whole latent space, which in more than two dimensions is not
that of the map. Few test images leave many holes: compare at equal numbers.

**In figures.** ELBO = reconstruction − KL, and KL = mutual information + marginal KL: what z tells about the image,
and how far the aggregated posterior is from the prior. With more than one layer these two are of the top layer, and the
KL is that of all layers. Holes cost marginal KL. Log p(x) is estimated with S importance
samples an image, and is too low where few of them are effective. Differences are paired image by image.
"""

here = state.selected()
experiment = here.experiment.name


def chosen_priors(refs: tuple[services.Ref, ...]) -> tuple[services.Ref, ...]:
    """The priors to compare: all, unless some were chosen; in the order of the experiment."""
    if len(refs) < 2:
        return refs
    words = {ref.prior: short_name(ref) for ref in refs}
    with st.container(width=420):
        wanted = widgets.choose_many(
            "Priors",
            tuple(words),
            key="compare_priors",
            default=tuple(words),
            names=words,
            help="With none chosen, all are compared.",
        )
    return tuple(ref for ref in refs if ref.prior in wanted) or refs


def same_noise(refs: tuple[services.Ref, ...], windows: dict[services.Ref, services.Window]) -> None:
    """Contours and samples of each prior, with the controls that all share."""
    colour = colours_of(refs)[0]

    def card(ref: services.Ref) -> Container:
        widgets.prior_heading(ref, count_of_components(ref))
        drawing = latent_map(ref, windows[ref], colour, widgets.mode(), height=350)
        widgets.figure(drawing, key=f"compare_map_{ref.prior}", name=f"{experiment}-{ref.prior}-contours")
        samples_go_here = st.container()
        say_flow(ref)
        return samples_go_here

    draw_samples(refs, in_columns(refs, card))


@services.kept(100)
def samples(ref: services.Ref, count: int, seed: int, temperature: float, mode: Theme) -> bytes:
    """Decoded draws of a prior, as a picture."""
    facts = services.facts(ref)
    drawn = services.prior_samples(ref, count, seed, temperature).pixels
    enlarged = widgets.enlargement(facts.shape[-1], COLUMNS, COLUMN_WIDTH)
    return tiles.tiles_png(drawn, mode, columns=COLUMNS, binary=facts.binary, pixel=enlarged)


@widgets.fragment
def draw_samples(refs: tuple[services.Ref, ...], places: tuple[Container, ...]) -> None:
    """Samples of each prior in its place, with their controls; the contours, which they do not change, stay."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = widgets.number("Samples", key="compare_samples", low=6, high=96, default=24, step=6, width=150)
        seed = widgets.number("Seed", key="compare_seed", low=0, high=9999, width=150)
        temperature = widgets.slide(
            "Temperature",
            key="compare_temperature",
            low=0.0,
            high=2.0,
            default=1.0,
            step=0.05,
            help="Multiplies the noise within a component: 0 shows the components' means, 1 draws from the prior.",
            width=240,
        )
        mode = widgets.mode()

        def together() -> bytes:
            drawn = [services.prior_samples(ref, count, seed, temperature).pixels for ref in refs]
            return tiles.tiles_png(np.concatenate(drawn), mode, columns=count, binary=services.facts(refs[0]).binary)

        widgets.file_button("Save the samples", together, key="compare_png", name=f"{experiment}-samples.png")
    for ref, place in zip(refs, places, strict=True):
        with place:
            grid = samples(ref, count, seed, temperature, mode)
            widgets.picture(grid, alt=f"{short_name(ref)}: {count} decoded draws, seed {seed}")


@widgets.fragment
def measured(refs: tuple[services.Ref, ...]) -> None:
    """The table of figures, computed now, with the controls that say on what."""
    results, controls = st.columns([4, 1], gap="medium")
    total, all_images = services.facts(refs[0]).images, services.facts(refs[0]).test_images
    with controls:
        fewer = tuple(each for each in SUBSETS if int(each) < total)
        subset = "500" if "500" in fewer else "all"
        limit = widgets.choose_one("Test images", (*fewer, "all"), key="compare_images", default=subset)
        importance = widgets.choose_one(
            "Importance samples",
            IMPORTANCE,
            key="compare_importance",
            default="100",
            help="For each image, in the estimate of log p(x).",
        )
        seed = widgets.number("Seed of the measurement", key="compare_subset", low=0, high=9999)
        against = refs[0].prior
        if len(refs) > 1:
            words = {ref.prior: short_name(ref) for ref in refs}
            against = widgets.choose_one(
                "Differences from", tuple(words), key="compare_against", default=against, names=words
            )
    images = total if limit == "all" else int(limit)
    with results:
        if not services.has_data(refs[0]) or not services.same_images(refs):
            stored(refs, all_images)
            return
        if not agreed(refs, images, int(importance), seed):
            return
        with widgets.progress("Measuring") as report:
            found = services.measure(refs, images, int(importance), seed, report)
        lookup = {each.ref: each for each in found}
        base = next(each for each in found if each.ref.prior == against)
        differences = [services.difference(each, base) for each in found]
        shown = table(refs, lambda ref, each: lookup[ref].find(each), "not computed")
        if len(refs) > 1:
            shown.loc[f"Log-likelihood minus that of {short_name(base.ref)} (nats/image)"] = [
                REFERENCE if each is base else widgets.format_value(difference.value, difference.se)
                for each, difference in zip(found, differences, strict=True)
            ]
        st.table(shown, border="horizontal")
        which = "all" if images == total else f"a random {widgets.count(images)} of the"
        kept = "" if total == all_images else " that are kept"
        st.caption(
            f"Measured now on {services.device().name}, in {sum(each.seconds for each in found):.1f} s: {which} "
            f"{widgets.count(total)} test images{kept}, the same for every prior; S = {widgets.count(int(importance))} "
            "importance samples; ± one standard error over images. Each prior was trained once."
        )
        if images < total:
            shift = services.subset_shift(base)
            st.caption(
                f"These {widgets.count(images)} images are not the whole: their ELBO, as stored with "
                f"{short_name(base.ref)}, is {abs(shift):.2f} nats/image {'above' if shift >= 0 else 'below'} the mean "
                f"of all {widgets.count(total)}. Differences between priors are taken on the same images."
            )
        whole = [each for each in found if each.find("mutual_information") is None]
        if whole:
            st.caption(
                f"{', '.join(short_name(each.ref) for each in whole)}: mutual information and marginal KL are not "
                "computed where the posteriors are flows, since the density of their aggregate takes N² inverse passes."
            )
        say_ceiling({each.ref: each.find("mutual_information") for each in found}, total)
    pictured(found, differences, base, total)


def agreed(refs: tuple[services.Ref, ...], images: int, importance: int, seed: int) -> bool:
    """Whether to measure: at once where it is quick, else when the button was pressed for just this choice."""
    work, choice = len(refs) * images * importance, (refs, images, importance, seed)
    if st.session_state.get("compare_agreed") == choice:
        return True
    seconds = services.expected_seconds(refs, images, importance)
    if seconds <= AT_ONCE:
        return True
    time = f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"
    st.info(
        f"This choice decodes {widgets.count(work)} latent samples, which takes about {time} on "
        f"{services.device().name}, going by a block of them. Changing a control stops it; what was measured is kept.",
        icon=":material/hourglass_top:",
    )
    st.button("Measure", key="compare_measure", on_click=st.session_state.update, args=({"compare_agreed": choice},))
    return False


def pictured(
    found: tuple[services.LiveFigures, ...],
    differences: list[services.Metric],
    base: services.LiveFigures,
    total: int,
) -> None:
    """The paired differences and the parts of the KL as pictures, and the numbers to take away."""
    left, right = st.columns(2, gap="large")
    kinds = [services.facts(each.ref).prior for each in found]
    rows = [
        comparison.Estimate(short_name(each.ref), kind, metric.value, metric.se)
        for each, kind, metric in zip(found, kinds, differences, strict=True)
        if each is not base
    ]
    if rows:
        with left:
            st.subheader("Difference image by image", anchor=False)
            quantity = f"log p(x) minus that of {short_name(base.ref)} (nats/image)"
            drawing = comparison.estimates(widgets.mode(), rows, quantity=quantity, zero=True)
            widgets.figure(drawing, key="compare_differences", name=f"{experiment}-differences")
    bars = [parts_of_kl(each, kind) for each, kind in zip(found, kinds, strict=True) if each.find("mutual_information")]
    if bars:
        with right if rows else left:
            st.subheader(f"What the KL{of_top_layer(found[0].ref)} is made of", anchor=False)
            drawing = surgery.surgery(widgets.mode(), bars, log_n=float(np.log(total)))
            widgets.figure(drawing, key="compare_surgery", name=f"{experiment}-kl")
    with st.container(horizontal=True):
        columns = ("prior", "figure", "value", "unit", "se", "n", "samples", "seed", "device")
        tidy = [
            (each.ref.prior, m.name, m.value, m.unit, m.se, m.n, m.samples, m.seed, m.device)
            for each, difference in zip(found, differences, strict=True)
            for m in (*each.metrics, replace(difference, name=f"log_likelihood minus that of {base.ref.prior}"))
        ]
        lists = pd.DataFrame(tidy, columns=columns, dtype=object).to_dict("list")
        widgets.csv_button("Save the table", lists, key="compare_csv", name=f"{experiment}-live")
        images: dict[str, np.ndarray] = {"number in the data set": found[0].rows}
        images |= {f"log p(x), {each.ref.prior} (nats)": each.log_likelihood for each in found}
        widgets.csv_button("Save log p(x) of each image", images, key="compare_each", name=f"{experiment}-per-image")


def parts_of_kl(each: services.LiveFigures, kind: str) -> surgery.SurgeryBar:
    """The two parts of a KL as a bar."""
    information, marginal = each.get("mutual_information"), each.get("marginal_kl")
    errors = [metric.se or 0.0 for metric in (information, marginal)]
    return surgery.SurgeryBar(short_name(each.ref), kind, information.value, errors[0], marginal.value, errors[1])


widgets.page_head(
    "Compare priors",
    "Every prior gets the same random numbers. Look for samples that resemble nothing, and for the holes that they "
    "come from.",
)
trained = readable(here.experiment.refs)
widgets.part_notice(trained)
top = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    refs = chosen_priors(trained)
    span = widgets.choose("Range of the maps", ("shared", "own"), key="compare_range", default="shared")
windows = {ref: services.window(refs if span == "shared" else (ref,)) for ref in refs}
with top:
    same_noise(refs, windows)
widgets.explain(EXPLANATION)
st.subheader("Where prior and data disagree", anchor=False)
disagreement(refs, windows)
st.subheader("In figures", anchor=False)
measured(refs)
