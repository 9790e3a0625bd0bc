"""Comparing priors: the table is what was measured, on the images that it names, and heavy work waits for a button."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.reading import charts, open_page, pictures, words

QUICK = {"compare_images": "100", "compare_importance": "10"}


@pytest.fixture(autouse=True)
def timed(models, monkeypatch):
    """A machine at rest: however busy this one is, no page asks before it measures. Gives what times a sample."""
    from app.services import compare

    found = compare.seconds_a_sample
    monkeypatch.setattr(compare, "seconds_a_sample", lambda ref: 1e-6)
    return found


def opened(experiment="tiny-2d", **query: str | list[str]) -> AppTest:
    return open_page("compare", **{"experiment": experiment, **QUICK, **query})


def test_the_table_is_what_the_service_measures(refs):
    from app import services, widgets

    at = opened(compare_subset="3")
    table = at.table[0].value
    assert list(table.columns) == ["SG", "MoG", "Vamp"]
    found = services.measure(refs, 100, 10, 3)
    for each, name in zip(found, table.columns, strict=True):
        elbo, units = each.get("elbo"), each.get("active_units")
        assert table.loc["ELBO (nats/image)", name] == widgets.format_value(elbo.value, elbo.se)
        assert table.loc["Active units", name] == widgets.format_value(units.value)
    assert len(table) == len(services.LIVE_ROWS) + 1
    assert "a random 100 of the 300 test images, the same for every prior; S = 10" in words(at)
    assert services.device().name in words(at)
    assert not at.warning


def test_a_subset_says_how_it_differs_from_the_whole(refs):
    from app import services

    at = opened(compare_against="Vamp")
    rows = services.measure(refs, 100, 10, 0)[2].rows
    stored = services.latents(refs[2]).elbo
    shift = stored[rows].mean() - stored.mean()
    side = "above" if shift >= 0 else "below"
    assert f"as stored with Vamp, is {abs(shift):.2f} nats/image {side} the mean of all 300." in words(at)
    assert "as stored with" not in words(opened(compare_images="all"))


def test_differences_are_paired_and_taken_from_the_prior_chosen(refs):
    from app import services, widgets

    at = opened(compare_against="Vamp")
    row = at.table[0].value.loc["Log-likelihood minus that of Vamp (nats/image)"]
    sg, mog, vamp = services.measure(refs, 100, 10, 0)
    paired = services.difference(sg, vamp)
    assert row["Vamp"] == "reference"
    assert row["SG"] == widgets.format_value(paired.value, paired.se)
    drawn = charts(at)[6]["data"]
    assert [each["y"] for each in drawn] == [["SG"], ["MoG"]]
    assert drawn[1]["x"] == [pytest.approx(services.difference(mog, vamp).value)]


def test_the_prior_mass_in_holes_is_the_service_s(refs):
    from app import services, widgets

    at = opened()
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown == {
        f"Prior mass in holes, {name}": widgets.format_metric(services.hole_share(ref))
        for ref, name in zip(refs, ("SG", "MoG", "Vamp"), strict=True)
    }
    assert "2,000 draws, 300 test images" in words(at)
    assert "projections onto two axes" not in words(at)


def test_maps_share_one_range_unless_asked_otherwise(refs):
    from app import services

    ranges = [drawn["layout"]["xaxis"]["range"] for drawn in charts(opened())[:6]]
    shared = services.window(refs)
    assert ranges == [pytest.approx([shared.left, shared.right], rel=1e-6)] * 6
    own = [drawn["layout"]["xaxis"]["range"] for drawn in charts(opened(compare_range="own"))[:6]]
    assert own[:3] == own[3:]
    windows = [services.window((ref,)) for ref in refs]
    assert own[:3] == [pytest.approx([each.left, each.right], rel=1e-6) for each in windows]


def test_noise_temperature_and_number_change_the_samples_alone(models):
    before = opened()
    assert len(pictures(before)) == 3
    for control in ({"compare_seed": "5"}, {"compare_temperature": "0.25"}, {"compare_samples": "12"}):
        at = opened(**control)
        assert not set(pictures(at)) & set(pictures(before))
        assert charts(at) == charts(before)
    moved = before.slider(key="compare_temperature").set_value(0.25).run()
    assert pictures(moved) == pictures(opened(compare_temperature="0.25"))


DEFAULTS = {
    "compare_priors": ["sg", "mog", "vamp"],
    "compare_range": "shared",
    "compare_samples": 24,
    "compare_seed": 0,
    "compare_temperature": 1.0,
    "compare_images": "all",
    "compare_importance": "100",
    "compare_subset": 0,
    "compare_against": "sg",
}


@pytest.mark.parametrize("nonsense", ["<i>all</i>", "1e999", "-3"])
def test_nonsense_in_the_link_is_named_and_ignored(models, nonsense):
    at = opened(**dict.fromkeys(DEFAULTS, nonsense))
    (warning,) = at.warning
    assert all(key in warning.value for key in DEFAULTS)
    assert {key: at.get_by_key(key).value for key in DEFAULTS} == DEFAULTS
    assert list(at.table[0].value.columns) == ["SG", "MoG", "Vamp"]


def test_some_priors_only(models):
    at = opened(compare_priors=["Vamp", "SG"])
    assert list(at.table[0].value.columns) == ["SG", "Vamp"]
    assert len(at.metric) == 2
    assert len(pictures(at)) == 2
    at.multiselect(key="compare_priors").set_value([]).run()
    assert list(at.table[0].value.columns) == ["SG", "MoG", "Vamp"]


def test_one_prior_in_five_dimensions_has_nothing_to_be_compared_with(models):
    at = opened("tiny-5d")
    table = at.table[0].value
    assert list(table.columns) == ["Vamp, learned weights"]
    assert not [row for row in table.index if "minus" in row]
    assert "in all 5 dimensions" in words(at)
    assert "projections onto two axes" in words(at)
    assert len(charts(at)) == 3


def test_heavy_work_waits_for_the_button(refs, monkeypatch):
    from app import services
    from app.services import compare

    asked = []
    measure = services.measure

    def lighter(chosen, limit, samples, seed, progress):
        asked.append((limit, samples))
        return measure(chosen, limit, 10, seed, progress)

    monkeypatch.setattr(services, "measure", lighter)
    monkeypatch.setattr(compare, "seconds_a_sample", lambda ref: 1e-4)
    at = opened(compare_images="all", compare_importance="5000")
    assert asked == []
    assert "takes about 8 min" in at.info[0].value
    assert "4,500,000 latent samples" in at.info[0].value
    assert not at.table
    at.button(key="compare_measure").click().run()
    assert asked == [(300, 5000)]
    assert len(at.table) == 1
    assert "all 300 test images" in words(at)
    at.number_input(key="compare_subset").set_value(1).run()
    assert asked == [(300, 5000)]
    assert not at.table


def test_work_weighs_what_a_sample_of_the_model_takes(refs, monkeypatch):
    """The same choice starts by itself for a quick decoder, and waits for the button where one is slow."""
    from app import services
    from app.services import compare

    seconds = {"sg": 1e-6, "mog": 1e-6, "vamp": 1e-6}
    monkeypatch.setattr(compare, "seconds_a_sample", lambda ref: seconds[ref.prior])
    # 100 images of 10 importance samples and 2 more, and the 300 of the aggregate, for each of three priors.
    assert services.expected_seconds(refs, 100, 10) == pytest.approx(3 * 1500e-6)
    assert len(opened().table) == 1
    seconds["vamp"] = 4.5e-2
    at = opened()
    assert not at.table
    assert "3,000 latent samples, which takes about 68 s" in at.info[0].value
    assert at.button(key="compare_measure")


def test_what_a_sample_takes_is_found_from_a_block_that_is_long_enough(refs, timed, monkeypatch):
    """By a clock that stands still except while samples are decoded."""
    from types import SimpleNamespace

    from app.services import compare

    now, asked = [0.0], []
    estimate = compare.log_likelihood

    def slow(model, x, samples, **more):
        asked.append(samples)
        now[0] += 0.1 if len(asked) == 1 else 0.0005 * len(x) * samples
        return estimate(model, x, samples, **more)

    monkeypatch.setattr(compare, "log_likelihood", slow)
    monkeypatch.setattr(compare, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    assert timed(refs[0]) == pytest.approx(0.0005)
    assert asked == [1, 8, 32, 32]


def test_without_the_data_set_the_stored_figures_are_shown(refs, monkeypatch):
    from app import services, widgets
    from tests.app.conftest import forget
    from vampcore import datasets

    forget()
    monkeypatch.setattr(datasets, "available", lambda name: False)
    at = opened()
    table = at.table[0].value
    stored = services.metric(refs[2], "elbo")
    assert table.loc["ELBO (nats/image)", "Vamp"] == widgets.format_value(stored.value, stored.se)
    assert "Stored with the checkpoints" in words(at)
    assert at.button(key="compare_download")
    assert len(pictures(at)) == 3


def test_a_prior_that_cannot_be_read_does_not_hide_the_others(models, tmp_path, monkeypatch):
    from tests.app.conftest import use_root

    shutil.copytree(models / "tiny-2d", tmp_path / "all" / "tiny-2d")
    latents = tmp_path / "all" / "tiny-2d" / "mog" / "latents.safetensors"
    latents.write_bytes(latents.read_bytes()[:100])
    use_root(tmp_path / "all", monkeypatch)
    at = opened(prior="Vamp")
    (warning,) = at.warning
    assert "tiny-2d/mog cannot be read" in warning.value
    assert list(at.table[0].value.columns) == ["SG", "Vamp"]


def test_a_saturated_mutual_information_is_called_a_bound(refs, monkeypatch):
    import dataclasses

    from app import services

    def saturate(found):
        metrics = [dataclasses.replace(m, value=5.69) if m.name == "mutual_information" else m for m in found.metrics]
        return dataclasses.replace(found, metrics=tuple(metrics))

    measure = services.measure
    assert "it is a lower bound" not in words(opened())
    monkeypatch.setattr(services, "measure", lambda *given: tuple(saturate(each) for each in measure(*given)))
    said = words(opened())
    assert "SG, MoG, Vamp: the mutual information is near its ceiling, log N = 5.70" in said


def test_stored_figures_are_called_bounds_too(refs, monkeypatch):
    import dataclasses

    from app import services
    from tests.app.conftest import forget
    from vampcore import datasets

    known = services.metric

    def saturated(ref, name):
        found = known(ref, name)
        near = name == "mutual_information" and ref.prior == "vamp"
        return dataclasses.replace(found, value=5.69) if near and found is not None else found

    forget()
    monkeypatch.setattr(datasets, "available", lambda name: False)
    monkeypatch.setattr(services, "metric", saturated)
    said = words(opened())
    assert "Stored with the checkpoints" in said
    assert "Vamp: the mutual information is near its ceiling, log N = 5.70" in said
    assert "MoG, Vamp" not in said
