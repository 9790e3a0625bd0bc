"""The page of pseudo-inputs: what it shows for each prior, what its controls change, and what it says of a bad link."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.services import catalogue, prior_components
from app.services.loading import DataMissing
from app.widgets import component
from tests.app.conftest import COMPONENTS
from tests.app.reading import metric, open_page, ref_of, wall


def opened(**query: str) -> AppTest:
    return open_page("pseudo_inputs", **query)


@pytest.mark.parametrize("query", [{"prior": "Vamp"}, {"experiment": "tiny-5d"}])
def test_a_vamp_prior_shows_every_pseudo_input_and_the_detail_of_the_most_used(models, query):
    experiment, prior = query.get("experiment", "tiny-2d"), "vamp-weighted" if "experiment" in query else "vamp"
    ref = ref_of(experiment, prior)
    at = opened(**query)
    assert not at.info
    k = int(prior_components.order(ref, "usage")[0])
    detail, known = prior_components.component_detail(ref, k), prior_components.summary(ref)
    assert at.number_input(key="component").value == k
    assert at.header[0].value == f"Pseudo-input {k}, step by step"
    assert wall(at)["order"] == prior_components.order(ref, "class").tolist()

    assert metric(at, f"Weight of {k}") == component.percent(detail.weight)
    assert metric(at, f"Usage of {k}") == component.percent(detail.usage, float(known.usage_se[k]))
    assert metric(at, "Mostly explains") == f"digit {catalogue.facts(ref).classes[detail.image_class]}"
    assert metric(at, "Clamped pixels") == component.percent(catalogue.facts(ref).outside)
    # u, decoded mean, samples, the images explained best, and the nearest ones.
    shown = [one for each in at.main if each.type == "image" for one in each.proto.imgs]
    assert len(shown) == 5
    assert all(one.alt for one in shown)
    assert wall(at)["chosen"] == k


def test_a_mixture_says_that_it_has_no_pseudo_inputs_and_shows_decoded_means(models):
    ref = ref_of("tiny-2d", "mog")
    at = opened(prior="MoG")
    assert "no pseudo-inputs" in at.info[0].value
    assert "decoded mean of every component" in at.info[0].value
    assert sorted(wall(at)["order"]) == list(range(COMPONENTS))
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
    assert wall(at)["order"] == prior_components.order(ref, by).tolist()
    equal = [caption.value for caption in at.caption if "All weights are equal" in caption.value]
    assert bool(equal) == (by == "weight")


def test_the_tiles_show_what_is_asked_for(models):
    at = opened(pseudo_show="pseudo-inputs")
    assert wall(at)["show"] == "pseudo-inputs"
    contents = {wall(at)["content"]["digest"]}
    epochs = at.selectbox(key="pseudo_epoch").options
    assert epochs[0] == "0, before training"
    at.selectbox(key="pseudo_epoch").set_value("0").run()
    contents.add(wall(at)["content"]["digest"])
    assert len(contents) == 2
    at.get_by_key("pseudo_show").set_value("decoded").run()
    assert not at.exception
    assert wall(at)["show"] == "decoded"
    assert not [each for each in at.selectbox if each.key == "pseudo_epoch"]


def test_an_epoch_alone_in_the_address_shows_the_pseudo_inputs_after_it(models):
    at = opened(pseudo_epoch="0, before training")
    assert not at.warning
    assert at.selectbox(key="pseudo_epoch").value == "0"
    assert wall(at)["show"] == "pseudo-inputs"
    assert opened(pseudo_epoch="0, before training", pseudo_show="Decoded").get_by_key("pseudo_show").value == "decoded"
    assert wall(opened(pseudo_epoch="0", prior="MoG"))["show"] == "decoded"


def test_previous_and_next_follow_the_order_and_close_to_a_ring(models):
    order = prior_components.order(ref_of("tiny-2d", "vamp"), "usage").tolist()
    at = opened(pseudo_order="Usage", component=str(order[1]))
    for button, expected in (("previous", order[0]), ("previous", order[-1]), ("next", order[0]), ("next", order[1])):
        at.button(key=f"pseudo_{button}").click().run()
        assert at.number_input(key="component").value == wall(at)["chosen"] == expected


def test_it_says_what_the_tiles_show_and_what_the_pseudo_inputs_started_from(models):
    at = opened()
    assert any("contrast stretched" in each.value for each in at.caption)
    assert any("started from random noise" in each.value for each in at.markdown)
    assert not any("Under each tile" not in each.value and "trained model" in each.value for each in at.caption)
    early = opened(pseudo_epoch="0, before training")
    assert any("both of the trained model" in each.value for each in early.caption)


def test_another_pseudo_input_changes_the_detail_and_leaves_the_tiles(models):
    ref = ref_of("tiny-2d", "vamp")
    at = opened(component="2")
    tiles = wall(at)
    assert at.header[0].value == "Pseudo-input 2, step by step"
    at.number_input(key="component").set_value(4).run()
    assert not at.exception
    assert at.header[0].value == "Pseudo-input 4, step by step"
    assert metric(at, "Weight of 4")
    assert wall(at) == tiles | {"chosen": 4}
    ellipse = json.loads(at.get("plotly_chart")[0].proto.spec)["data"][-1]["line"]["color"]
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
    known = prior_components.summary(ref)
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
