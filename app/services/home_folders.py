"""Messages without the names of home folders: what the server says of its files is read by every viewer."""

import re
from pathlib import Path

_HOMES = r"/(?:var/)?home/[^/\s'\"]+|/Users/[^/\s'\"]+|/root(?=[/\s'\"]|$)"


def without_home(text: str) -> str:
    """The text with `~` for every home folder: this process's own, and what looks like another's."""
    try:
        own = str(Path.home())
    except RuntimeError:  # a user without one
        own = ""
    pattern = f"{re.escape(own)}(?=[/\\s'\"]|$)|{_HOMES}" if len(own) > 1 else _HOMES
    return re.sub(pattern, "~", text)
