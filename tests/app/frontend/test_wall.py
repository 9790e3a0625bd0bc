import pytest

from app.frontend.wall import component_of


def test_a_component_is_one_of_those_shown():
    assert component_of({"component": 7}, [3, 7]) == 7


@pytest.mark.parametrize(
    "sent", [None, {}, {"component": 5}, {"component": "7"}, {"component": 7.0}, {"component": True}, [7], 7, "7"]
)
def test_anything_else_is_none(sent):
    assert component_of(sent, [1, 3, 7]) is None
