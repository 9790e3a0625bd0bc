"""Comparing priors: stored scores stand there at once, live ones say on what images, and slow work asks first."""

import shutil

import pytest

from app.services import catalogue, compare, loading, scores
from app.services.compare import seconds_a_sample
from app.services.latent_plane import encoding
from app.services.scores import Metric
from app.widgets import numbers
from tests.app.reading import as_shown, charts, pictures, words
from tests.app.views.comparing import number_of_pictures, opened

pytestmark = pytest.mark.usefixtures("at_rest")
LIVE, ELBO = 1, "ELBO (nats/image, higher is better)"


def test_the_table_is_what_the_service_measures(refs):
    at = opened(compare_subset="3")
    table = at.table[LIVE].value
    assert list(table.columns) == ["SG", "MoG", "Vamp"]
    found = compare.measure(refs, 100, 10, 3)
    for each, name in zip(found, table.columns, strict=True):
        elbo = each.get("elbo")
        assert table.loc[ELBO, name] == numbers.format_value(elbo.value, elbo.se)
    # The estimator of log p(x), and the difference.
    assert len(table) == len(compare.LIVE_ROWS) + 2
    assert "a random 100 of the 300 test images, the same for every prior; S = 10" in words(at)
    assert loading.device().name in words(at)
    assert not at.warning


def test_a_subset_says_how_it_differs_from_the_whole(refs):
    at = opened(compare_against="Vamp")
    rows = compare.measure(refs, 100, 10, 0)[2].rows
    stored = encoding.latents(refs[2]).elbo
    shift = stored[rows].mean() - stored.mean()
    side = "above" if shift >= 0 else "below"
    assert f"their stored ELBO with Vamp is {abs(shift):.2f} nats/image {side} the mean over all 300." in words(at)
    assert "their stored ELBO" not in words(opened(compare_images="all"))


def test_differences_are_paired_and_taken_from_the_prior_chosen(refs):
    at = opened(compare_against="Vamp")
    row = at.table[LIVE].value.loc["log p(x) minus that of Vamp (nats/image)"]
    sg, mog, vamp = compare.measure(refs, 100, 10, 0)
    paired = compare.difference(sg, vamp)
    assert row["Vamp"] == "reference"
    assert row["SG"] == numbers.signed_difference(paired)
    # The checkpoints store the ELBO alone: log p(x) measured now is the better score, and is drawn too.
    drawn = charts(at)[-1]["data"]
    assert [each["y"] for each in drawn] == [["SG"], ["MoG"]]
    assert drawn[1]["x"] == [pytest.approx(compare.difference(mog, vamp).value)]


DEFAULTS = {
    "compare_priors": ["sg", "mog", "vamp"],
    "compare_range": "own",
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


def test_one_prior_in_five_dimensions_has_nothing_to_be_compared_with(models):
    at = opened("tiny-5d")
    table = at.table[0].value
    assert list(table.columns) == ["Vamp, learned weights"]
    assert not [row for row in table.index if "minus" in row]
    assert not at.metric
    assert len(pictures(at)) == 1
    assert "projections onto two axes" in words(at)
    assert len(charts(at)) == 3


def test_heavy_work_waits_for_the_button(refs, monkeypatch):
    from app.services import compare

    asked = []
    measure = compare.measure

    def lighter(chosen, limit, samples, seed, progress):
        asked.append((limit, samples))
        return measure(chosen, limit, 10, seed, progress)

    monkeypatch.setattr(compare, "measure", lighter)
    monkeypatch.setattr(compare, "seconds_a_sample", lambda ref: 1e-4)
    at = opened(compare_images="all", compare_importance="5000")
    assert asked == []
    assert at.info[0].value == "Needs about 8 minutes on this CPU."
    assert len(at.table) == 1
    at.button(key="compare_measure").click().run()
    assert asked == [(300, 5000)]
    assert len(at.table) == 2
    assert "all 300 test images" in words(at)
    at.number_input(key="compare_subset").set_value(1).run()
    assert asked == [(300, 5000)]
    assert len(at.table) == 1


def test_work_weighs_what_a_sample_of_the_model_takes(refs, monkeypatch):
    """The same choice starts by itself for a quick decoder, and waits for the button where one is slow."""
    from app.services import compare

    seconds = {"sg": 1e-6, "mog": 1e-6, "vamp": 1e-6}
    monkeypatch.setattr(compare, "seconds_a_sample", lambda ref: seconds[ref.prior])
    # 100 images of 10 importance samples and 2 more, and the 300 of the aggregate, for each of three priors.
    assert compare.expected_seconds(refs, 100, 10) == pytest.approx(3 * 1500e-6)
    assert len(opened().table) == 2
    seconds["vamp"] = 4.5e-2
    at = opened()
    assert len(at.table) == 1
    assert at.info[0].value == "Needs about 70 seconds on this CPU."
    assert at.button(key="compare_measure")


def test_what_a_sample_takes_is_found_from_a_block_that_is_long_enough(refs, monkeypatch):
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
    assert seconds_a_sample(refs[0]) == pytest.approx(0.0005)
    assert asked == [1, 8, 32, 32]


def test_without_the_data_set_the_stored_figures_are_shown(refs, monkeypatch):
    from tests.app.conftest import clear_caches
    from vampcore import datasets

    clear_caches()
    monkeypatch.setattr(datasets, "available", lambda name: False)
    at = opened()
    table = at.table[0].value
    stored = catalogue.metric(refs[2], "elbo")
    assert table.loc[ELBO, "Vamp"] == numbers.format_value(stored.value, stored.se)
    assert "Stored with the checkpoints" in words(at)
    assert "no scores can be measured without the original images" in words(at)
    assert "shown instead" not in words(at)
    assert at.button(key="compare_download")
    assert len(pictures(at)) == number_of_pictures(refs) - 1


def test_a_prior_that_cannot_be_read_does_not_hide_the_others(models, tmp_path, monkeypatch):
    from tests.app.conftest import use_root

    shutil.copytree(models / "tiny-2d", tmp_path / "all" / "tiny-2d")
    latents = tmp_path / "all" / "tiny-2d" / "mog" / "latents.safetensors"
    latents.write_bytes(latents.read_bytes()[:100])
    use_root(tmp_path / "all", monkeypatch)
    at = opened(prior="Vamp")
    (warning,) = at.warning
    assert "tiny-2d/mog cannot be read" in as_shown(warning.value)
    assert list(at.table[0].value.columns) == ["SG", "Vamp"]


def saturated(found, value=5.69):
    """The mutual information near log 300 = 5.70."""
    import dataclasses

    return dataclasses.replace(found, value=value) if found is not None else None


def test_a_saturated_mutual_information_is_a_bound_in_the_cell(refs, monkeypatch):
    import dataclasses

    def saturate(found):
        near = (saturated(each) if each.name == "mutual_information" else each for each in found.metrics)
        return dataclasses.replace(found, metrics=tuple(near))

    measure = compare.measure
    plain = opened()
    assert "lower bound (" not in words(plain)
    assert not any("\u2264" in cell for table in plain.table for cell in table.value.to_numpy().ravel())
    monkeypatch.setattr(compare, "measure", lambda *given: tuple(saturate(each) for each in measure(*given)))
    at = opened()
    assert "SG, MoG, Vamp: mutual information is near its ceiling, log N = 5.70 for N = 300 images." in words(at)
    live = at.table[LIVE].value
    assert all(cell.startswith("\u2265 5.69") for cell in live.loc["of which mutual information (nats/image)"])
    assert all(cell.startswith("\u2264 ") for cell in live.loc["of which marginal KL (nats/image)"])


def test_stored_scores_are_called_bounds_too(refs, monkeypatch):
    known = catalogue.metric

    def near(ref, name, layer=None):
        found = known(ref, name, layer)
        return saturated(found) if name == "mutual_information" and ref.prior == "vamp" else found

    monkeypatch.setattr(catalogue, "metric", near)
    at = opened()
    table = at.table[0].value
    assert table.loc["of which mutual information (nats/image)", "Vamp"].startswith("\u2265 ")
    assert table.loc["of which marginal KL (nats/image)", "Vamp"].startswith("\u2264 ")
    assert not table.loc["of which marginal KL (nats/image)", "MoG"].startswith("\u2264 ")
    assert "Vamp: mutual information is near its ceiling, log N = 5.70" in words(at)
    assert "MoG, Vamp: mutual" not in words(at)


def test_nothing_that_is_stored_gives_way_to_a_worse_measurement(refs):
    """The stored ELBO of 300 images stays where 100 are measured, and is not drawn again from fewer."""
    at = opened()
    stored = scores.stored_difference(refs[2], refs[0])
    assert charts(at)[3]["data"][1]["x"] == [pytest.approx(stored.value)]
    fewer = Metric("log_likelihood_difference", 1.0, "nats/image", 0.1, 100, 10)
    more = Metric("log_likelihood_difference", 2.0, "nats/image", 0.1, 300, 5000)
    exact = Metric("log_likelihood_difference", 2.0, "nats/image", 0.1, 300)
    assert scores.better(more, fewer) is more
    assert scores.better(fewer, more) is more
    assert scores.better(stored, fewer) is fewer
    assert scores.better(None, fewer) is fewer
    assert scores.better(more, more) is more
    assert scores.better(exact, None) is exact


@pytest.mark.parametrize("experiment", ["digits-2d", "static-mnist-hvae"])
def test_shipped_scores_stand_there_without_any_data_set(shipped, experiment, monkeypatch):
    from vampcore import datasets

    monkeypatch.setattr(datasets, "available", lambda name: False)
    at = opened(experiment)
    # The test images of some experiments ship with them, so that a second table may be measured.
    table = at.table[0].value
    row = table.loc["Log-likelihood (nats/image, higher is better)"]
    assert (row != "not evaluated").all()
    difference = table.loc["log p(x) minus that of SG (nats/image)"]
    assert difference["SG"] == "reference"
    assert all(cell.startswith("+") and " \u00b1 " in cell for cell in difference.drop("SG"))


def test_the_kl_of_two_layers_adds_up(shipped, monkeypatch):
    from vampcore import datasets

    monkeypatch.setattr(datasets, "available", lambda name: False)
    at = opened("static-mnist-hvae")
    table = at.table[0].value
    for prior in table.columns:
        cells = [row for row in table.index if row.startswith(("KL", "of which"))]
        top, information, marginal, lower, whole = (
            float(table.loc[row, prior].strip("\u2265\u2264 ").split(" ")[0]) for row in cells
        )
        assert information + marginal == pytest.approx(top, abs=0.02)
        assert top + lower == pytest.approx(whole, abs=0.02)
    assert cells[0] == "KL of z2 (nats/image)"
    assert cells[3:] == ["KL of z1 (nats/image)", "KL of all layers (nats/image)"]
    assert table.loc["Effective components (of K)", "MoG"] == "7.6 of 500"
    assert table.loc["Active units", "SG"] == "36+23 of 40+40"


def test_a_phone_shows_one_prior_under_the_other(refs, monkeypatch):
    from app.widgets import figures_table

    monkeypatch.setattr(figures_table, "is_narrow", lambda: True)
    at = opened()
    assert [list(table.value.columns) for table in at.table] == [["SG"], ["MoG"], ["Vamp"]] * 2
