"""Scores and training curves of an experiment's priors as charts, and all stored scores as a table to take away."""

from dataclasses import replace

import streamlit as st

from app.figures import comparison, history
from app.services import catalogue, literature, scores, spread
from app.services.loading import Ref
from app.widgets import export, numbers, page, screen, seeds
from app.widgets.family import short_name
from app.widgets.figures_table import estimated_parts, layer_of

COLUMNS = (
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


def against_published(refs: tuple[Ref, ...], name: str) -> None:
    """Our scores and the published ones on one axis.

    Arguments:
        refs: The priors.
        name: Of the file that the chart is saved as.
    """
    found = [(ref, metric) for ref in refs if (metric := scores.score(ref)) is not None]
    if any(metric.name == "log_likelihood" for _, metric in found):
        # log p(x) of an edited prior is not measured as it is saved.
        found = [(ref, m) for ref, m in found if m.name == "log_likelihood" or catalogue.facts(ref).edit is None]
    names = {metric.name for _, metric in found}
    if len(names) != 1:
        # A bound and an estimate on one axis would be read as a difference between priors.
        st.info("Not all priors are evaluated yet: run `python -m vampcore evaluate MODEL --save`.")
        return
    rows = []
    for ref, metric in found:
        prior, trainings = catalogue.facts(ref).prior, spread.score_spread(ref)
        others = trainings.others if trainings else ()
        rows.append(comparison.Estimate(short_name(ref), prior, metric.value, metric.se, others))
        if metric.name == "log_likelihood":
            rows += [
                comparison.Estimate(f"{short_name(ref)}, published", None, known.value, None)
                for known in literature.published(ref)
            ]
    (measured,) = names
    quantity = f"nats/image, {numbers.direction(measured)}"
    if not screen.is_narrow():
        quantity = f"{numbers.label(measured)} ({quantity})"
    export.figure(comparison.estimates(page.mode(), rows, quantity=quantity), key="overview_reached", name=name)
    if said := seeds.say_shipped(tuple(ref for ref, _ in found)):
        st.caption(said)
    if parts := estimated_parts(tuple(ref for ref, _ in found)):
        st.caption(
            f"Estimated on a random subset of the test images: {parts}. Score for all of them: their mean ELBO, plus "
            "the mean of log p(x) \u2212 ELBO over the subset."
        )
    if len(found) > 1:
        st.caption(
            "± one standard error over images, which all priors share: overlapping bars do not mean a tie. The paired "
            "difference decides."
        )
    if measured != "log_likelihood":
        st.caption("A lower bound. For log p(x), run `python -m vampcore evaluate MODEL --save`.")


def training(refs: tuple[Ref, ...], name: str) -> None:
    """The ELBO through the epochs of every prior.

    Arguments:
        refs: The priors.
        name: Of the file that the chart is saved as.
    """
    runs = []
    for ref in refs:
        past, facts = catalogue.history(ref), catalogue.facts(ref)
        if past.names:
            epoch, train, validation = (past.column(each) for each in ("epoch", "train_elbo", "validation_elbo"))
            runs.append(history.History(short_name(ref), facts.prior, epoch, train, validation, facts.best_epoch))
    if not runs:
        st.info("These checkpoints have no training curves.")
        return
    export.figure(history.history(page.mode(), runs), key="overview_history", name=name)


def stored_scores(refs: tuple[Ref, ...]) -> dict[str, list[str | float | None]]:
    """Every stored score of every prior, the paired differences, and the published ones, by column."""
    rows: list[tuple[str | float | None, ...]] = []

    def add(prior: str, name: str, m: scores.Metric, bound: str | None, layer: str | None, source: str) -> None:
        counts = (m.se, m.n, m.samples, numbers.estimator(m), m.split)
        rows.append((prior, name, m.value, bound, m.unit, *counts, layer, source))

    for ref in refs:
        for m in catalogue.metrics(ref):
            add(ref.prior, m.name, m, _bound_of(ref, m), layer_of(ref, m), "this checkpoint")
        if (measured := scores.score(ref)) and (trainings := spread.score_spread(ref)):
            for seed, value in list(trainings.values.items())[1:]:
                other = replace(measured, value=value, se=None)
                add(ref.prior, other.name, other, _bound_of(ref, other), None, f"the training with seed {seed}")
        found = None if ref == refs[0] else scores.stored_difference(ref, refs[0])
        if found is not None:
            add(ref.prior, f"{found.name} from {refs[0].prior}", found, None, None, "these checkpoints")
        for known in literature.published(ref):
            source = f"{known.source.title}, {known.source.url}" + (", as reported" if known.source.as_reported else "")
            rows.append((ref.prior, known.name, known.value, None, known.unit, *[None] * 4, "test", None, source))
    return {column: [row[place] for row in rows] for place, column in enumerate(COLUMNS)}


def _bound_of(ref: Ref, metric: scores.Metric) -> str | None:
    """Which bound the number is, lower or upper; None where it is none."""
    images = catalogue.facts(ref).test_images
    if metric.name == "elbo":
        return "lower"
    return scores.bound_of(metric, catalogue.metric(ref, "mutual_information"), images) or None
