"""Which own data a page may read: a checkpoint from elsewhere can name any path, so its word is not enough."""

import os
from pathlib import Path

import streamlit as st

from vampcore import zoo
from vampcore.datasets import data_root, own_data

PATHS = "VAMPSCOPE_DATA_PATHS"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def may_read(data: str, folder: Path | None) -> bool:
    """Whether a page may read the data that a checkpoint names.

    Data sets known by name always. A path only under the data folder or a folder of `$VAMPSCOPE_DATA_PATHS`; where the
    server listens on this machine alone, also that of a run in `runs/` with a training state.

    The training state is a sign, not a proof: it is not read, so that a folder from elsewhere with such a file that
    somebody puts into `runs/` passes too. What it names is then read with that user's rights and, if it loads, compared
    with the checkpoint's hashes or ELBO; only the users of this machine see the page.

    Arguments:
        data: As the checkpoint's configuration names it.
        folder: The checkpoint's.

    Raises:
        DataError: If the name cannot be understood.
    """
    own = own_data(data)
    if own is None:
        return True
    try:
        path = own.path.expanduser().resolve()
        roots = [root.expanduser().resolve() for root in (data_root(), *_configured())]
        if any(path.is_relative_to(root) for root in roots if root != Path(root.anchor)):
            return True
        return path != Path(path.anchor) and _is_own_run(folder)
    except (OSError, RuntimeError, ValueError):  # no such user, too long, a NUL, a loop of links
        return False


def _configured() -> list[Path]:
    return [Path(each) for each in os.environ.get(PATHS, "").split(os.pathsep) if each]


def _is_own_run(folder: Path | None) -> bool:
    if folder is None or st.get_option("server.address") not in _LOOPBACK:
        return False
    return folder.resolve().is_relative_to(zoo.RUNS.resolve()) and (folder / "state.safetensors").is_file()
