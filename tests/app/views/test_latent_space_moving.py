"""Moving about on the latent plane: figure, address and words say the same, whoever moved it."""

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from app.records import Window
from app.services.latent_plane import selection
from tests.app.reading import words
from tests.app.views.plane import check_zooming_too_far, lasso, opened, spec


@pytest.fixture
def ref(refs):
    return refs[2]


def move(at: AppTest) -> None:
    """What the page finds at its next run after the browser has moved to a part and said so."""
    at.query_params["latent_view"] = "-1.0,1.0,-1.0,1.5"
    at.session_state["_latent_reported"] = Window(-1.0, 1.0, -1.0, 1.5)


def test_another_prior_is_seen_whole(models):
    at = opened(latent_view="-1,1,-1,1")
    assert "test images in view, each drawn as a dot" in words(at)
    at.sidebar.get_by_key("prior").set_value("sg").run()
    assert not at.exception
    assert "latent_view" not in at.query_params
    assert "**300** test images, each drawn as a dot" in words(at)


def test_a_part_in_the_link_is_in_view_and_its_images_are_counted(ref):
    part = Window(-1.0, 1.0, -1.0, 1.5)
    at = opened(latent_view="-1,1,-1,1.5")
    layout = json.loads(spec(at))["layout"]
    assert (layout["xaxis"]["range"], layout["yaxis"]["range"]) == ([-1.0, 1.0], [-1.0, 1.5])
    inside = f"{len(selection.rows_in(ref, part))}"
    assert f"**{inside}** of 300 test images in view" in words(at)


def test_moving_about_leaves_the_plane_as_it_was_until_something_else_changes(ref):
    """The browser moved to a part and says so: the figure keeps its ends, and with them lasso and pointer."""
    at = opened()
    before = spec(at)
    lasso(at, -1.0, 0.0, -9.0, 9.0)
    assert "inside the selection" in words(at)
    assert spec(at) == before
    move(at)
    at.run()
    assert "of 300 test images in view" in words(at)
    assert spec(at) == before
    at.get_by_key("latent_ellipses").set_value(True).run()
    drawn = json.loads(spec(at))
    assert drawn["layout"]["xaxis"]["range"] == [-1.0, 1.0]
    assert len(drawn["data"][0]["selectedpoints"]) == int(
        re.search(r"\*\*(\d+)\*\* of 300 test images, ins", words(at))[1]
    )
    at.button(key="latent_undrawn").click().run()
    assert "selectedpoints" not in json.loads(spec(at))["data"][0]


def test_the_whole_plane_comes_back_by_the_button_where_only_the_browser_moved(ref):
    """The figure drawn whole is asked for whole: with the same bytes the browser would keep its place."""
    at = opened()
    before = json.loads(spec(at))["layout"]
    move(at)
    at.run()
    at.button(key="latent_view_whole").click().run()
    assert not at.exception
    after = json.loads(spec(at))["layout"]
    assert after["xaxis"]["range"] == before["xaxis"]["range"]
    assert after["uirevision"] != before["uirevision"]
    assert "**300** test images, each drawn" in words(at)


@pytest.mark.parametrize("change", ["format", "visit"])
def test_a_figure_that_starts_over_in_the_browser_is_drawn_with_the_part_in_view(ref, change):
    at = opened()
    move(at)
    if change == "format":
        at.sidebar.get_by_key("figure_format").set_value("SVG").run()
    else:
        at.session_state["_visit"] += 1
        at.run()
    assert not at.exception
    assert json.loads(spec(at))["layout"]["xaxis"]["range"] == [-1.0, 1.0]


def test_zooming_in_further_than_can_be_drawn_shows_the_narrowest_part_every_time(ref, monkeypatch):
    check_zooming_too_far(opened(), monkeypatch)
