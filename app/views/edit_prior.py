"""Edit the prior: remove, duplicate, reweight and add components; contours, samples and log p(x) follow."""

from functools import partial

import numpy as np
import streamlit as st

from app import state
from app.figures.tiles import tiles_png
from app.services import catalogue, edit_prior, edited, edits, prior_components
from app.services.edits import Step, Steps
from app.services.latent_plane import selection
from app.services.loading import DataMissing, Ref, ServiceError
from app.widgets import (
    controls,
    edit_history,
    edited_plane,
    export,
    numbers,
    own_component,
    page,
    pictures,
    save_edit,
    screen,
    sidebar,
    worth_table,
)
from app.widgets.fragment import fragment
from app.widgets.latent_plane.selection import outlines_of
from app.widgets.page import Cell
from app.widgets.text import plain

CHART, CHOSEN, MEASURED = "edit_plane", "edit_chosen", "_edit_measured"
SAMPLES, COLUMNS = 32, 16
EXPLANATION = """
**The map** shows the mean of each component and contours that hold 50, 80, 95 and 99 % of the edited prior's mass. The
dots are test images. Circle means with the lasso, or choose components by number.

**A component is added** at the posterior of a test image, or of an image of your own, drawn or uploaded. A drawing is
scaled and centred by its mass as MNIST\u2019s digits are.

**The change of log p(x)** is the mean over test images of $\\log p'(x) - \\log p(x)$ with the same decoder, where $p'$
uses the edited prior. It is estimated as $\\log E[p'(z) / p(z)]$ over draws of the posterior $p(z \\mid x)$ under the
prior as it was trained: drawn from a grid in two dimensions, otherwise from a refined and widened $q(z \\mid x)$. The
standard error is over images, paired. Where the median number of effective samples is below 5, no value is shown.

**Worth** is what removing a component alone costs, in nats an image; the weights of the others grow in proportion.
Worths do not add up: two components that cover the same images are worth little each, and much together.

**Two halves.** Worth is measured, and weights are learned, on one half of the test images. The change of log p(x) is
measured on the other half, so that what was chosen by the first half is judged fairly.

**Samples** before and after share their noise. A sample changes only if it comes from another component.
"""


def change_some(ref: Ref, steps: Steps) -> None:
    """Which components to change, and what can be done with them."""
    after = edited.edited(ref, steps)
    offered = after.living
    if len(offered) > prior_components.MOST_SHOWN:
        offered = np.sort(offered[np.argsort(-after.weights[offered], kind="stable")[: prior_components.MOST_SHOWN]])
    chosen = controls.choose_many(
        "Components",
        [f"{k}" for k in offered],
        key=CHOSEN,
        names={f"{k}": after.names[k] for k in offered if not after.names[k].isdigit()},
        numbered=True,
        help="Or circle their means on the map with the lasso.",
    )
    ks = tuple(int(each) for each in chosen)
    with st.container(horizontal=True):
        useful = bool(ks) and len(ks) < len(after.living)
        edit_history.step_button(ref, "Remove", edits.remove(ks), "delete", useful=useful)
        edit_history.step_button(ref, "Duplicate", edits.copy(ks), "content_copy", useful=bool(ks))
    share = edit_history.weight("edit_weight", "Of the first that is chosen. The others keep their proportions.")
    words = f"Set weight of {after.names[ks[0]]}" if ks else "Set weight"
    useful = bool(ks) and len(after.living) > 1
    edit_history.step_button(ref, words, Step("weight", ks[:1], weight=share), "balance", useful=useful)


def change_all(ref: Ref, steps: Steps) -> None:
    """What concerns all components at once."""
    after, known = edited.edited(ref, steps), prior_components.summary(ref)
    own = after.weights[: len(known.weights)] > 0
    dead = int((own & known.dead).sum())
    if dead:
        words = f"Remove {dead} dead component{'' if dead == 1 else 's'}"
        edit_history.step_button(ref, words, Step("dead"), "delete_sweep", useful=dead < len(after.living))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = len(edited.ranked(ref, after))
        kept = controls.number(
            "Most used", key="edit_kept", low=1, high=max(1, most), default=max(1, most // 2), width=130,
            help="Of the components that are left, by how much the test images used them as trained. A copy ranks as "
            "its original; what was added at an image has no such rank, and stays.",
        )  # fmt: skip
        edit_history.step_button(ref, "Keep only these", Step("keep", number=kept), "filter_list", useful=kept < most)
    useful = len(after.living) > 1
    edit_history.step_button(ref, "Learn the weights again", Step("learn"), "model_training", useful=useful)


def follow_lasso(ref: Ref, steps: Steps) -> None:
    """Choose the components whose means were just circled."""
    outlines, _ = outlines_of(st.session_state.get(CHART))
    means = edit_prior.plane_components(ref, steps)[0]
    found = {int(k) for outline in outlines for k in selection.inside(means, outline)}
    living = set(edited.edited(ref, steps).living.tolist())
    if outlines:
        st.session_state[CHOSEN] = [f"{k}" for k in sorted(found & living)]


def measured(ref: Ref, steps: Steps) -> bool:
    """Whether to measure: at once where an edit was made and that is quick, else when somebody asks."""
    wanted: set[Ref] = st.session_state.setdefault(MEASURED, set())
    if ref in wanted or (steps and not edit_prior.is_slow(ref)):
        return True
    st.button(
        "Measure",
        key="edit_measure",
        icon=":material/hourglass_empty:",
        help="Measures log p(x) and what each component is worth. It draws from the posteriors of test images, once, "
        "which takes some seconds.",
        on_click=wanted.add,
        args=(ref,),
    )
    return False


def show_score(ref: Ref, steps: Steps) -> bool:
    """The edit in numbers, and whether it is measured."""
    figures, beside = st.columns([4, 1], vertical_alignment="center")
    found, refusal = None, None
    with beside:
        asked = measured(ref, steps)
    try:
        found = edit_prior.change(ref, steps) if asked else None
    except ServiceError as error:
        refusal = error
    if not steps:
        found = None  # nothing has changed
    if found is not None and found.metric is not None and found.doubtful:
        beside.caption(
            f"{found.doubtful} of {found.images} images have fewer than 5 effective samples; a loss is probably "
            "overstated there."
        )
    with figures:
        show_figures(ref, steps, found)
    if isinstance(refusal, DataMissing):
        sidebar.data_notice(ref, "edit_download", "what an edit does to log p(x) is not measured")
    elif refusal is not None:
        st.info(plain(refusal), icon=":material/info:")
    return asked and refusal is None


def show_figures(ref: Ref, steps: Steps, found: edit_prior.Change | None) -> None:
    """The change of log p(x), and how many components there are."""
    if found is None:
        value, words = "\u2013", "not measured" if steps else "no edit yet"
    elif found.metric is not None:
        value = numbers.format_value(found.metric.value, found.metric.se)
        words = f"nats an image; n = {found.images} images"
    else:
        value = "more than 5 nats worse" if found.much_worse else "not estimated"
        words = f"{found.ess:.1f} effective samples"
    before, after = edited.edited(ref, ()), edited.edited(ref, steps)
    effective = [float(np.exp(-(w := each.weights[each.living]) @ np.log(w))) for each in (before, after)]
    cells = [
        Cell("Change of log p(x)", value, words),
        Cell("Components", numbers.count(len(after.living)), f"of {numbers.count(len(before.living))} as trained"),
        Cell("Equally weighted", numbers.format_value(effective[1]), f"components; {effective[0]:.3g} as trained"),
    ]
    # On a phone the first has a line of its own, so that the others share theirs.
    for row in (cells[:1], cells[1:]) if screen.is_narrow() else (cells,):
        page.metric_row(row)


def show_samples(ref: Ref, steps: Steps) -> None:
    """Samples before and, where there is an edit, after it, with the same noise."""
    facts, columns = catalogue.facts(ref), COLUMNS // 2 if screen.is_narrow() else COLUMNS
    seed = controls.number("Seed", key="edit_seed", low=0, high=9999, width=130)
    found = edit_prior.samples(ref, steps, SAMPLES, seed)
    shown = [("Trained prior", found.before, np.empty(0, np.int64))]
    if steps:
        shown.append(("Edited prior", found.after, found.changed))
    for name, pixels, marked in shown:
        drawn = tiles_png(
            pixels,
            page.mode(),
            columns=columns,
            binary=facts.binary,
            pixel=pictures.enlargement(facts.shape[-1], columns, 600),
            highlighted=tuple(marked.tolist()),
        )
        st.markdown(f"**{name}**")
        pictures.show(drawn, alt=f"{SAMPLES} decoded samples of the {name.lower()}")
    if len(found.changed):
        st.caption(f"{len(found.changed)} of {SAMPLES} samples changed; they have a frame.")
    else:
        st.caption("No sample changed." if steps else "Samples of the edited prior will stand below these.")


def show_map(ref: Ref, steps: Steps) -> None:
    """The edited prior on the plane, and the way back."""
    drawing = edited_plane.edited_plane(ref, steps, page.mode(), min(edited_plane.HEIGHT, screen.plane_height()))
    export.figure(
        drawing,
        key=CHART,
        name=f"{catalogue.facts(ref).name}-edited-prior",
        selectable=True,
        on_select=partial(follow_lasso, ref, steps),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        edit_history.buttons(ref, steps)
        st.caption("Hover over a mean for its number.")
    edit_history.say_draft(steps)


@fragment
def edit(ref: Ref) -> None:
    """The score, the map beside its controls, and all that follows an edit; what takes longer is filled in last."""
    steps = edit_history.steps(ref)
    score = st.container()
    picture, side = st.columns([5, 3], gap="medium")
    with picture:
        show_map(ref, steps)
    with side:
        some, one, every = st.tabs(["Change some", "Add one", "Change all"])
        with some:
            change_some(ref, steps)
        with one:
            own_component.add_component(ref)
        with every:
            change_all(ref, steps)
    below, beside = st.columns([5, 3], gap="medium")
    with below:
        show_samples(ref, steps)
    with beside:
        save_edit.offer(ref, steps)
    with score:
        found = show_score(ref, steps)
    if found:
        with below:
            st.header("What each component is worth", anchor=False)
            worth_table.worth_table(ref, steps)


here = state.selected()
known = catalogue.facts(here.ref)
page.page_head(
    "Edit the prior",
    "Remove, duplicate, reweight or add components: contours, samples and log p(x) follow; encoder and decoder stay as "
    "trained.",
    "prior",
    "log-likelihood",
    *(("worth",) if known.has.components else ()),
)
sidebar.part_notice((here.ref,))
if known.has.components:
    edit(here.ref)
else:
    page.not_applicable("This prior is a flow without components.", "Choose another prior to edit.")
page.explain(EXPLANATION)
