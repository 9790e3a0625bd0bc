"""When a server has sent its first page."""

from benchmarks.cold_start import sent

SCRIPT = """
import time
from pathlib import Path

import streamlit as st

st.text("begun")
time.sleep(4)
st.text("done")
Path(__file__).with_name("drawn").touch()
"""


def test_a_page_is_sent_when_its_last_message_is(tmp_path):
    script = tmp_path / "page.py"
    script.write_text(SCRIPT, encoding="utf-8")
    assert sent(script) > 4
    assert (tmp_path / "drawn").exists()
