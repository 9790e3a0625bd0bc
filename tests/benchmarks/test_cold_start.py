"""What a server imports before its first page."""

from benchmarks import cold_start
from benchmarks.cold_start import NEEDED, imports
from tests.processes import run_python


def test_imports_are_timed_beyond_streamlits(monkeypatch):
    ran, clock = [], iter((0.0, 3.0, 3.0, 4.0))
    monkeypatch.setattr(cold_start.subprocess, "run", lambda command, **_: ran.append(command[-1]))
    monkeypatch.setattr(cold_start.time, "perf_counter", lambda: next(clock))
    assert imports() == 2
    assert ran == [f"import streamlit, {NEEDED}", "import streamlit"]


def test_that_is_all_that_a_server_imports_to_get_ready():
    """But for a module of torch that has a device to choose."""
    run_python(f"""
import sys
import streamlit, {NEEDED}
assert "torch" in sys.modules
before = set(sys.modules)
from app.ready import start_up
start_up()
heavy = ("torch.", "vampcore", "app.", "pandas", "plotly", "scipy", "sklearn", "safetensors", "torchvision")
more = {{name for name in set(sys.modules) - before if name.startswith(heavy)}}
assert more <= {{"torch.utils._device"}}, more
""")
