"""Messages without the names of home folders: what the server says of its files is read by every viewer."""

import contextlib
import re
from pathlib import Path

_HOMES = r"/(?:var/)?home/[^/\s'\"]+|/Users/[^/\s'\"]+|/root(?=[/\s'\"]|$)"


def without_home(text: str) -> str:
    """The text with `~` for every home folder, this process's own and what looks like another's.

    Paths in the working folder are shown from there.

    Names of files need not be UTF-8, and what is sent to a browser must be: other letters become question marks.
    """
    try:
        own = str(Path.home())
    except RuntimeError:  # a user without one
        own = ""
    pattern = f"{re.escape(own)}(?=[/\\s'\"]|$)|{_HOMES}" if len(own) > 1 else _HOMES
    with contextlib.suppress(OSError):  # a working folder that was removed
        here = str(Path.cwd())
        text = text.replace(f"{here}/", "") if len(here) > 1 else text
    return re.sub(pattern, "~", text).encode("utf-8", "replace").decode()
