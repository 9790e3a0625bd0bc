"""The dashboard, getting ready before its first viewer comes: `streamlit run app/asgi.py`.

`streamlit run app/main.py` shows the same pages; there the server gets ready when its first viewer has come. A signal
that stops the server is also what its process says it ended by, as is uvicorn's way.
"""

import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from app import addresses, ready
from app.compression import Compressed
from app.content import routes


@contextlib.asynccontextmanager
async def _getting_ready(_: st.App) -> AsyncIterator[None]:
    # Beside the server, which answers meanwhile; a thread that a stop of the server does not wait for.
    threading.Thread(target=ready.start_up, daemon=True).start()
    addresses.ROUTES.set()
    try:
        yield
    finally:
        addresses.ROUTES.clear()


app = st.App(
    Path(__file__).with_name("main.py"),
    lifespan=_getting_ready,
    routes=routes(),
    middleware=[Middleware(Compressed)],
)
