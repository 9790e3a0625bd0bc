"""Names of data sets: a word for a public one; path and reading options for a user's own.

A user's own data set is named `folder:PATH`, `npz:PATH` or `csv:PATH`. Options that differ from the defaults come
before the colon, as in `folder,size=64x48,colour=rgb:PATH`. So the name alone tells which images a model was trained
on, and every command with the same name reads the same images.
"""

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from vampcore.datasets.errors import DataError

SCHEMES = ("folder", "npz", "csv")
COLOURS = ("grey", "rgb")
FITS = ("crop", "pad", "stretch")
# The options of each scheme, in the order in which a name has them.
OPTIONS = {
    "folder": ("size", "colour", "fit", "skip_bad", "title"),
    "npz": ("shape", "title"),
    "csv": ("shape", "label", "title"),
}
# As a name spells the options; the others are spelt as their fields.
SPELT = {"skip_bad": "skip-bad", "title": "name"}
_MOST_CHARACTERS = 5000
_MOST_OF_A_TITLE = 60
_MOST_SHOWN = 40
_MOST_PIXELS = 4096


@dataclass(frozen=True)
class OwnData:
    """A user's own data set: its path and reading options.

    Attributes:
        scheme: `folder`, `npz` or `csv`.
        path: The folder or file, as given.
        size: Height and width to which the images of a folder are brought.
        colour: `grey` or `rgb`, for a folder.
        fit: How an image of another shape is brought to the size: `crop` fills it and cuts off the rest, `pad` shows
            the whole image on black, `stretch` changes its proportions.
        skip_bad: Whether image files that cannot be read are left out.
        shape: Height and width of the images that the rows of an array or a table hold; None if it is not said.
        label: The column of a table that holds the classes; None for the usual names.
        title: Display name of the data set; None for the last part of the path.
    """

    scheme: str
    path: Path
    size: tuple[int, int] = (28, 28)
    colour: str = "grey"
    fit: str = "crop"
    skip_bad: bool = False
    shape: tuple[int, int] | None = None
    label: str | None = None
    title: str | None = None

    def __post_init__(self) -> None:
        if self.colour not in COLOURS:
            raise DataError(f"colour is {self.colour!r:.40}; use one of {', '.join(COLOURS)}")
        if self.fit not in FITS:
            raise DataError(f"fit is {self.fit!r:.40}; use one of {', '.join(FITS)}")
        for field in dataclasses.fields(self)[2:]:
            if field.name not in OPTIONS[self.scheme] and getattr(self, field.name) != field.default:
                takers = [scheme for scheme, options in OPTIONS.items() if field.name in options]
                raise DataError(
                    f"--{SPELT.get(field.name, field.name)} is for {' and '.join(f'{name}:PATH' for name in takers)}, "
                    f"not for {self.scheme}:PATH; remove the option"
                )
        if self.title is not None and not (0 < len(self.title) <= _MOST_OF_A_TITLE and self.title.isprintable()):
            raise DataError(f"the name of a data set must have 1 to {_MOST_OF_A_TITLE} printable characters")

    def __str__(self) -> str:
        """The name that `parse` reads; what is as usual is left out."""
        words = [self.scheme]
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in OPTIONS[self.scheme] and value != field.default:
                key = SPELT.get(field.name, field.name)
                words.append(key if value is True else f"{key}={_written(value)}")
        return f"{','.join(words)}:{self.path}"

    def absolute(self) -> "OwnData":
        """The same with its path from the root of the file system.

        Raises:
            DataError: If the path begins with an unknown user's home.
        """
        return dataclasses.replace(self, path=expanded(self.path).absolute())


def expanded(path: Path) -> Path:
    """The path with a leading `~` as the home folder.

    Raises:
        DataError: If there is no such user.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise DataError(
            f"{str(path)!r:.80} begins with the home folder of an unknown user; give the full path"
        ) from error


def own_data(name: str) -> OwnData | None:
    """What the name of a user's own data set says; None where it names no own data.

    Raises:
        DataError: If an option is unknown or cannot be.
    """
    head, colon, path = name.partition(":")
    scheme, *options = head.split(",")
    if scheme not in SCHEMES or not colon or not path:
        return None
    if len(name) > _MOST_CHARACTERS:
        raise DataError(f"the name of a data set has {len(name)} characters; at most {_MOST_CHARACTERS} are supported")
    given = [_read_option(scheme, option) for option in options]
    if len({key for key, _ in given}) < len(given):
        raise DataError(f"{head!r:.80} has an option twice; give each option once")
    return dataclasses.replace(OwnData(scheme, Path(path)), **dict(given))


def parse_size(text: str) -> tuple[int, int]:
    """Height and width from `64,48`, `64x48`, or `64` for both.

    Raises:
        DataError: If it is anything else.
    """
    found = re.fullmatch(r"([0-9]{1,5})(?:[,xX×]([0-9]{1,5}))?", text.replace(" ", ""))
    if found is None:
        raise DataError(f"{text!r:.40} is not a size; give height and width as 64,48, or one number for both")
    height, width = int(found[1]), int(found[2] or found[1])
    if not 1 <= min(height, width) <= max(height, width) <= _MOST_PIXELS:
        raise DataError(f"{text!r:.40} is not a valid size: each side has 1 to {_MOST_PIXELS} pixels")
    return height, width


def absolute_name(name: str) -> str:
    """The name with an own data set's path from the root of the file system; any other name as it is."""
    own = own_data(name)
    return name if own is None else str(own.absolute())


def same_but_for_path(name: str, other: str) -> bool:
    """Whether both name the same data set, or own data read in the same way, which may have moved.

    Raises:
        DataError: If an option is unknown or cannot be.
    """
    one, two = own_data(name), own_data(other)
    return name == other if one is None or two is None else one == dataclasses.replace(two, path=one.path)


def short_name(name: str) -> str:
    """What a page, a report or a folder calls a data set: never a path, and never the name of a home folder.

    Arguments:
        name: Of any kind, also one that no version knows: it may come from a foreign checkpoint.
    """
    try:
        own = own_data(name)
    except DataError:
        return "unknown data"
    if own is None:
        return _shown(name)
    if own.title is not None:
        return _shown(own.title)
    parent = str(own.path.parent)
    is_home = parent in ("/home", "/Users", "/var/home") or own.path in (Path("/root"), _home())
    return "own images" if is_home or not own.path.name.strip("~.") else _shown(own.path.name)


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _shown(text: str) -> str:
    cut = text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in cut)


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return quote(str(value), safe=" ")


def _read_option(scheme: str, option: str) -> tuple[str, Any]:
    spelt, equals, text = option.partition("=")
    key = {words: name for name, words in SPELT.items()}.get(spelt, spelt)
    if key not in OPTIONS[scheme] or bool(equals) == (key == "skip_bad"):
        known = ", ".join(SPELT.get(name, name) for name in OPTIONS[scheme])
        raise DataError(f"{option!r:.40} is not an option of {scheme}; its options are {known}")
    if key == "skip_bad":
        return key, True
    return key, parse_size(text) if key in ("size", "shape") else unquote(text)
