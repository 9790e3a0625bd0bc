"""Active units: counts, the KL unit by unit, the sweep and the price of muting, and what a link may say."""

import base64
import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.services import catalogue, priors, units
from app.services.latent_plane import encoding
from app.widgets import numbers
from tests.app.reading import open_page, words

ACTIVITY, KL, SWEEP, MUTED = range(4)
EVERY = (("tiny-2d", "SG"), ("tiny-2d", "MoG"), ("tiny-2d", "Vamp"), ("tiny-5d", "Vamp, learned weights"))


def opened(experiment="tiny-5d", prior="Vamp, learned weights", **query: str) -> AppTest:
    return open_page("active_units", experiment=experiment, prior=prior, **query)


@pytest.fixture
def ref(models):
    return next(each for each in catalogue.experiments() if each.name == "tiny-5d").refs[0]


def figure(at: AppTest, chart: int) -> dict:
    return json.loads(at.get("plotly_chart")[chart].proto.spec)


def array(packed) -> np.ndarray:
    """An array as plotly sends it."""
    return (
        np.array(packed)
        if isinstance(packed, list)
        else np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])
    )


def shown(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


@pytest.mark.parametrize(("experiment", "prior"), EVERY)
def test_figures_are_the_services_for_every_prior(models, experiment, prior):
    at = opened(experiment, prior)
    family = next(each for each in catalogue.experiments() if each.name == experiment)
    ref = next(each for each in family.refs if each.prior == at.sidebar.get_by_key("prior").value)
    for each in family.refs:
        assert shown(at)[priors.prior_name(each.prior)] == units.active_label(each)
    assert len(figure(at, ACTIVITY)["data"]) == len(family.refs)
    layer, parts = units.activity(ref)[0], units.kl_per_dimension(ref)
    unit = int(layer.activity.argmax())
    assert f"**Unit {unit}**" in words(at)
    assert shown(at)["Activity A"] == numbers.format_value(float(layer.activity[unit]))
    assert shown(at)["A / mean \u03c3\u00b2"] == numbers.format_value(float(layer.ratio[unit]))
    assert shown(at)["KL (nats/image)"] == numbers.format_value(float(parts.kl[unit]), float(parts.kl_se[unit]))
    assert f"**{numbers.format_value(parts.total, parts.total_se)} nats/image** (n = 300, one sample each)" in words(at)
    cost = units.ablate_unit(ref, unit)
    assert shown(at)["Reconstruction lost"] == numbers.format_value(cost.value, cost.se)
    assert not at.warning


def test_the_kl_has_the_errors_of_the_library(ref):
    from app.services.loading import loaded, noise
    from vampcore import metrics

    parts, model = units.kl_per_dimension(ref), loaded(ref)
    found = metrics.kl_per_dimension(model.posterior, model.prior, noise(0))
    assert parts.total_se == pytest.approx(float(found.total_se))
    assert parts.dependence_se == pytest.approx(float(found.dependence_se))
    assert parts.kl.sum() + parts.dependence == pytest.approx(parts.total, abs=1e-4)
    assert parts.n == 300


def test_a_rank_chooses_the_unit_everywhere(ref):
    order = np.argsort(-units.activity(ref)[0].activity, kind="stable")
    for rank in (1, 3, 5):
        at = opened(units_rank=str(rank))
        unit = int(order[rank - 1])
        assert f"**Unit {unit}**" in words(at)
        assert [each.value for each in at.header][1:] == [f"What unit {unit} does", f"Without unit {unit}"]
        values = units.traverse(ref, unit).values
        texts = figure(at, SWEEP)["data"][0]["text"]
        assert [float(text.replace("\u2212", "-")) for text in texts] == pytest.approx(values.tolist(), abs=0.006)


def test_a_kl_of_a_part_of_the_images_says_so_wherever_it_is_shown(ref, monkeypatch):
    from app.services import units

    assert "a random sample" not in words(opened())
    units.kl_per_dimension.clear()
    monkeypatch.setattr(units, "FEWEST_IMAGES", 60)
    monkeypatch.setattr(units, "MOST_TERMS", 1)
    at = opened()
    said = "n = 60, a random sample of 300 test images, for K = 6 components"
    assert f"nats/image** ({said}, one sample each)" in words(at)
    assert said in [caption.value for caption in at.caption]


def test_the_pictures_of_activity_and_kl_do_not_depend_on_the_unit(models):
    first, second = opened(units_rank="1"), opened(units_rank="4")
    for chart in (ACTIVITY, KL):
        assert first.get("plotly_chart")[chart].proto.spec == second.get("plotly_chart")[chart].proto.spec
    assert first.get("plotly_chart")[SWEEP].proto.spec != second.get("plotly_chart")[SWEEP].proto.spec


def test_another_image_changes_the_sweep_alone(models):
    first, second = opened(), opened(units_image="7")
    assert first.get("plotly_chart")[SWEEP].proto.spec != second.get("plotly_chart")[SWEEP].proto.spec
    assert first.get("plotly_chart")[MUTED].proto.spec == second.get("plotly_chart")[MUTED].proto.spec
    assert "test image 7." in words(second)


def test_the_price_of_muting_says_on_how_many_images_it_was_measured(ref):
    unit = int(units.activity(ref)[0].activity.argmax())
    at = opened(units_limit="100")
    cost = units.ablate_unit(ref, unit, limit=100)
    assert cost.n == 100
    assert shown(at)["Reconstruction lost"] == numbers.format_value(cost.value, cost.se)
    assert "nats/image, n\u00a0=\u00a0100, S\u00a0=\u00a01" in words(at)
    assert "nats/image, n\u00a0=\u00a0300, S\u00a0=\u00a01" in words(opened(units_limit="all"))


def test_no_more_images_are_offered_than_there_are(ref):
    (limit,) = [each for each in opened().get("button_group") if each.label == "Measured on"]
    assert list(limit.options) == ["100", "all"]
    assert limit.value == "all"


def test_muted_images_go_from_one_end_of_the_unit_to_the_other(ref):
    unit = int(units.activity(ref)[0].activity.argmax())
    texts = figure(opened(), MUTED)["data"][0]["text"]
    rows = [int(text.split("<br>")[1]) for text in texts[: len(texts) // 2]]
    along = encoding.latents(ref).mean[rows, unit]
    assert (np.diff(along) >= 0).all()
    assert along[0] < np.quantile(encoding.latents(ref).mean[:, unit], 0.1)
    assert along[-1] > np.quantile(encoding.latents(ref).mean[:, unit], 0.9)


def test_the_table_holds_every_unit_with_its_error(ref):
    table = opened().dataframe[0].value
    layer, parts = units.activity(ref)[0], units.kl_per_dimension(ref)
    assert sorted(table["unit"]) == list(range(5))
    np.testing.assert_array_equal(table["A (latent units\u00b2)"], np.sort(layer.activity)[::-1])
    np.testing.assert_array_equal(table["KL (nats/image)"], parts.kl[table["unit"]])
    np.testing.assert_array_equal(table["SE of KL"], parts.kl_se[table["unit"]])
    np.testing.assert_array_equal(table["active"], layer.active[table["unit"]])


def test_two_layers_are_counted_from_the_data_up(ref, monkeypatch):
    """A layer below the top one has activities, a place in the table and in the count, and no KL to the prior."""
    import dataclasses

    from app.services import units

    (top,) = units.activity(ref)
    lower = dataclasses.replace(top, activity=top.activity * 0 + 0.5, active=top.active | True, count=5)
    monkeypatch.setattr(units, "activity", lambda ref: (top, lower))
    monkeypatch.setattr(units, "activity", lambda ref: (top, lower))
    known = catalogue.facts(ref)
    known = dataclasses.replace(known, info=dataclasses.replace(known.info, latent_dims=(5, 5)))
    monkeypatch.setattr(catalogue, "facts", lambda ref: known)
    at = opened()
    assert shown(at)["VampPrior, learned weights"] == f"5+{top.count} of 5+5"
    assert "active units (z1 + z2)" in words(at)
    assert [len(figure(at, panel)["data"]) for panel in (ACTIVITY, ACTIVITY + 1)] == [1, 1]
    table = at.dataframe[0].value
    assert table["layer"].tolist() == ["z2"] * 5 + ["z1"] * 5
    assert table["KL (nats/image)"].isna().tolist() == [False] * 5 + [True] * 5


def test_without_the_data_set_everything_but_the_price_is_shown(models, monkeypatch):
    from tests.app.conftest import clear_caches
    from vampcore import datasets

    monkeypatch.setattr(datasets, "available", lambda name: False)
    clear_caches()
    at = opened()
    assert "Reconstruction lost" not in shown(at)
    assert "is not installed" in words(at)
    assert "the reconstruction lost cannot be measured without the original images" in words(at)
    assert "shown instead" not in words(at)
    assert at.button(key="units_download")
    assert len(at.get("plotly_chart")) == 4


def test_nonsense_in_every_parameter_is_named_and_the_page_opens(models):
    bad = {"units_rank": "0", "units_image": "1e999", "units_limit": "many"}
    at = opened(**bad)
    assert all(key in at.warning[0].value for key in bad)
    assert at.number_input(key="units_rank").value == 1


def test_a_model_with_fewer_units_falls_back_to_the_first(models):
    at = opened(units_rank="5")
    at.sidebar.selectbox(key="experiment").set_value("tiny-2d").run()
    assert not at.exception
    assert at.number_input(key="units_rank").value == 1


def test_a_model_of_two_active_units_says_that_none_is_unused(models):
    assert "both units are, under every prior**, so no unit is unused." in words(opened("tiny-2d"))
    assert "no unit is unused" not in words(opened())
