"""How one prior looks in maps that move: in a film and in a race."""

from typing import NamedTuple


class Lane(NamedTuple):
    """The names and colours of one prior.

    Attributes:
        label: Its name.
        short: Its name where there is little room.
        colour: Of its rule and marks.
        line: Of its curves.
        text: Of its name as text.
        symbol: Of its components' marks.
        ring: Of a mark that is pointed at.
        alt: What its map shows.
    """

    label: str
    short: str
    colour: str
    line: str
    text: str
    symbol: str
    ring: str
    alt: str
