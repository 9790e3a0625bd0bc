"""Components: samples of one beside others, weight and usage, the effective number, and dead components."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import state
from app.figures import tiles, usage
from app.figures.tiles import CAPTION_SHARE
from app.frontend import Place, pick
from app.services import catalogue, distinct, images, prior_components
from app.services.catalogue import Facts
from app.services.loading import Ref
from app.widgets import component, controls, drawn, export, layers, numbers, openings, page, screen, sidebar
from app.widgets.fragment import fragment
from app.widgets.page import Cell

CHART = "components_usage"
DEAD = "components_dead"
ROWS = 8
MOST_NAMED = 60
MOST_CAPTIONED = 100
BESIDE = {"most": "Most used", "least": "Least used", "chosen": "Selected components"}
EXPLANATION = """
Each row is one **component** of the prior: its pseudo-input if it has one, the decoded mean, and decoded samples of
it. All rows share their noise, so the images of a column differ by the component alone. **Temperature** multiplies the
noise: 0 repeats the mean, 1 samples the component, more than 1 exaggerates the differences.

**Weight** is the prior probability of a component. **Usage** is its probability under the data: the mean
responsibility $p(k \\mid z)$ over the test images, with one sample $z \\sim q(z \\mid x_n)$ for each image; its
standard error is over the images. Weight and usage are equal if the prior matches the aggregated posterior.

The **effective number of components** is $\\exp(-\\sum_k u_k \\log u_k)$ for the usages $u_k$: the number of
equally used components with the same entropy. A component is **dead** if its usage is below a tenth of the equal share
$1 / K$.
"""


def rows_beside(ref: Ref, chosen: int) -> tuple[int, ...]:
    """The chosen component first, then those to compare it with."""
    used = prior_components.order(ref, "usage")
    beside = controls.choose_one("Compare with", tuple(BESIDE), key="components_beside", default="most", names=BESIDE)
    if beside == "chosen":
        offered = prior_components.most_used(ref)
        others = controls.choose_many(
            "Components" if len(offered) == len(used) else f"Components (of the {len(offered):,} most used)",
            [f"{k}" for k in sorted(offered.tolist())],
            key="components_chosen",
            limit=ROWS - 1,
            numbered=True,
        )
        wanted = [int(each) for each in others]
    else:
        wanted = (used if beside == "most" else used[::-1]).tolist()
    return (chosen, *[k for k in wanted if k != chosen][: ROWS - 1])


@fragment
def draw_samples(ref: Ref, facts: Facts, chosen: int, shown: Container, choices: Container) -> None:
    """What the noise changes: the samples; the chart below stays."""
    with choices:
        rows = rows_beside(ref, chosen)
        count = controls.number("Samples of each", key="components_samples", low=1, high=24, default=7)
        temperature, seed = noise_controls()
    with shown:
        drawing = drawn.component_rows(ref, rows, count, temperature, seed, page.mode(), screen.picture_width())
        export.figure(drawing, key="components_draws", name=f"{facts.name}-components")
        first = "pseudo-input, decoded mean" if prior_components.pseudo_inputs(ref) is not None else "decoded mean"
        st.caption(
            f"One row for each component. Columns: {first}, {count} sample{'' if count == 1 else 's'} with the same "
            f"noise in every row. {layers.mean_and_drawn_words(ref)}".rstrip()
        )


def noise_controls() -> tuple[float, int]:
    """Temperature and seed."""
    heat = controls.slide(
        "Temperature", key="components_temperature", low=0.0, high=2.0, default=1.0, step=0.1,
        help="Multiplies the noise of every sample.",
    )  # fmt: skip
    return heat, controls.number("Seed", key="components_seed", low=0, high=9999)


@fragment
def draws_of_one(ref: Ref, facts: Facts) -> None:
    """Samples of a prior without several components, as tiles."""
    shown, choices = st.columns([3, 1], gap="medium")
    with choices:
        count = controls.number("Samples", key="components_samples", low=1, high=100, default=40)
        temperature, seed = noise_controls()
    with shown:
        drawing, _ = tiles.tiles(
            images.prior_samples(ref, count, seed, temperature).pixels,
            page.mode(),
            alt=f"{count} decoded samples of the prior at temperature {temperature:g}.",
            columns=min(count, 10),
            hover=[f"sample {i + 1}" for i in range(count)],
            binary=facts.binary,
            pixel=8,
        )
        export.figure(drawing, key="components_draws", name=f"{facts.name}-samples")
        if words := layers.drawn_words(ref):
            st.caption(words)


def weight_vs_usage(ref: Ref, facts: Facts) -> Container:
    """Weight and usage; gives the container for the numbers of the component in view."""
    known = prior_components.summary(ref)
    st.header("Prior weight and actual use", anchor=False)
    export.figure(drawn.component_usage(ref, page.mode()), key=CHART, name=f"{facts.name}-usage")
    least = usage.FLOOR / facts.alive
    if (known.usage[known.present] < least).any():
        st.caption(
            f"Usage below {component.percent(least)} is drawn at {component.percent(least)}, since a logarithmic axis "
            "cannot show 0."
        )
    figures_go_here = st.container()
    if facts.alive > facts.images and known.dead.any():
        st.caption(
            f"There are more components ({facts.alive:,}) than test images ({numbers.count(facts.images)}): a "
            "component may be dead only because no test image happens to lie near it."
        )
    return figures_go_here


def figures_of(ref: Ref, facts: Facts, chosen: int) -> None:
    """The component in view as a mark in the chart above, and its numbers beside those of all."""
    known, ranked = prior_components.summary(ref), prior_components.order(ref, "usage")
    rank = int(np.flatnonzero(ranked == chosen)[0])

    def clicked(place: Place) -> None:
        nearest = round(place.x) - 1
        component.show_component(int(ranked[nearest]) if 0 <= nearest < len(ranked) else None)

    height = usage.drawn_at(float(known.usage[chosen]), facts.alive)
    pick(CHART, mark=(rank + 1, height), on_pick=clicked)
    equal, tested = 1 / facts.alive, numbers.count(facts.images)
    weight, share, se = known.weights[chosen], known.usage[chosen], float(known.usage_se[chosen])
    of_all = f"of {numbers.count(facts.alive)}; n = {tested} images"
    page.metric_row(
        [
            Cell("Effective components", numbers.format_value(known.effective), of_all),
            Cell(
                "Dead components", numbers.count(int(known.dead.sum())), f"usage below {component.percent(0.1 * equal)}"
            ),
            Cell(f"Weight of {chosen}", component.percent(weight), f"equal share {component.percent(equal)}"),
            Cell(f"Usage of {chosen}", component.percent(share, se), f"rank {rank + 1}; n = {tested} images"),
        ]
    )


def dead_components(ref: Ref, facts: Facts) -> tiles.TileMap | None:
    """The dead components and their images; of very many, the first. Gives where each is shown."""
    known = prior_components.summary(ref)
    dead = np.flatnonzero(known.dead)
    st.header("Dead components", anchor=False)
    if not len(dead):
        st.markdown(f"None. The usage of every component is above {component.percent(0.1 / facts.alive)}.")
        return None
    every, dead = len(dead), dead[: prior_components.MOST_SHOWN]
    part = "" if len(dead) == every else f" These are the first {len(dead):,} by number; the table has all."
    learned = prior_components.pseudo_inputs(ref)
    what = "decoded means" if learned is None else "pseudo-inputs"
    shown, words = st.columns([3, 1], gap="medium")
    words.markdown(
        f"{every:,} of {facts.alive:,} components, shown as {what}. Choose one to see its samples above.{part}"
    )
    drawing, where = tiles.tiles(
        (prior_components.component_images(ref) if learned is None else learned)[dead],
        page.mode(),
        alt=f"The {what} of the dead components {', '.join(map(str, dead))}.",
        columns=min(len(dead), 25),
        ids=dead.tolist(),
        hover=[f"component {k}, usage {component.percent(known.usage[k])}" for k in dead],
        captions=[f"{k}" for k in dead] if len(dead) <= MOST_CAPTIONED else None,
        binary=facts.binary,
        pixel=3,
    )
    with shown:
        export.figure(drawing, key=DEAD, name=f"{facts.name}-dead-components")
    if len(dead) <= MOST_NAMED:
        st.caption(("Dead: " if not part else "The first dead components: ") + ", ".join(map(str, dead)))
    return where


def the_missing(ref: Ref, facts: Facts) -> None:
    """The components that a mixture has room for and does not have, by number."""
    missing = prior_components.summary(ref).missing
    if len(missing):
        st.caption(
            f"Removed, or never added while the mixture grew: {len(missing):,} of {facts.info.components:,} "
            f"components. Their weight is 0, and no page shows them: {', '.join(map(str, missing))}"
        )


def component_grid(ref: Ref, facts: Facts) -> None:
    """The component in view beside others, and the numbers of all, with a container for those of the one."""
    one_goes_here = st.container()
    figures_go_here = weight_vs_usage(ref, facts)
    dead = dead_components(ref, facts)
    the_missing(ref, facts)
    with one_goes_here:
        selected_component(ref, facts, figures_go_here, dead)


@fragment
def selected_component(ref: Ref, facts: Facts, figures: Container, dead: tiles.TileMap | None) -> None:
    """Everything that follows the component in view; moving a control runs this alone."""
    # Made here, since a fragment within it fills them: in containers of the page old rows would stay beside new ones.
    shown, choices = st.columns([3, 1], gap="medium")
    with choices:
        chosen = component.choose_component(ref, "Component", "Or choose a mark in the chart below.")
    draw_samples(ref, facts, chosen, shown, choices)
    with choices:
        component.component_table(ref, key="components_table")
    with figures:
        figures_of(ref, facts, chosen)
        if dead is not None:
            share = CAPTION_SHARE if len(dead.ids) <= MOST_CAPTIONED else 0.0
            component.pick_component(DEAD, dead, chosen, caption_share=share)


here = state.selected()
known = catalogue.facts(here.ref)
if known.has.several_components:
    found = distinct.distinct_components(here.ref)
    dead_ones = int(prior_components.summary(here.ref).dead.sum())
    page.page_head(
        "Components",
        openings.components(known.alive, dead_ones, found and found.value),
        "prior",
        "responsibility",
        *(("pseudo-input",) if known.has.pseudo_inputs else ()),
    )
else:
    page.page_head("Components", openings.without_components(not known.has.components), "prior")
sidebar.part_notice((here.ref,))
if not known.has.components:
    page.not_applicable(
        "A normalising flow is a single density without components, weights or usage.",
        "Shown instead: its samples.",
    )
elif not known.has.several_components:
    page.not_applicable(
        "A single component has weight 1 and usage 1.",
        "Shown instead: its samples.",
    )
if known.has.several_components:
    component_grid(here.ref, known)
else:
    draws_of_one(here.ref, known)
page.explain(EXPLANATION)
