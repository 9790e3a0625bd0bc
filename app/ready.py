"""The server gets ready for its first viewer, and who comes before that is told so."""

import contextlib
import gc
import importlib
import pkgutil
import threading
from collections.abc import Iterator
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

_READY = threading.Event()


def start_up() -> None:
    """Import what the pages need, then load the model that the first of them shows; take up unfinished races.

    What cannot be read, and what is set to no sense, is left to the page, which says so.
    """
    import_pages()
    from app import state
    from app.engines import desk
    from app.engines.engine import EngineError
    from app.services import loading
    from app.services.loading import ServiceError

    with contextlib.suppress(ServiceError):
        loading.warm_up(state.first().ref)
    with contextlib.suppress(EngineError):
        desk.begin()


def import_pages() -> None:
    """Import what the pages need."""
    # Here and not above, since importing them is the work.
    with _nothing_collected():
        _import_for_figures()
        for package in ("services", "widgets"):
            for module in pkgutil.walk_packages([str(HERE / package)], f"app.{package}."):
                importlib.import_module(module.name)
    _READY.set()


def wait_until_ready() -> None:
    """Go on if all is imported; else say that the server gets ready, and begin this run anew when it is.

    An empty figure goes with the words: a browser fetches and reads plotly.js, 4.6 MB, when it is sent its first
    figure, which takes about a second. So it does that while the server imports PyTorch, and not after it.
    """
    if _READY.is_set():
        return
    with st.container(key="getting_ready"):
        st.markdown(":material/hourglass_top: Getting ready: loading PyTorch.")
        st.plotly_chart(_nothing(), key="ready_nothing", config={"staticPlot": True})
    import_pages()
    st.rerun()


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """No garbage collection until the block ends, and none of what there is by then.

    Imports make 400,000 objects, nearly all of which stay. Python goes through them again and again as they become
    more, which takes a third of the time of the imports. What is garbage among them stays too, some 7,000 objects.
    """
    gc.disable()
    try:
        yield
    finally:
        # In this order: enabled first, Python would go through all of them at once.
        gc.freeze()
        gc.enable()


def _import_for_figures() -> None:
    """Import pandas before plotly, which looks for it among the loaded modules and takes it as it is.

    Another thread may be importing it, and then it is not whole.
    """
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401


def _nothing() -> object:
    """A figure without anything."""
    with _nothing_collected():
        _import_for_figures()
    import plotly.graph_objects as go

    hidden = {"visible": False}
    return go.Figure(layout={"height": 10, "margin": dict.fromkeys("ltrb", 0), "xaxis": hidden, "yaxis": hidden})
