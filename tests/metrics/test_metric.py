import json
import math

import pytest
import torch

from vampcore.metrics import (
    Metric,
    difference_estimate,
    mean_metric,
    metric_from_json,
    metric_to_json,
    metrics_from_json,
)

LAYER = Metric("kl", 25.5, "nats/image", 0.1, 10_000, 1, "validation", 1, 3, "cuda")


def test_mean_and_standard_error():
    metric = mean_metric("elbo", torch.tensor([1.0, 2.0, 3.0, 6.0]), samples=7)
    assert metric.value == 3.0
    assert metric.se == pytest.approx(math.sqrt(14 / 3) / 2)
    assert (metric.n, metric.samples, metric.unit, metric.device) == (4, 7, "nats/image", "cpu")


def test_a_single_value_has_no_standard_error():
    assert mean_metric("elbo", torch.tensor([1.0])).se is None


def test_mean_of_many_is_summed_in_double_precision():
    # Float32 sums of these err by more than this.
    values = torch.full((1_000_001,), -84.6)
    values[0] = 1e4
    exact = (1e4 + 1_000_000 * values[1].item()) / 1_000_001
    assert mean_metric("elbo", values).value == pytest.approx(exact, rel=1e-12)


def test_what_is_known_of_a_part_is_completed_by_what_is_known_of_all():
    known = torch.tensor([True, False, True, False])
    metric = difference_estimate("a", torch.tensor([1.5, 3.7]), known, torch.tensor([1.0, 2.0, 3.0, 10.0]), 7)
    assert metric.value == pytest.approx(4.0 + 0.6)
    assert (metric.n, metric.samples, metric.unit) == (2, 7, "nats/image")


def test_where_all_is_known_the_difference_estimate_is_the_mean(generator):
    control = torch.randn(50, generator=generator)
    values = control + torch.rand(50, generator=generator)
    found, mean = difference_estimate("a", values, torch.ones(50) > 0, control, 1), mean_metric("a", values)
    assert (found.value, found.se, found.n) == pytest.approx((mean.value, mean.se, mean.n))
    constant = torch.full((50,), 0.1)
    assert difference_estimate("a", constant, torch.ones(50) > 0, constant, 1).se == pytest.approx(0, abs=1e-9)


def test_a_value_that_is_not_finite_is_not_left_out():
    values, known = torch.tensor([1.5, math.nan]), torch.tensor([True, False, True])
    assert math.isnan(difference_estimate("a", values, known, torch.tensor([1.0, 2.0, 3.0]), 1).value)


def test_the_error_of_a_difference_estimate_is_its_spread(generator):
    """Over 4,000 data sets of 100 observations, of which 20 are known."""
    control = torch.randn(4000, 100, generator=generator)
    values = (1.6 * control + 0.4 * torch.randn(4000, 100, generator=generator))[:, :20]
    known = torch.arange(100) < 20
    found = [difference_estimate("a", *pair, 1) for pair in zip(values, [known] * 4000, control, strict=True)]
    estimates, errors = (torch.tensor([getattr(metric, name) for metric in found]) for name in ("value", "se"))
    assert abs(estimates.mean().item()) < 4 * estimates.std().item() / math.sqrt(4000)
    assert errors.mean().item() == pytest.approx(estimates.std().item(), rel=0.05)
    assert estimates.std() < 0.6 * values.mean(-1).std()


@pytest.mark.parametrize("metric", [LAYER, Metric("prior_parameters", 0.0, "parameters")])
def test_json_round_trip(metric):
    assert metric_from_json(json.loads(json.dumps(metric_to_json(metric), allow_nan=False))) == metric


@pytest.mark.parametrize(
    "change", [lambda f: f.update(extra=1), lambda f: f.pop("seed"), lambda f: f.update(Value=f.pop("value"))]
)
def test_unknown_and_missing_keys_are_refused(change):
    fields = metric_to_json(LAYER)
    change(fields)
    with pytest.raises(ValueError, match="exactly the keys"):
        metric_from_json(fields)


@pytest.mark.parametrize("fields", [[], None, "elbo", 3])
def test_only_objects_are_metrics(fields):
    with pytest.raises(ValueError, match="exactly the keys"):
        metric_from_json(fields)


@pytest.mark.parametrize("field", ["value", "se"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(field, number):
    with pytest.raises(ValueError, match="not a finite number"):
        metric_from_json({**metric_to_json(LAYER), field: number})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 0),
        ("n", -1),
        ("samples", 0),
        ("se", -3.0),
        ("se", -3),
        ("layer", -1),
        ("seed", -1),
        ("unit", ""),
        ("unit", "nats\n/image"),
        ("name", "e" * 65),
        ("split", "tests"),
        ("estimator", "guess"),
        ("estimator", 1),
    ],
)
def test_what_is_out_of_its_range_is_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} of the metric"):
        metric_from_json({**metric_to_json(LAYER), field: value})


@pytest.mark.parametrize("estimator", ["quadrature", "is", "covering"])
def test_a_score_names_its_estimator(estimator):
    score = Metric("log_likelihood", -85.4, "nats/image", 0.26, 10_000, estimator=estimator)
    assert metric_from_json(metric_to_json(score)).estimator == estimator


@pytest.mark.parametrize(("name", "estimator"), [("log_likelihood", "is"), ("bits_per_dimension", "is"), ("kl", None)])
def test_scores_from_before_estimators_were_named_are_importance_sampling(name, estimator):
    fields = metric_to_json(Metric(name, -85.4, "nats/image"))
    del fields["estimator"]
    assert metric_from_json(fields).estimator == estimator


def test_a_metric_is_there_once():
    kl = [metric_to_json(Metric("kl", 20.0, "nats/image", layer=layer)) for layer in (None, 0, 1)]
    assert [metric.layer for metric in metrics_from_json(kl)] == [None, 0, 1]
    with pytest.raises(ValueError, match="'kl' is there twice"):
        metrics_from_json([*kl, kl[1]])


@pytest.mark.parametrize("entries", [None, {}, [metric_to_json(LAYER)] * 1001])
def test_metrics_are_a_list_of_bounded_length(entries):
    with pytest.raises(ValueError, match="at most 1000"):
        metrics_from_json(entries)
