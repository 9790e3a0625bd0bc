"""What the browser says about the part in view is read with suspicion."""

import math

import pytest

from app.frontend.view import View, tool_of, view_of


def test_a_rectangle_is_read():
    assert view_of({"left": -1, "right": 2.5, "bottom": 0, "top": 1}) == View(-1.0, 2.5, 0.0, 1.0)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"whole": True},
        [1, 2, 3, 4],
        {"left": 1, "right": 1, "bottom": 0, "top": 1},
        {"left": 2, "right": 1, "bottom": 0, "top": 1},
        {"left": 0, "right": math.inf, "bottom": 0, "top": 1},
        {"left": 0, "right": "1", "bottom": 0, "top": 1},
        {"left": False, "right": True, "bottom": 0, "top": 1},
        {"left": 0, "right": 10**400, "bottom": 0, "top": 1},
    ],
)
def test_what_is_no_rectangle_is_the_whole(value):
    assert view_of(value) is None


@pytest.mark.parametrize(("value", "tool"), [({"tool": "lasso"}, "lasso"), ({"tool": "<b>"}, "pan"), (None, "pan")])
def test_a_tool_is_one_of_plotlys(value, tool):
    assert tool_of(value) == tool
