"""The page of components: rows of draws, weight against usage, the dead ones, and what it says of a bad link."""

import json
import math

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.services import catalogue, prior_components
from app.widgets import component, numbers
from tests.app.conftest import COMPONENTS
from tests.app.reading import metric, open_page, ref_of


def opened(**query: str | list[str]) -> AppTest:
    return open_page("components", **query)


def spec(at: AppTest, place: int) -> dict:
    return json.loads(at.get("plotly_chart")[place].proto.spec)


def rows(at: AppTest) -> list[int]:
    return [int(text) for text in spec(at, 0)["layout"]["yaxis"]["ticktext"]]


def columns(at: AppTest) -> int:
    return int(spec(at, 0)["layout"]["xaxis"]["autorangeoptions"]["maxallowed"])


def picture(at: AppTest) -> str:
    return spec(at, 0)["layout"]["images"][0]["source"]


@pytest.mark.parametrize(
    ("query", "name", "before"),
    [
        ({"prior": "Vamp"}, ("tiny-2d", "vamp"), 2),
        ({"prior": "MoG"}, ("tiny-2d", "mog"), 1),
        ({"experiment": "tiny-5d"}, ("tiny-5d", "vamp-weighted"), 2),
    ],
)
def test_a_mixture_shows_its_components_by_usage_and_their_numbers(models, query, name, before):
    ref = ref_of(*name)
    known, used = prior_components.summary(ref), prior_components.order(ref, "usage").tolist()
    at = opened(**query)
    assert not at.info
    assert at.number_input(key="component").value == used[0]
    assert rows(at) == used
    assert columns(at) == before + 7
    entropy = -sum(float(u) * math.log(max(float(u), 1e-30)) for u in known.usage)
    assert metric(at, "Effective components") == numbers.format_value(math.exp(entropy))
    assert metric(at, "Dead components") == str(sum(u < 0.1 / COMPONENTS for u in known.usage))
    assert metric(at, f"Usage of {used[0]}") == component.percent(known.usage[used[0]], float(known.usage_se[used[0]]))
    assert metric(at, f"Weight of {used[0]}") == component.percent(known.weights[used[0]])
    assert len(spec(at, 1)["data"]) == 2


def test_a_standard_normal_shows_its_samples_and_says_why(models):
    at = opened(prior="SG")
    assert "A single component has weight 1 and usage 1" in at.info[0].value
    assert len(at.get("plotly_chart")) == 1
    assert len(spec(at, 0)["data"][0]["text"]) == 40
    assert not at.metric
    before = picture(at)
    at.number_input(key="components_seed").set_value(1).run()
    assert picture(at) != before


def test_every_control_changes_the_rows(models):
    at = opened()
    seen = [picture(at)]

    def changed() -> None:
        assert not at.exception
        assert picture(at) not in seen
        seen.append(picture(at))

    at.number_input(key="components_seed").set_value(3).run()
    changed()
    at.slider(key="components_temperature").set_value(0.4).run()
    changed()
    at.number_input(key="components_samples").set_value(11).run()
    changed()
    assert columns(at) == 13
    at.selectbox(key="components_beside").set_value("least").run()
    changed()
    used = prior_components.order(ref_of("tiny-2d", "vamp"), "usage").tolist()
    assert rows(at) == [used[0], *used[:0:-1]]
    at.selectbox(key="components_beside").set_value("chosen").run()
    changed()
    assert rows(at) == used[:1]
    at.multiselect(key="components_chosen").set_value(["4", "1"]).run()
    assert rows(at) == [used[0], *[k for k in (4, 1) if k != used[0]]]


def test_without_noise_every_draw_is_the_mean(models):
    from app.figures import strips
    from app.figures.theme import LIGHT

    ref = ref_of("tiny-2d", "mog")
    k = 2
    at = opened(
        prior="MoG",
        component=str(k),
        components_beside="Selected components",
        components_temperature="0",
        components_samples="3",
    )
    assert not at.warning
    mean = prior_components.component_images(ref)[k : k + 1]
    expected = strips.strip(
        np.stack([mean] * 4, 1), LIGHT, columns=[""] * 4, axis="", alt="", binary=catalogue.facts(ref).binary
    )
    assert picture(at) == expected.layout["images"][0]["source"]


def test_the_dead_are_named_and_shown(models, monkeypatch):
    from dataclasses import replace

    known = prior_components.summary(ref_of("tiny-2d", "vamp"))
    usage = np.array([0.3, 0.001, 0.3, 0.2, 0.002, 0.197], np.float32)
    emptied = replace(known, usage=usage, dead=usage < 0.1 / COMPONENTS)
    monkeypatch.setattr(prior_components, "summary", lambda ref: emptied)
    at = opened()
    assert metric(at, "Dead components") == "2"
    assert any(caption.value == "Dead: 1, 4" for caption in at.caption)
    assert [text.split(",")[0] for text in spec(at, 2)["data"][0]["text"]] == ["component 1", "component 4"]
    monkeypatch.setattr(prior_components, "MOST_SHOWN", 1)
    at = opened()
    assert metric(at, "Dead components") == "2"
    assert any(caption.value == "The first dead components: 1" for caption in at.caption)
    (said,) = [each.value for each in at.markdown if "2 of 6 components, shown as" in each.value]
    assert "first 1 by number" in said
    assert [text.split(",")[0] for text in spec(at, 2)["data"][0]["text"]] == ["component 1"]


@pytest.mark.parametrize(("component", "mark"), [("1", (0.5, 0.35)), ("4", (1.5, 0.35)), ("0", None)])
def test_a_ring_marks_the_component_in_view_among_the_dead(models, monkeypatch, component, mark):
    from dataclasses import replace

    from app import frontend
    from app.widgets import component as shared

    known, marks = prior_components.summary(ref_of("tiny-2d", "vamp")), {}
    emptied = replace(known, dead=np.isin(np.arange(COMPONENTS), [1, 4]))
    monkeypatch.setattr(prior_components, "summary", lambda ref: emptied)
    for module in (frontend, shared):
        monkeypatch.setattr(module, "pick", lambda key, *, mark=None, on_pick: marks.update({key: mark}))
    opened(component=component)
    assert marks["components_dead"] == mark
    assert marks["components_usage"] is not None


def test_where_none_is_dead_the_page_says_so(models):
    known = prior_components.summary(ref_of("tiny-2d", "vamp"))
    at = opened()
    none = [words.value for words in at.markdown if words.value.startswith("None. The usage of every component")]
    assert bool(none) == (not known.dead.any())


@pytest.mark.parametrize(
    ("key", "nonsense"),
    [
        ("component", "six"),
        ("component", str(COMPONENTS)),
        ("components_beside", "nobody"),
        ("components_samples", "1000"),
        ("components_temperature", "1e999"),
        ("components_seed", "-3"),
    ],
)
def test_nonsense_in_the_link_is_named_and_replaced(models, key, nonsense):
    used = prior_components.order(ref_of("tiny-2d", "vamp"), "usage").tolist()
    at = opened(**{key: nonsense})
    assert key in at.warning[0].value
    assert rows(at) == used
    assert key not in at.query_params


def test_nonsense_among_the_chosen_is_named_and_replaced(models):
    at = opened(components_beside="Selected components", components_chosen=["2", "99", "x"])
    assert "components_chosen" in at.warning[0].value
    assert len(rows(at)) == 1
