import pytest
import streamlit as st

from app.widgets import screen


@pytest.mark.parametrize(
    ("browser", "width"),
    [("Mozilla/5.0 (X11; Linux x86_64) Chrome/130", 720), ("Mozilla/5.0 (Linux; Android 15) Chrome/130 Mobile", 350)],
)
def test_a_phone_gets_a_narrower_picture(monkeypatch, browser, width):
    monkeypatch.setattr(type(st.context), "headers", property(lambda self: {"User-Agent": browser}))
    assert screen.picture_width() == width
