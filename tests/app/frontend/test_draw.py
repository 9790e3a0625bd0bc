import base64

import pytest

from app.frontend.draw import ink_of


def test_a_drawing_is_a_byte_for_each_pixel():
    ink = bytes(range(12))
    assert ink_of(base64.b64encode(ink).decode(), 12) == ink


@pytest.mark.parametrize("sent", [None, "", "AAAA", "not base64", "\u00fc" * 16, 7, b"A" * 16, ["A"], "A" * 17])
def test_anything_else_is_none(sent):
    assert ink_of(sent, 12) is None
