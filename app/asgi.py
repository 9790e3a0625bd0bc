"""The dashboard, getting ready before its first viewer comes: `streamlit run app/asgi.py`.

`streamlit run app/main.py` shows the same pages; there the first viewer waits for the imports and the first model. A
signal that stops the server is also what its process says it ended by, as is uvicorn's way.
"""

import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st


def get_ready() -> None:
    """Import what the pages need and load the model that the first of them shows.

    What cannot be read is left to the page, which says so.
    """
    # Here and not above, since importing them is the work.
    import pandas  # noqa: F401

    from app import services, state, widgets  # noqa: F401

    with contextlib.suppress(services.ServiceError):
        services.settle(state.first().ref)


@contextlib.asynccontextmanager
async def _getting_ready(_: st.App) -> AsyncIterator[None]:
    # Beside the server, which answers meanwhile; a thread that a stop of the server does not wait for.
    threading.Thread(target=get_ready, daemon=True).start()
    yield


app = st.App(Path(__file__).with_name("main.py"), lifespan=_getting_ready)
