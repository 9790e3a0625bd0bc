"""The overview: each prior's numbers are the services', whatever is missing, and what a link may say."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.services import catalogue, densities, distinct, literature, scores, units
from app.services.latent_plane import encoding
from app.widgets import numbers
from app.widgets.family import short_words
from tests.app.reading import MAIN, as_shown, charts, pictures, words
from tools.patience import patience


def opened(experiment="tiny-2d", **query: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=patience())
    at.query_params.update({"experiment": experiment, **query})
    at.run()
    assert not at.exception
    assert not at.error
    return at


@pytest.fixture
def part(models, tmp_path, monkeypatch):
    """A catalogue of copies of some of the small models, to be changed."""
    from tests.app.conftest import use_root

    def copied(*names: str) -> Path:
        for name in names:
            shutil.copytree(models / name, tmp_path / "part" / name)
        use_root(tmp_path / "part", monkeypatch)
        return tmp_path / "part"

    return copied


def test_the_numbers_of_each_prior_are_the_services(refs):
    at = opened()
    shown = [(metric.label, metric.value) for metric in at.metric]
    expected = []
    for ref in refs:
        found = distinct.distinct_components(ref)
        expected += [("ELBO \u2191", numbers.value(catalogue.metric(ref, "elbo")))]
        expected += [("Distinct components", numbers.distinct(found.value, found.components))]
    for ref, name in zip(refs, ("SG", "MoG", "Vamp"), strict=True):
        expected += [("Effective components", scores.effective_label(ref))] if name != "SG" else []
    assert shown == expected
    assert next(value for label, value in shown if label == "Distinct components") == "1"
    said = words(at)
    elbo = catalogue.metric(refs[2], "elbo")
    assert f"**{numbers.error(elbo)}** nats/image; higher is better" in said
    assert "ELBO, in nats/image, n = 300, S = 1" in said
    assert [units.active_label(ref) for ref in refs] == ["2 of 2"] * 3
    assert said.count("Active units: 2 of 2, n = 300") == 3
    assert "Not converged, the best weights so far: SG, MoG, Vamp" in said
    assert "6 clouds, each with its own place and size." in said
    assert "n = 300" in said
    assert "Published log-likelihood" not in said
    assert "A lower bound. For log p(x), run `python -m vampcore evaluate MODEL --save`." in said
    assert not at.warning


def test_a_likelihood_of_a_part_of_the_test_images_says_so(part):
    """In five dimensions: in two, log p(x) is integrated for all images."""
    from vampcore import datasets
    from vampcore.checkpoints import load, save
    from vampcore.checkpoints.measuring import measured_again, with_figures

    folder = part("tiny-5d") / "tiny-5d" / "vamp-weighted"
    checkpoint = load(folder)
    measured = with_figures(checkpoint, measured_again(checkpoint, datasets.load("digits"), 2, estimated=40))
    save(measured, folder)
    said = words(opened("tiny-5d"))
    how = numbers.estimator(measured.metric("log_likelihood"))
    assert "S = 2" in how
    assert (
        "Estimated on a random subset of the test images: Vamp, learned weights 40. Score for all of them: their"
        in said
    )
    assert f"nats/image, n = 300 by their ELBO, 40 of them by {how}" in said


def test_each_map_shows_the_test_set_and_its_prior(refs):
    maps = charts(opened())[1:4]
    for ref, drawn in zip(refs, maps, strict=True):
        left, right = drawn["layout"]["xaxis"]["range"]
        window = densities.window((ref,))
        assert (left, right) == pytest.approx((window.left, window.right), rel=1e-6)
        assert drawn["layout"]["yaxis"]["scaleanchor"] == "x"
        assert [trace["type"] for trace in drawn["data"]] == ["contour"]
        assert len(drawn["layout"]["images"]) == 1
        assert "300 test images" in drawn["layout"]["meta"]["alt"]


def test_one_range_for_all_maps_on_demand(refs):
    shared = densities.window(refs)
    for drawn in charts(opened(overview_range="shared"))[1:4]:
        assert drawn["layout"]["xaxis"]["range"] == pytest.approx([shared.left, shared.right], rel=1e-6)
        assert drawn["layout"]["yaxis"]["range"] == pytest.approx([shared.bottom, shared.top], rel=1e-6)


def test_colour_and_seed_change_what_they_name_and_nothing_else(models):
    before, component, seed = opened(), opened(overview_colour="component"), opened(overview_seed="7")
    assert charts(component)[3] != charts(before)[3]
    assert charts(component)[4:] == charts(before)[4:]
    assert pictures(component) == pictures(before)
    assert charts(seed) == charts(before)
    assert len(pictures(before)) == 4
    # The first are the real images.
    assert set(pictures(seed)) & set(pictures(before)) == {pictures(before)[0]}
    again = before.number_input(key="overview_seed").set_value(7).run()
    assert pictures(again) == pictures(seed)


@pytest.mark.parametrize("nonsense", ["<b>purple</b>", "1e999", "-1", ""])
def test_nonsense_in_the_link_is_named_and_ignored(models, nonsense):
    keys = ("overview_colour", "overview_range", "overview_seed")
    at = opened(**dict.fromkeys(keys, nonsense))
    (warning,) = at.warning
    assert all(key in warning.value for key in keys)
    assert at.get_by_key("overview_colour").value == "class"
    assert at.get_by_key("overview_range").value == "own"
    assert at.number_input(key="overview_seed").value == 0
    assert not any(key in at.query_params for key in keys)


def test_a_family_of_one_in_five_dimensions(models):
    at = opened("tiny-5d")
    drawn = charts(at)
    assert len(drawn) == 3  # map, scores, curves
    assert "Minus" not in words(at)
    assert "Principal axis 1" in words(at)
    assert "is the only prior here, so there is nothing to compare it with" in words(at)
    assert any(metric.value.endswith(" of 5") for metric in at.metric if metric.label == "Active units")


def test_images_without_classes_are_coloured_by_component(refs, monkeypatch):
    import dataclasses

    by_class = charts(opened())[1]
    known = catalogue.facts
    monkeypatch.setattr(catalogue, "facts", lambda ref: dataclasses.replace(known(ref), classes=()))
    at = opened()
    # One way to colour is no choice.
    assert "overview_colour" not in [control.key for control in at.get("button_group")]
    assert "overview_range" in [control.key for control in at.get("button_group")]
    assert charts(at)[1] != by_class
    assert charts(at)[1] != charts(opened(overview_range="shared"))[1]


def test_a_prior_that_cannot_be_read_does_not_hide_the_others(part):
    latents = part("tiny-2d") / "tiny-2d" / "sg" / "latents.safetensors"
    latents.write_bytes(latents.read_bytes()[:100])
    at = opened(prior="Vamp")
    (warning,) = at.warning
    assert "tiny-2d/sg cannot be read" in as_shown(warning.value)
    assert score_labels(at) == ["ELBO \u2191"] * 2


def score_labels(at: AppTest) -> list[str]:
    """The labels of the priors' scores."""
    return [each.label for each in at.metric if each.label.endswith("\u2191")]


def test_stored_differences_stand_there_at_once_and_without_the_data_set(refs, monkeypatch):
    import numpy as np

    from app.services.loading import loaded
    from tests.app.conftest import clear_caches
    from vampcore import datasets

    clear_caches()
    monkeypatch.setattr(datasets, "available", lambda name: False)
    at = opened()
    sg, mog, vamp = (loaded(ref).checkpoint.per_image.elbo.double().numpy() for ref in refs)
    drawn = charts(at)[4]["data"]
    assert [row["y"] for row in drawn] == [["MoG"], ["Vamp"]]
    for row, other in zip(drawn, (mog, vamp), strict=True):
        assert row["x"] == [pytest.approx((other - sg).mean())]
        assert row["error_x"]["array"] == [pytest.approx((other - sg).std(ddof=1) / np.sqrt(300))]
    found = scores.stored_difference(refs[2], refs[0])
    sentence = f"Vamp **{numbers.signed_difference(found)}** nats/image (S = 1, n = 300; one training seed)."
    assert sentence in words(at)


def test_shipped_differences_are_those_of_the_files():
    """Of checkpoints that ship, from the page: the numbers that a reader can check."""
    import numpy as np
    from safetensors.numpy import load_file

    from vampcore.metrics import Metric

    root = MAIN.parents[1] / "checkpoints" / "digits-2d"
    sg, vamp = (load_file(root / prior / "per_image.safetensors")["log_likelihood"] for prior in ("sg", "vamp"))
    each = vamp.astype(float) - sg.astype(float)
    se = each.std(ddof=1) / np.sqrt(300)
    expected = numbers.signed_difference(Metric("log_likelihood_difference", each.mean(), "nats/image", se))
    said = words(opened("digits-2d"))
    assert f"Vamp **{expected}** nats/image (" in said
    assert ", n = 300; the training that ships)" in said


def evaluated(root: Path, *priors: str) -> None:
    """Store log p(x) of checkpoints, as people do."""
    from tests.app.conftest import clear_caches
    from vampcore import commands

    for prior in priors:
        assert commands.main(["evaluate", str(root / "tiny-2d" / prior), "--samples", "3", "--save"]) == 0
    clear_caches()


def test_figures_are_compared_once_all_are_of_one_kind(part, capsys):
    evaluated(part("tiny-2d"), "sg", "mog")
    at = opened()
    assert score_labels(at) == ["Log-likelihood \u2191", "Log-likelihood \u2191", "ELBO \u2191"]
    assert "python -m vampcore evaluate" in at.info[0].value
    assert len(charts(at)) == 6


def test_a_published_figure_stands_beside_ours_as_reported(part, monkeypatch, capsys):
    from vampcore.literature import Published, Source

    evaluated(part("tiny-2d"), "sg", "mog", "vamp")
    source = Source("A paper", "https://example.org", as_reported=True)
    known = Published("log_likelihood", -85.57, "nats/image", source)
    monkeypatch.setattr(literature, "published", lambda ref: (known,) if ref.prior == "vamp" else ())
    at = opened()
    said = [caption.value for caption in at.caption if caption.value.startswith("Published")]
    assert said == ["Published log-likelihood: **−85.57** nats/image, as reported: [A paper](https://example.org)"]
    rows = charts(at)[5]["data"]
    assert [row["y"] for row in rows] == [["SG"], ["MoG"], ["Vamp"], ["Vamp, published"]]
    assert rows[3]["x"] == [-85.57]
    ours = catalogue.metric(next(each for each in catalogue.experiments()).refs[2], "log_likelihood")
    assert rows[2]["x"] == [pytest.approx(ours.value)]
    assert rows[2]["error_x"]["array"] == [pytest.approx(ours.se)]


def test_the_history_is_that_of_the_checkpoints(refs):
    drawn = charts(opened())[6]
    named = {trace["name"] for trace in drawn["data"] if "name" in trace}
    assert {f"{prior}, {part}" for prior in ("SG", "MoG", "Vamp") for part in ("training", "validation")} <= named
    assert f"Vamp 3 epochs, best at {catalogue.facts(refs[2]).best_epoch}" in drawn["layout"]["meta"]["alt"]


def test_dots_outside_the_maps_are_counted_under_them(refs):
    expected = []
    for ref in (each for each in refs if each.experiment == "tiny-2d"):
        window, placed = densities.window((ref,)), encoding.points(ref)
        inside = ((placed >= (window.left, window.bottom)) & (placed < (window.right, window.top))).all(1)
        if not inside.all():
            expected.append(f"{short_words(ref)} {(~inside).sum()} of 300")
    assert expected
    assert f"Dots outside the maps: {', '.join(expected)}." in [each.value for each in opened().caption]


def test_the_message_comes_before_the_pictures_and_these_before_the_details(refs):
    at = opened()
    order = []
    for each in at.main:
        order.append((each.type, getattr(each, "value", None)))
    kinds = [kind for kind, _ in order]
    said = [as_shown(value) if isinstance(value, str) else "" for _, value in order]

    def first(words: str) -> int:
        return next(i for i, each in enumerate(said) if words in each)

    title, sentence = first("Which prior explains handwritten digits best?"), first("A VAE turns every image")
    verdict, details = first("## "), first("of each of 300 test images")
    real = first("Real test images; invented ones below")
    differences, curves = first("image by image"), first("Training curves")
    assert title < sentence < verdict < details < real < differences < curves
    first_map = [i for i, kind in enumerate(kinds) if kind == "plotly_chart"][1]
    assert real < first_map < differences
    assert {"popover"} <= set(kinds) or at.get("popover")
