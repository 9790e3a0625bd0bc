"""Addresses of what a browser fetches once and keeps: each names a checkpoint and what is sent, for ever.

They exist where the server is `app/asgi.py`. Elsewhere a page carries the same bytes as a component's data.
"""

import threading
from urllib.parse import unquote, urlsplit

import streamlit as st

ROUTES = threading.Event()
"""Set while the server answers at these addresses."""


def address(kind: str, sha256: str, digest: str) -> str | None:
    """Where a browser fetches a content; None where the server has no such routes.

    Arguments:
        kind: What it is of the checkpoint, a decoder say.
        sha256: The checkpoint's.
        digest: The content's own.
    """
    return f"{base_path()}/{kind}/{sha256}?v={digest}" if ROUTES.is_set() else None


def page_of(address: str) -> str:
    """The path of a page in a URL, without the path that the server is told to answer under."""
    try:
        path = unquote(urlsplit(address).path)
    except ValueError:  # no address that a browser shows
        return ""
    return path.removeprefix(base_path()).strip("/")


def race_address(name: str) -> str | None:
    """Where a browser asks for what is new of a race; None where the server has no such routes."""
    return f"{base_path()}/race/{name}" if ROUTES.is_set() else None


def base_path() -> str:
    """The path that the server is told to answer under, without a slash at its end."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
