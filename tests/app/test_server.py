"""Connections of the server that Streamlit starts."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.server import serve
from tools.session import Viewer

SCRIPT = """
import os, socket, stat
import streamlit as st

for name in map(int, os.listdir("/dev/fd")):
    try:
        if not stat.S_ISSOCK(os.fstat(name).st_mode):
            continue
        with socket.socket(fileno=os.dup(name)) as one:
            if one.family == socket.AF_INET:
                one.getpeername()
                print("connected", one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0, flush=True)
    except OSError:  # closed since it was listed, or not connected
        continue
st.text("seen")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="lists open sockets as Linux does")
def test_connections_send_small_messages_at_once(tmp_path):
    """By uvloop. With Python's own loop each run of a page waits about 40 ms for a delayed receipt (RFC 1122)."""
    script = tmp_path / "page.py"
    script.write_text(SCRIPT, encoding="utf-8")

    async def visit(url: str) -> None:
        async with Viewer(url):
            pass

    with serve(script, tmp_path / "log.txt") as server, ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(visit(server.url))).result()
        said = [line for line in server.log.read_text().splitlines() if line.startswith("connected")]
    assert said
    assert set(said) == {"connected True"}
