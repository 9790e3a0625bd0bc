"""What the browser says about its window is read with suspicion."""

import pytest

from app.frontend.narrow import narrow_of


@pytest.mark.parametrize("narrow", [True, False])
def test_a_window_is_narrow_or_not(narrow):
    assert narrow_of({"narrow": narrow}) is narrow


@pytest.mark.parametrize("value", [None, True, "narrow", [], {}, {"narrow": None}, {"narrow": 1}, {"narrow": "true"}])
def test_anything_else_says_nothing(value):
    assert narrow_of(value) is None
