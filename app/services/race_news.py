"""What is new of a race, for the browser that follows it."""

import math

import numpy as np

from app.services.content import Content
from app.services.races import race
from vampcore import zoo
from vampcore.training import race_folder
from vampcore.training.live import Head, read_live

# What a browser is sent of a race that it has not followed: the numbers of all records, and so many whole.
MOST_WHOLE = 6
NUMBERS = 32
"""Bytes of a record's numbers, which come first."""


def news(name: str, have: str) -> bytes | None:
    """What is new of a race, for `app/frontend/race.js`; None where there is no such race.

    Arguments:
        name: Of the race.
        have: What a browser has of each prior, `BEGUN:RECORDS` with commas between them.
    """
    found = race(name)
    if found is None:
        return None
    known = _known(have, len(found.priors))
    films: list[dict[str, object] | None] = []
    parts: list[bytes] = []
    for prior, (begun, count) in zip(found.priors, known, strict=True):
        path = race_folder.live_file(zoo.RUNS / name, prior)
        read = read_live(path, count)
        if read is not None and read[0].begun != begun:
            read, count = read_live(path), 0
        films.append(None if read is None else _film(*read, count, parts))
    head: dict[str, object] = {
        "state": found.state,
        "seconds": found.seconds,
        "left": found.left,
        "runs": [vars(each) for each in found.runs],
        "films": films,
    }
    return Content.framed(head, *parts).sent


def _film(head: Head, content: bytes, first: int, parts: list[bytes]) -> dict[str, object]:
    """What is said of one prior's records from one on, and the parts that follow: all numbers, the last ones whole."""
    new = np.frombuffer(content, np.uint8).reshape(-1, head.record_bytes)
    whole = new[-MOST_WHOLE:]
    parts += [new[:, :NUMBERS].tobytes(), whole.tobytes()]
    found: dict[str, object] = {"first": first, "count": first + len(new), "rows": len(new), "whole": len(whole)}
    if first == 0:
        shape = {"begun": head.begun, "points": head.points, "components": head.components}
        found |= shape | {"labels": head.labels, "classes": head.classes}
    return found


def _known(have: str, count: int) -> list[tuple[float, int]]:
    """What a browser says that it has; nothing where it says nothing that can be read."""
    found = []
    for each in have.split(",")[:count]:
        begun, _, records = each.partition(":")
        try:
            found.append((float(begun), max(0, int(records[:9]))))
        except ValueError:
            found.append((math.nan, 0))
    return found + [(math.nan, 0)] * (count - len(found))
