"""The bound L_K of one image, or of some, while it grows: curves, log-weights and what the weights say."""

import pandas as pd
import streamlit as st

from app.figures import bound_growth
from app.figures.theme import prior_text_colour
from app.services import availability, catalogue, live_bound
from app.services.live_bound import BUDGET, Growth, LiveBound, Target
from app.services.loading import Ref
from app.services.subsets import subset
from app.widgets import controls, export, family, numbers, page, sidebar
from app.widgets.fragment import ticking
from app.widgets.text import printable

SAMPLE = 16
EVERY, WORK = 0.7, 0.1
"""Seconds between two ticks, and of drawing in each."""
ONE, SOME = "this image", "random images"
KEY = "_live_bound"
UNSEEN = (
    "The band, the effective sample size and k\u0302 come from the samples that were drawn. **No diagnostic sees what "
    "was never sampled**: where q(z | x) leaves out a part of the posterior, all of them can look good while the "
    "bound stays too low. Only the line shows that."
)


def show_live_bound(refs: tuple[Ref, ...], row: int) -> None:
    """The section: which images, start and stop, and the curves.

    Arguments:
        refs: Priors that keep the latents of the same images.
        row: The image that the page looks at.
    """
    st.header("The bound, sample by sample", anchor=False)
    if not availability.has_data(refs[0]):
        sidebar.data_notice(
            refs[0], key="likelihood_download", consequence="the bound cannot be computed without the original images"
        )
        return
    images = catalogue.facts(refs[0]).images
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = controls.choose("Images", (ONE, SOME), key="likelihood_images", default=ONE)
        rows = (row,) if which == ONE else tuple(int(each) for each in subset(refs[0], min(SAMPLE, images), 0))
        live = _of_session(refs, rows)
        if live is not None and live.running:
            st.button("Stop", key="likelihood_stop", icon=":material/stop:", on_click=_stop)
        else:
            word = "Start" if live is None else "Start again" if live.done else "Resume"
            st.button(word, key="likelihood_start", icon=":material/play_arrow:", on_click=_start, args=(refs, rows))
    each = BUDGET // len(rows)
    st.caption(
        f"{'One image' if len(rows) == 1 else f'{len(rows)} random test images'}, the same for every prior, up to "
        f"{numbers.count(each)} samples of q(z | x) an image. $L_1$ is the ELBO, and $L_K$ rises to log p(x)."
    )
    if live is None:
        return
    targets = {ref: live_bound.target(ref, rows) for ref in refs}
    ticking(_tick, EVERY if live.running else None)(live, targets)
    st.markdown(UNSEEN)


def _of_session(refs: tuple[Ref, ...], rows: tuple[int, ...]) -> LiveBound | None:
    """What this viewer has drawn for these priors and images."""
    found = st.session_state.get(KEY)
    return found if isinstance(found, LiveBound) and (found.refs, found.rows) == (refs, rows) else None


def _start(refs: tuple[Ref, ...], rows: tuple[int, ...]) -> None:
    live = _of_session(refs, rows)
    if live is None or live.done:
        st.session_state[KEY] = LiveBound(refs, rows)
    else:
        live.running = True


def _stop() -> None:
    if isinstance(live := st.session_state.get(KEY), LiveBound):
        live.running = False


def _tick(live: LiveBound, targets: dict[Ref, Target | None]) -> None:
    """Draw for a moment, then show what there is."""
    if live.running:
        live.advance(WORK)
    found = {ref: one for ref in live.refs if (one := live.growth(ref)) is not None}
    _charts(live, found, targets)
    _table(found, targets)
    if live.running and live.done:
        live.running = False
        # The whole page: what runs again by itself is decided there.
        st.rerun()


def _charts(live: LiveBound, found: dict[Ref, Growth], targets: dict[Ref, Target | None]) -> None:
    mode = page.mode()
    names = {ref: printable(family.short_name(ref)) for ref in found}
    colours = {names[ref]: prior_text_colour(ref.kind, mode) for ref in found}
    left, right = st.columns([5, 3], gap="medium")
    reached = ", ".join(f"{names[ref]} {one.bound[-1]:.1f}" for ref, one in found.items())
    with left:
        st.vega_lite_chart(
            pd.DataFrame(bound_rows(found, targets, names)),
            bound_growth.curves(mode, colours, most=live.most, reach=_reach(targets)),
            key="likelihood_curve",
            theme=None,
            width="stretch",
            alt=f"Bound against the number of samples. At {live.drawn} samples: {reached}",
        )
    with right:
        st.vega_lite_chart(
            pd.DataFrame(weight_rows(found, names)),
            bound_growth.weights(mode, colours),
            key="likelihood_weights",
            theme=None,
            width="stretch",
            alt="Distribution of the log-weights of each prior",
        )
    st.caption(
        f"{numbers.count(live.drawn)} of {numbers.count(live.most)} samples an image, {live.seconds:.1f} s of drawing. "
        f"Band: \u00b1 two standard errors from independent blocks. Dashed lines: {_reach(targets)}. A few weights far "
        "to the right of the others carry the whole estimate."
    )
    name = f"{live.refs[0].experiment}-bound"
    export.csv_button("Save the curves", lambda: bound_rows(found, targets, names), key="likelihood_bound", name=name)


def bound_rows(
    found: dict[Ref, Growth], targets: dict[Ref, Target | None], names: dict[Ref, str]
) -> dict[str, list[str | float]]:
    """The curves and the lines to reach, by column."""
    rows: list[tuple[str | float, ...]] = []
    for ref, one in found.items():
        for k, bound, error in zip(one.samples.tolist(), one.bound.tolist(), one.error.tolist(), strict=True):
            rows.append((names[ref], bound_growth.BOUND, k, bound, bound - 2 * error, bound + 2 * error))
        if (line := targets[ref]) is not None:
            spread = 2 * line.error
            rows.append((names[ref], bound_growth.REACH, 1, line.value, line.value - spread, line.value + spread))
    columns = ("prior", "kind", "K", "value", "low", "high")
    return {column: [row[place] for row in rows] for place, column in enumerate(columns)}


def weight_rows(found: dict[Ref, Growth], names: dict[Ref, str]) -> dict[str, list[str | float]]:
    """The histograms of the log-weights, by column."""
    rows = [
        (names[ref], at, 100 * count / one.counts.sum())
        for ref, one in found.items()
        for at, count in zip(one.edges[:-1].tolist(), one.counts.tolist(), strict=True)
    ]
    return {column: [row[place] for row in rows] for place, column in enumerate(("prior", "at", "share"))}


def _reach(targets: dict[Ref, Target | None]) -> str:
    kinds = {line.exact for line in targets.values() if line is not None}
    if not kinds:
        return "none, since log p(x) cannot be estimated otherwise here"
    return "log p(x), exact" if kinds == {True} else "log p(x), covering estimate"


def _table(found: dict[Ref, Growth], targets: dict[Ref, Target | None]) -> None:
    """What the weights say of each prior."""
    base = next(iter(found))
    several = len(found[base].of_images) > 1
    rows: dict[str, list[str]] = {}

    def add(name: str, ref: Ref, value: str) -> None:
        rows.setdefault(name, []).append(value)

    for ref, one in found.items():
        line, bound = targets[ref], float(one.of_images.mean())
        add("L at all samples (nats)", ref, numbers.format_value(bound, one.error_of_mean))
        if line is not None:
            name = "log p(x), exact (nats)" if line.exact else "log p(x), covering estimate (nats)"
            exact = numbers.signed(f"{line.value:,.2f}")
            add(name, ref, exact if line.exact else numbers.format_value(line.value, line.error))
            add("still missing (nats)", ref, numbers.format_value(line.value - bound, one.error_of_mean))
        add("effective samples" + (", median" if several else ""), ref, f"{one.ess:,.0f} of {one.drawn:,}")
        add("Pareto k\u0302" + (", median" if several else ""), ref, _shape(one, several))
        minus = f"minus {family.short_words(base)}" + (", paired by image (nats)" if several else " (nats)")
        value, error = live_bound.difference(found[base], one)
        add(minus, ref, "reference" if ref == base else numbers.signed(f"{value:+.2f} \u00b1 {error:.2f}"))
    names = [family.short_words(ref) for ref in found]
    whole = {name: values for name, values in rows.items() if len(values) == len(names)}
    st.table(pd.DataFrame.from_dict(whole, orient="index", columns=names))


def _shape(one: Growth, several: bool) -> str:
    if one.shape is None:
        return "too few samples"
    words = numbers.signed(f"{one.shape:.2f}")
    if several:
        return f"{words}, above 0.7 for {one.unreliable:.0%}"
    return words + (", unreliable (above 0.7)" if one.unreliable else "")
