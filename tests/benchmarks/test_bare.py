"""The bare page has what its recording says, and nothing else."""

import json

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from tests.processes import ROOT
from tools.patience import patience


def figure(height: int) -> dict[str, object]:
    return {"figure": {"data": [{"type": "scatter", "y": [1]}], "layout": {"height": height}}, "config": {}}


IMAGE = {"image": "data:image/png;base64,iVBORw0KGgo="}
MOVES = [[figure(101), IMAGE], [figure(102), IMAGE], [figure(103), IMAGE]]


@pytest.fixture
def opened(tmp_path):
    """Opens the page with a control, and with what stands still by its kind."""

    def open_it(control: str = "slider", **still: int) -> AppTest:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        file.write_text(json.dumps({"control": control, "still": still, "moves": MOVES}))
        page = AppTest.from_file(str(ROOT / "benchmarks" / "bare.py"), default_timeout=patience())
        page.query_params["recorded"] = str(file)
        page.run()
        assert not page.exception
        return page

    return open_it


def containers(block: Block) -> int:
    """Layout containers below a block, at any depth."""
    inner = [child for child in block.children.values() if isinstance(child, Block)]
    return len(inner) + sum(map(containers, inner))


def shown(page: AppTest) -> list[int]:
    return [json.loads(each.proto.spec)["layout"]["height"] for each in page.get("plotly_chart")]


@pytest.mark.parametrize(
    ("control", "kind"), [("slider", "slider"), ("number", "number_input"), ("segments", "button_group")]
)
def test_it_has_the_control_that_is_asked_for_and_no_other(opened, control, kind):
    page = opened(control)
    found = [each for each in ("slider", "number_input", "button_group") if page.get(each)]
    assert found == [kind]


def test_what_is_clicked_is_a_chart(opened):
    page = opened("click")
    assert shown(page) == [400, 101]


def test_every_run_shows_the_next_of_what_was_recorded(opened):
    page = opened("number")
    seen = [shown(page)]
    for value in (1, 2, 3):
        page.number_input(key="number").set_value(value).run()
        seen.append(shown(page))
    assert seen == [[101], [102], [103], [101]]
    assert json.loads(page.get("plotly_chart")[0].proto.spec) == figure(101)["figure"]
    assert len(page.get("image")) == 1


def test_what_stands_still_is_there_in_its_numbers(opened):
    page = opened(maps=1, charts=1, images=2, metrics=3, texts=5, controls=2, buttons=2, tables=1, headings=4)
    assert len(page.get("plotly_chart")) == 1 + 2
    assert len(page.get("image")) == 1 + 2
    assert [len(page.metric), len(page.markdown), len(page.number_input)] == [3, 5, 2]
    assert [len(page.button), len(page.dataframe), len(page.subheader)] == [2, 1, 4]


@pytest.mark.parametrize("blocks", [0, 2, 7])
def test_containers_are_spread_over_it(opened, blocks):
    """Also where there are more of them than things: then some stand in each other."""
    without = opened(texts=3)
    page = opened(texts=3, blocks=blocks)
    assert len(page.markdown) == 3
    assert containers(page.main) - containers(without.main) == blocks


def test_links_make_a_page_of_several(opened, monkeypatch):
    asked = []
    navigation = st.navigation
    monkeypatch.setattr(st, "navigation", lambda pages: (asked.extend(pages), navigation(pages))[1])
    page = opened(texts=1, links=3)
    assert [each.title for each in asked] == ["Page 0", "Page 1", "Page 2"]
    assert len(page.markdown) == 1
    assert len(page.slider) == 1
