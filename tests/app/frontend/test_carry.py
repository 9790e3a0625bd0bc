"""Bytes carried by the page."""

from streamlit.testing.v1 import AppTest

from tools.patience import patience


def page() -> None:
    from app.frontend import carry

    for digest in ("a" * 16, "b" * 16, "a" * 16):
        carry(b"bytes", digest)


def test_the_same_bytes_of_two_checkpoints_are_carried_once():
    at = AppTest.from_function(page, default_timeout=patience()).run()
    assert not at.exception
    assert len(at.get("bidi_component")) == 2
