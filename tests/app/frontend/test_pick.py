import math

import pytest
from streamlit.testing.v1 import AppTest

from app.frontend.pick import Place, host_class, place_of
from tools.patience import patience


def test_a_place_is_two_finite_numbers():
    assert place_of({"x": 1, "y": -2.5}) == Place(1.0, -2.5)
    assert isinstance(place_of({"x": 1, "y": 2}).x, float)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        {"x": 1},
        {"x": "1", "y": 2},
        {"x": True, "y": 2},
        {"x": None, "y": 2},
        {"x": math.nan, "y": 2},
        {"x": 1, "y": math.inf},
        {"x": 10**400, "y": 0},
        [1, 2],
        "xy",
        7,
    ],
)
def test_anything_else_is_no_place(sent):
    assert place_of(sent) is None


def test_class_of_a_key_is_streamlits():
    assert host_class("latent plane/2") == "st-key-latent-plane-2"


def test_pages_with_several_hooks_run():
    def script():
        import plotly.graph_objects as go
        import streamlit as st

        from app.frontend import copy_link, pick

        copy_link()
        for key in ("first", "second"):
            st.plotly_chart(go.Figure(), key=key)
            st.text(f"{pick(key, mark=(0.5, 1.5))}")

    page = AppTest.from_function(script, default_timeout=patience()).run()
    assert not page.exception
    assert [text.value for text in page.text] == ["None", "None"]
