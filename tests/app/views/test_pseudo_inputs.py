"""The page of pseudo-inputs: what it shows for each prior, what its controls change, and what it says of a bad link."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.figures.tiles import as_bytes
from app.services import catalogue, prior_components
from app.services.loading import DataMissing
from app.widgets import component, screen
from app.widgets.wall import BEST, pixels_of
from tests.app.conftest import COMPONENTS
from tests.app.reading import metric, open_page, ref_of


def opened(**query: str) -> AppTest:
    return open_page("pseudo_inputs", **query)


def wall(at: AppTest) -> list[str]:
    """The hover texts of the tiles, in their order."""
    return json.loads(at.get("plotly_chart")[0].proto.spec)["data"][0]["text"]


def components_of(at: AppTest) -> list[int]:
    return [int(text.split("<br>")[0].removeprefix("component ")) for text in wall(at)]


@pytest.mark.parametrize("query", [{"prior": "Vamp"}, {"experiment": "tiny-5d"}])
def test_a_vamp_prior_shows_every_pseudo_input_and_the_story_of_the_most_used(models, query):
    experiment, prior = query.get("experiment", "tiny-2d"), "vamp-weighted" if "experiment" in query else "vamp"
    ref = ref_of(experiment, prior)
    at = opened(**query)
    assert not at.info
    k = int(prior_components.order(ref, "usage")[0])
    story, known = prior_components.component_detail(ref, k), prior_components.components(ref)
    assert at.number_input(key="component").value == k
    assert at.header[0].value == f"Pseudo-input {k}, step by step"
    assert components_of(at) == prior_components.order(ref, "class").tolist()

    assert metric(at, f"Weight of {k}") == component.percent(story.weight)
    assert metric(at, f"Usage of {k}") == component.percent(story.usage, float(known.usage_se[k]))
    assert metric(at, "Mostly explains") == f"digit {catalogue.facts(ref).classes[story.image_class]}"
    assert metric(at, "Clamped pixels") == component.percent(catalogue.facts(ref).outside)
    # u, decoded mean, samples, the images explained best, the nearest ones, and one for each epoch.
    epochs = {each.epoch for each in prior_components.snapshots(ref)} | {catalogue.facts(ref).best_epoch}
    shown = [one for each in at.main if each.type == "image" for one in each.proto.imgs]
    assert len(shown) == 5 + len(epochs)
    assert all(one.alt for one in shown)


def test_a_mixture_says_that_it_has_no_pseudo_inputs_and_shows_decoded_means(models):
    ref = ref_of("tiny-2d", "mog")
    at = opened(prior="MoG")
    assert "no pseudo-inputs" in at.info[0].value
    assert "decoded mean of every component" in at.info[0].value
    assert sorted(components_of(at)) == list(range(COMPONENTS))
    assert "pseudo_show" not in at.session_state
    assert not [each for each in at.selectbox if each.key == "pseudo_epoch"]
    k = int(prior_components.order(ref, "usage")[0])
    assert at.header[0].value == f"Component {k}, step by step"


def test_a_standard_normal_shows_its_one_component(models):
    at = opened(prior="SG")
    assert "no pseudo-inputs" in at.info[0].value
    assert at.header[0].value == "The only component, step by step"
    assert not at.number_input
    assert not at.metric
    assert any("where the prior is densest" in each.value for each in at.markdown)


@pytest.mark.parametrize("by", ["usage", "weight", "class", "similarity"])
def test_the_tiles_follow_the_order(models, by):
    ref = ref_of("tiny-2d", "vamp")
    at = opened()
    at.selectbox(key="pseudo_order").set_value(by).run()
    assert not at.exception
    assert components_of(at) == prior_components.order(ref, by).tolist()
    equal = [caption.value for caption in at.caption if "All weights are equal" in caption.value]
    assert bool(equal) == (by == "weight")


def test_the_tiles_show_what_is_asked_for(models):
    at = opened(pseudo_show="pseudo-inputs")
    pictures = {json.dumps(json.loads(at.get("plotly_chart")[0].proto.spec)["layout"]["images"])}
    epochs = at.selectbox(key="pseudo_epoch").options
    assert epochs[0] == "0, before training"
    at.selectbox(key="pseudo_epoch").set_value("0").run()
    pictures.add(json.dumps(json.loads(at.get("plotly_chart")[0].proto.spec)["layout"]["images"]))
    at.get_by_key("pseudo_show").set_value("decoded").run()
    pictures.add(json.dumps(json.loads(at.get("plotly_chart")[0].proto.spec)["layout"]["images"]))
    assert not at.exception
    assert len(pictures) == 3
    assert not [each for each in at.selectbox if each.key == "pseudo_epoch"]


def test_a_pair_is_a_pseudo_input_of_full_contrast_over_its_decoded_mean(models):
    ref = ref_of("tiny-2d", "vamp")
    pairs = pixels_of(ref, "pairs", BEST)
    learned, decoded = prior_components.pseudo_inputs(ref), prior_components.component_images(ref)
    height = decoded.shape[2]
    assert pairs.shape[2] == 2 * height
    np.testing.assert_array_equal(pairs[:, :, height:], as_bytes(decoded))
    above = pairs[:, :, :height].reshape(len(pairs), -1)
    assert (above.min(1) == 0).all()
    assert (above.max(1) == 255).all()
    for one, of in zip(above, as_bytes(learned).reshape(len(pairs), -1), strict=True):
        assert np.corrcoef(one, of)[0, 1] > 0.999
    at = opened()
    written = next(each for each in json.loads(at.get("plotly_chart")[0].proto.spec)["data"] if each["mode"] == "text")
    k, known = int(prior_components.order(ref, "class")[0]), prior_components.components(ref)
    assert written["text"][0] == f"{catalogue.facts(ref).classes[known.classes[k]]} · {100 * known.usage[k]:.1f} %"
    assert any("contrast stretched" in each.value for each in at.caption)


def test_another_pseudo_input_changes_the_story_and_leaves_the_tiles(models):
    ref = ref_of("tiny-2d", "vamp")
    at = opened(component="2")
    tiles = at.get("plotly_chart")[0].proto.spec
    assert at.header[0].value == "Pseudo-input 2, step by step"
    at.number_input(key="component").set_value(4).run()
    assert not at.exception
    assert at.header[0].value == "Pseudo-input 4, step by step"
    assert metric(at, "Weight of 4")
    assert at.get("plotly_chart")[0].proto.spec == tiles
    ellipse = json.loads(at.get("plotly_chart")[1].proto.spec)["data"][-1]["line"]["color"]
    assert ellipse == "#c77d0a"
    assert prior_components.component_detail(ref, 4).component == 4


def test_the_component_is_kept_on_the_page_of_components(models):
    at = opened()
    at.number_input(key="component").set_value(3).run()
    at.switch_page("views/components.py").run()
    assert not at.exception
    assert at.number_input(key="component").value == 3


def test_another_prior_starts_with_its_own_most_used_component(models):
    at = opened()
    used = [int(k) for k in prior_components.order(ref_of("tiny-2d", "vamp"), "usage")]
    at.number_input(key="component").set_value(used[-1]).run()
    at.sidebar.get_by_key("prior").set_value("mog").run()
    k = int(prior_components.order(ref_of("tiny-2d", "mog"), "usage")[0])
    assert at.header[0].value == f"Component {k}, step by step"


@pytest.mark.parametrize(
    ("key", "nonsense"),
    [
        ("component", "-1"),
        ("component", str(COMPONENTS)),
        ("component", "nan"),
        ("pseudo_order", "beauty"),
        ("pseudo_show", "<b>"),
        ("pseudo_epoch", "1e9"),
    ],
)
def test_nonsense_in_the_link_is_named_and_replaced(models, key, nonsense):
    k = int(prior_components.order(ref_of("tiny-2d", "vamp"), "usage")[0])
    show = {"pseudo_show": "pseudo-inputs"} if key == "pseudo_epoch" else {}
    at = opened(**{key: nonsense}, **show)
    assert key in at.warning[0].value
    assert at.header[0].value == f"Pseudo-input {k}, step by step"
    assert key not in at.query_params


def test_without_the_data_set_reconstructions_stand_in_and_say_so(models, monkeypatch):
    from vampcore import datasets

    monkeypatch.setattr(datasets, "available", lambda name: False)
    at = opened()
    assert any(words.value.startswith("Reconstructions. Explained best") for words in at.caption)
    assert at.button(key="pseudo_download")


def test_data_that_the_model_was_not_tested_on_are_not_shown(models, monkeypatch):
    from app.services import images, memory

    def not_these(*_):
        raise DataMissing("another data set")

    assert not any("Reconstructions" in words.value for words in opened().caption)
    memory.clear_caches()
    monkeypatch.setattr(images, "observations", not_these)
    at = opened()
    assert any(words.value.startswith("Reconstructions. Explained best") for words in at.caption)
    memory.clear_caches()


def test_the_table_holds_what_the_services_say(models, monkeypatch):
    from app.widgets import component

    ref, handed = ref_of("tiny-2d", "vamp"), {}
    monkeypatch.setattr(component, "csv_button", lambda label, columns, key, name: handed.update({name: columns}))
    component.component_table(ref, key="t")
    (columns,) = handed.values()
    known = prior_components.components(ref)
    np.testing.assert_array_equal(columns["usage (share)"], known.usage)
    np.testing.assert_array_equal(columns["dead"], known.dead)
    assert len(columns["class"]) == COMPONENTS


@pytest.mark.parametrize(
    ("share", "se", "text"),
    [
        (0.5, None, "50 %"),
        (0.0, None, "0 %"),
        (3e-9, None, "below 0.000001 %"),
        (2e-6, None, "0.0002 %"),
        (0.0123, 0.0041, "1.2 ± 0.4 %"),
        (1e-9, 1e-9, "below 0.001 %"),
        (1e-9, 0.01, "0.0 ± 1.0 %"),
        (0.99998, None, "100 %"),
        (0.9994, None, "99.9 %"),
    ],
)
def test_shares_are_percentages(share, se, text):
    assert component.percent(share, se) == text


@pytest.mark.parametrize(
    ("browser", "width"),
    [("Mozilla/5.0 (X11; Linux x86_64) Chrome/130", 720), ("Mozilla/5.0 (Linux; Android 15) Chrome/130 Mobile", 350)],
)
def test_a_phone_gets_a_lower_picture(models, monkeypatch, browser, width):
    import streamlit as st

    monkeypatch.setattr(type(st.context), "headers", property(lambda self: {"User-Agent": browser}))
    assert screen.picture_width() == width
    # Six tiles of ten by ten with their edges, and a third of their height for the numbers.
    height = json.loads(opened(pseudo_show="pseudo-inputs").get("plotly_chart")[0].proto.spec)["layout"]["height"]
    assert height == pytest.approx(width / COMPONENTS / 0.7, abs=1)
