"""What the server's process is told once, whatever page is opened first."""

import os
import socket
import stat
import sys
from pathlib import Path

import streamlit as st

HAND_OVER = 1e-3
"""Seconds after which a thread that draws lets one that waits go on; Python takes 5 ms."""


@st.cache_resource(show_spinner=False)
def send_at_once() -> int:
    """Let the server's connections send small messages without waiting for the receipt of the last one.

    uvloop does so for every connection, Python's own loop for those that it knows to be TCP. Streamlit 1.67 opens its
    port with a socket that does not name its protocol, so that loop does not know, and each run of a page waits about
    40 ms for the other side's delayed receipt (RFC 1122, 4.2.3.2 and 4.2.3.4). A port hands the option on to the
    connections that it accepts later; the first viewer's exists already, so connections get it too.

    Returns:
        How many sockets were changed; 0 where open files cannot be listed.
    """
    changed = 0
    for name in _open_files():
        try:
            if not stat.S_ISSOCK(os.fstat(name).st_mode):
                continue
            with socket.socket(fileno=os.dup(name)) as one:
                if one.family not in (socket.AF_INET, socket.AF_INET6) or one.type != socket.SOCK_STREAM:
                    continue
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                changed += 1
        except OSError:  # closed since it was listed
            continue
    return changed


@st.cache_resource(show_spinner=False)
def hand_over_soon() -> None:
    """Let the thread that sends go on soon: it loses the interpreter with every message that it writes.

    The page that is being drawn then keeps it for as long as Python's switch interval, message after message.
    """
    sys.setswitchinterval(HAND_OVER)


def _open_files() -> list[int]:
    """Numbers of the files that the process has open, where the system lists them (Linux, macOS)."""
    folder = Path("/dev/fd")
    return [int(each.name) for each in folder.iterdir() if each.name.isdigit()] if folder.is_dir() else []
