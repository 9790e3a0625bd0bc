"""The dashboard's server with parts of its machinery switched off, for `benchmarks/ablation.py`.

    python -m benchmarks.ablated turns uvloop -- app/asgi.py --server.port=8501

The parts before `--` are switched off before Streamlit starts; the rest goes to `streamlit run`.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import ModuleType
from typing import Any
from unittest import mock


def _stand_in(module: str, **contents: object) -> None:
    """Let a module of ours be one with these contents, for whoever imports it from now on."""
    made = ModuleType(module)
    vars(made).update(contents)
    mock.patch.dict(sys.modules, {module: made}).start()


def _turns() -> None:
    _stand_in("app.services.turns", rendering=nullcontext, lock_released=nullcontext)


def _cache() -> None:
    import streamlit as st

    def cached(entries: int, waiting: str | None = None) -> Callable[[Callable[..., Any]], Any]:
        # The one key that Streamlit cannot make by itself, since it holds a function.
        keys: dict[str | type[Any], Callable[[Any], Any]] = {"app.services.originals._Asked": hash}
        return st.cache_resource(max_entries=entries, show_spinner=waiting or False, hash_funcs=keys)

    _stand_in("app.services.memory", cached=cached, clear_caches=st.cache_resource.clear)


def _freeze() -> None:
    mock.patch("gc.freeze", return_value=None).start()


def _uvloop() -> None:
    # None there makes `import uvloop` an ImportError.
    mock.patch.dict(sys.modules, {"uvloop": None}).start()


def _post_script_gc() -> None:
    sys.argv.append("--runner.postScriptGC=true")


SWITCHES: dict[str, tuple[str, Callable[[], None]]] = {
    "turns": ("turns", _turns),
    "cache": ("own cache (st.cache_resource instead)", _cache),
    "freeze": ("gc.freeze", _freeze),
    "uvloop": ("uvloop (asyncio's own loop instead)", _uvloop),
    "postscriptgc": ("postScriptGC = false (true instead)", _post_script_gc),
}
"""What can be switched off: its words in the table, and what does it in a process that has not imported the pages."""


def main() -> None:
    """Switch off what is named, then run the server."""
    until = sys.argv.index("--")
    names, rest = sys.argv[1:until], sys.argv[until + 1 :]
    sys.argv = ["streamlit", "run", *rest]
    for name in names:
        SWITCHES[name][1]()
    from streamlit.web.cli import main as streamlit

    streamlit()


if __name__ == "__main__":
    main()
