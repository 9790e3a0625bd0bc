"""A viewer without a browser on a real server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.server import serve
from tools.session import Failed, Served, Viewer

SCRIPT = """
import streamlit as st

assert st.query_params["q"] == "7"
for line in range(9):
    st.text(f"line {line}")

@st.fragment
def part():
    value = st.slider("Slider", 0.0, 1.0, 0.5, key="slid")
    st.text(f"value {value}")
    if value > 0.9:
        raise ValueError("too far")

part()
"""


def test_a_viewer_moves_a_control_and_an_exception_of_the_page_is_a_failure(tmp_path):
    script = tmp_path / "page.py"
    script.write_text(SCRIPT, encoding="utf-8")

    async def visit(url: str) -> list[Served]:
        async with Viewer(url, query="q=7") as viewer:
            with pytest.raises(KeyError, match="slid"):
                await viewer.set("nothing", 0.1)
            served = [viewer.started, await viewer.set("slid", 0.2), await viewer.again()]
            with pytest.raises(Failed, match="too far"):
                await viewer.set("slid", 0.95)
        return served

    # In a thread of its own: the browser of other tests keeps an event loop running in this one.
    told = {"STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "full"}
    with serve(script, tmp_path / "log.txt", told) as server, ThreadPoolExecutor(1) as thread:
        whole, part, again = thread.submit(lambda: asyncio.run(visit(server.url))).result()
    assert whole.messages > part.messages > 2
    assert again.messages >= part.messages
    assert min(whole.seconds, part.seconds, again.seconds) > 0
