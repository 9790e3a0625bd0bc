"""Which own data a page may read: the rule of the command line, which on a server for others knows no run of one's own.

A forged training state in `runs/` passes where the server listens on this machine alone; `vampcore.trusted` says why
little is gained by it.
"""

from pathlib import Path

import streamlit as st

from vampcore import trusted

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def may_read(data: str, folder: Path | None) -> bool:
    """Whether a page may read the data that a checkpoint names, see `vampcore.trusted.may_read`.

    Raises:
        DataError: If the name cannot be understood.
    """
    return trusted.may_read(data, folder if st.get_option("server.address") in _LOOPBACK else None)
