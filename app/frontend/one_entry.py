"""One entry of the browser's history for each change that a viewer makes, so that Back undoes it whole."""

from app.frontend.sources import component

_MOUNT = component("one_entry")


def one_entry() -> None:
    """Let what a run changes in the address belong to the entry of the change that started the run."""
    _MOUNT(key="one_entry", height="content")
