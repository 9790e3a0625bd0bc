"""Links to states of the dashboard that open without loading it anew, with keys of their own."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.frontend.sources import component

_CSS = """
:host { font-family: var(--st-font); }
nav { display: flex; flex-wrap: wrap; gap: 0.5rem; }
nav.list { flex-direction: column; gap: 0.125rem; }
a { font: inherit; color: var(--st-link-color); border-radius: var(--st-button-radius, 0.25rem); }
nav.list a { padding: 0.25rem 0; }
a.button {
  box-sizing: border-box;
  display: inline-flex;
  align-items: center;
  color: var(--st-text-color);
  background: var(--st-background-color);
  border: 1px solid var(--st-border-color);
  padding: 0.4rem 0.75rem;
  min-height: 2.5rem;
  text-decoration: none;
}
a.primary { color: var(--st-background-color); background: var(--st-primary-color); border-color: transparent; }
a.button:hover { border-color: var(--st-primary-color); }
a:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""

_MOUNT = component("links", html="<nav></nav>", css=_CSS)


class Link(NamedTuple):
    """Words and where they lead, relative to any page: "./compare?experiment=mnist-2d"."""

    words: str
    address: str
    primary: bool = False


def links(
    label: str, shown: Sequence[Link], *, key: str, keys: Mapping[str, str] | None = None, listed: bool = False
) -> None:
    """Links as buttons beside each other, or as a list.

    The browser's address changes as if the link were followed, and Streamlit draws that state as after Back or Forward:
    what the address does not name takes its default.

    Arguments:
        label: What the links are for, to be read aloud.
        shown: The links.
        key: Key of the element.
        keys: Addresses by the key that leads there, as `KeyboardEvent.key` names it, unless a control has the focus.
        listed: As a list, one under the other.
    """
    _MOUNT(
        key=key,
        data={"label": label, "links": [link._asdict() for link in shown], "keys": dict(keys or {}), "listed": listed},
        height="content",
    )
