"""The bare page has what its address says, and nothing else."""

import json

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from tests.processes import ROOT
from tools.patience import patience


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "benchmarks" / "bare.py"), default_timeout=patience())
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def containers(block: Block) -> int:
    """Layout containers below a block, at any depth."""
    inner = [child for child in block.children.values() if isinstance(child, Block)]
    return len(inner) + sum(map(containers, inner))


def figure(height: int) -> dict[str, object]:
    return {"figure": {"data": [{"type": "scatter", "y": [1]}], "layout": {"height": height}}, "config": {}}


def shown(page: AppTest) -> list[int]:
    return [json.loads(each.proto.spec)["layout"]["height"] for each in page.get("plotly_chart")]


def test_without_pictures_it_is_one_control_and_one_line():
    page = opened(control="slider")
    assert len(page.slider) == 1
    assert len(page.get("plotly_chart")) == 1
    assert not page.metric


def test_every_run_shows_the_next_of_what_was_recorded(tmp_path):
    file = tmp_path / "recorded.json"
    image = {"image": "data:image/png;base64,iVBORw0KGgo="}
    file.write_text(json.dumps([[figure(101), image], [figure(102), image], [figure(103), image]]))
    page = opened(control="number", pictures=str(file))
    seen = [shown(page)]
    for value in (1, 2, 3):
        page.number_input(key="number").set_value(value).run()
        seen.append(shown(page))
    assert seen == [[101], [102], [103], [101]]
    assert json.loads(page.get("plotly_chart")[0].proto.spec) == figure(101)["figure"]
    assert len(page.get("image")) == 1


def test_what_stands_still_is_there_in_its_numbers():
    still = "maps:1,charts:1,images:2,metrics:3,texts:5,controls:2,buttons:2,tables:1,headings:4"
    page = opened(control="slider", still=still)
    assert len(page.get("plotly_chart")) == 1 + 2
    assert len(page.get("image")) == 2
    assert [len(page.metric), len(page.markdown), len(page.number_input)] == [3, 5, 2]
    assert [len(page.button), len(page.dataframe), len(page.subheader)] == [2, 1, 4]


@pytest.mark.parametrize("blocks", [0, 2, 7])
def test_containers_are_spread_over_it(blocks):
    """Also where there are more of them than things: then some stand in each other."""
    without = opened(still="texts:3")
    page = opened(still=f"texts:3,blocks:{blocks}")
    assert len(page.markdown) == 3
    assert containers(page.main) - containers(without.main) == blocks


def test_links_make_a_page_of_several(monkeypatch):
    asked = []
    navigation = st.navigation
    monkeypatch.setattr(st, "navigation", lambda pages: (asked.extend(pages), navigation(pages))[1])
    page = opened(still="texts:1,links:3")
    assert [each.title for each in asked] == ["Page 0", "Page 1", "Page 2"]
    assert len(page.markdown) == 1
    assert len(page.slider) == 1
