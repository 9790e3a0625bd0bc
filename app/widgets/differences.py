"""By how much each prior of an experiment scores better than one of them, image by image."""

from collections.abc import Mapping

import streamlit as st

from app.figures import comparison
from app.figures.theme import text_width
from app.services import catalogue, scores, spread
from app.services.compared import compared
from app.services.loading import Ref
from app.services.scores import Metric
from app.widgets import seeds
from app.widgets.export import figure
from app.widgets.family import short_name, short_words
from app.widgets.numbers import count, estimator, signed_difference
from app.widgets.page import mode
from app.widgets.screen import PHONE, is_narrow
from app.widgets.waiting_priors import say_waiting

REFERENCE = "reference"
# Pixels of half a page on a desk, about.
HALF = 440
_QUANTITIES = {"log_likelihood_difference": "log p(x)", "elbo_difference": "ELBO"}

Differences = Mapping[Ref, Metric]


def stored_differences(refs: tuple[Ref, ...], base: Ref) -> Differences:
    """The stored difference of each other prior from `base`, where there is one, all of one score."""
    chosen = compared(refs, base)
    found = {ref: scores.difference_by(chosen.score, ref, base) for ref in chosen.refs if ref != base}
    return {ref: metric for ref, metric in found.items() if metric is not None}


def quantity(found: Differences) -> str:
    """What was compared, of one difference or more: "log p(x)" or "ELBO"."""
    return _QUANTITIES[next(iter(found.values())).name]


def show_stored(refs: tuple[Ref, ...], found: Differences, base: Ref, key: str) -> None:
    """The stored differences of some priors as a chart, and which are left out."""
    show_differences(found, base, key)
    say_waiting(compared(refs, base).waiting)


def show_differences(found: Differences, base: Ref, key: str) -> None:
    """The differences as a chart with their standard errors, and a line that says what they are of."""
    trained = {ref: each for ref, metric in found.items() if (each := _trainings(metric, ref, base)) is not None}
    rows = [
        comparison.Estimate(
            short_name(ref),
            ref.kind,
            metric.value,
            metric.se,
            trained[ref].others if ref in trained else (),
        )
        for ref, metric in found.items()
    ]
    drawing = comparison.estimates(mode(), rows, quantity=_axis(found, base), zero=True)
    figure(drawing, key=key, name=f"{base.experiment}-differences")
    st.caption(
        f"{differences_in_words(found, base)} Higher is better. \u00b1 is one standard error over images. "
        + (
            f"Hollow: the other trainings. Mean over all, as in the verdict: "
            f"{seeds.over_trainings(trained, sign=True)}."
            if trained
            else "Another training seed may change a difference by more."
        )
    )


def _axis(found: Differences, base: Ref) -> str:
    """The title of the axis; the unit alone where the names of the priors leave no room for more."""
    title = f"{quantity(found)} minus that of {short_name(base)} (nats/image)"
    names = max(text_width(short_name(ref)) for ref in found)
    return title if text_width(title) < (PHONE if is_narrow() else HALF) - names else "nats/image"


def _trainings(metric: Metric, ref: Ref, base: Ref) -> spread.Spread | None:
    return spread.difference_spread(metric.name.removesuffix("_difference"), ref, base)


def differences_in_words(found: Differences, base: Ref) -> str:
    """Each difference with its error, how it was measured, and on how many images and training runs."""
    numbers = ", ".join(f"{short_words(ref)} **{signed_difference(metric)}**" for ref, metric in found.items())
    how = "; ".join(dict.fromkeys(_basis(metric) for metric in found.values()))
    used = {catalogue.facts(ref).seed for ref in (base, *found)}
    one = "one training seed" if len(used) == 1 else "one training run each"
    if any(_trainings(metric, ref, base) for ref, metric in found.items()):
        one = "the training that ships"
    return f"Minus {short_words(base)}, image by image: {numbers} nats/image ({how}; {one})."


def _basis(metric: Metric) -> str:
    images = f"n = {count(metric.n or 0)}"
    return ", ".join(part for part in (estimator(metric), images) if part)


def cells(refs: tuple[Ref, ...], found: Differences, base: Ref) -> list[str]:
    """The differences as the cells of a table's row."""
    return [
        REFERENCE if ref == base else signed_difference(found[ref]) if ref in found else "not comparable"
        for ref in refs
    ]
