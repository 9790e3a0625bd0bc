"""The harness itself: a journey that breaks has to be seen to break."""

import re

import pytest
from playwright.sync_api import expect

from tools.browser import chromium, new_window, settled
from tools.server import serve

SLOW = """
import time
import streamlit as st
number = st.slider("Number", 0, 3)
time.sleep(0.5)
st.write(f"It is {number}")
"""


def test_settled_waits_for_the_script(page, tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(SLOW, encoding="utf-8")
    with serve(script, tmp_path / "log.txt") as server:
        page.goto(server.url)
        settled(page)
        assert page.get_by_text("It is 0").is_visible()
        page.get_by_role("slider").press("ArrowRight")
        expect(page.get_by_text("It is 1")).to_be_visible()
        assert server.errors() == ""


def test_a_traceback_in_the_log_is_an_error(browser, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("import streamlit as st\nst.write(1 / 0)\n", encoding="utf-8")
    with serve(script, tmp_path / "log.txt") as server:
        page = new_window(browser)
        page.goto(server.url)
        expect(page.get_by_test_id("stException")).to_be_visible()
        page.context.close()
        assert "ZeroDivisionError" in server.errors()
        assert server.errors(server.log.stat().st_size) == ""


def test_a_server_that_cannot_start_says_why(tmp_path):
    with (
        pytest.raises(RuntimeError, match=re.escape("missing.py")),
        serve(tmp_path / "missing.py", tmp_path / "log.txt"),
    ):
        pass


def test_a_browser_that_was_named_must_be_there(monkeypatch, tmp_path):
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="CHROMIUM"):
        chromium()
