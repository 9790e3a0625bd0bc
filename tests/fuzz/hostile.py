"""Hostile values, hostile changes of any file, and the loop that makes and judges inputs."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

WHOLE = [0, -1, 1, 2, 255, 256, 4096, 65_536, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30]
REAL = [0.0, -0.0, 1e-300, -3.0, 1.5, 1e5, 1e38, 1e308, -1e308]
TEXT = [
    "",
    " ",
    "\0",
    "\n",
    "a\nb",
    "\ud800",
    "\udce8",
    "\u202e",
    "😀",
    "../../etc",
    "~nobodyx/x",
    "<b>",
    "![x](http://a)",
]
TEXT += [
    "x" * 1000,
    "x" * 100_000,
    "nan",
    "Infinity",
    "None",
    "vamp",
    "digits",
    "folder:/",
    "npz:" + "a" * 300,
    "$x^2$",
]

numbers = st.one_of(st.sampled_from(WHOLE), st.sampled_from(REAL), st.integers(), st.floats(allow_nan=False))
texts = st.one_of(st.sampled_from(TEXT), st.text(max_size=20))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(texts, scalars, max_size=2))


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes of a file, some of them flipped, cut out, repeated or put in."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(changed) - 1)))
        match draw(st.sampled_from(["flip", "set", "cut", "truncate", "insert", "repeat"])):
            case "flip" if changed:
                changed[at] ^= 1 << draw(st.integers(0, 7))
            case "set" if changed:
                changed[at : at + 8] = draw(st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\x7f" * 8, b'\n{"}[,:1']))
            case "cut":
                del changed[at : at + draw(st.integers(1, 64))]
            case "truncate":
                del changed[at:]
            case "insert":
                changed[at:at] = draw(st.binary(max_size=16))
            case "repeat":
                changed[at:at] = changed[at : at + 64]
    return bytes(changed)


REPLACEMENTS = ["missing", "empty", "folder", "pipe", "loop", "device", "endless", "sparse", "other", "zeros"]


def replace(path: Path, how: str, other: Path) -> None:
    """Put something else in the place of a file: `other` is a second file to take it from."""
    content = other.read_bytes() if how == "other" else b""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    match how:
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "loop":
            path.symlink_to(path.name)
        case "device":
            path.symlink_to("/dev/null")
        case "endless":
            path.symlink_to("/dev/zero")
        case "sparse":
            path.touch()
            os.truncate(path, 3 << 30)
        case "other":
            path.write_bytes(content)
        case "zeros":
            path.write_bytes(bytes(4096))


def put(draw: st.DrawFn, path: Path, content: bytes) -> None:
    """Write a file; one time in ten something else stands in its place."""
    path.write_bytes(content)
    if draw(st.integers(0, 9)) == 0:
        replace(path, draw(st.sampled_from(REPLACEMENTS)), Path(__file__))


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a tree of JSON, the root first."""
    found = [at]
    if isinstance(tree, dict):
        found += [place for key, value in tree.items() for place in places(value, (*at, key))]
    elif isinstance(tree, list):
        found += [place for i, value in enumerate(tree) for place in places(value, (*at, i))]
    return found


@st.composite
def edited(draw: st.DrawFn, tree: Any) -> Any:
    """A tree of JSON with another value at a place, one key less, or one more."""
    *above, last = draw(st.sampled_from([place for place in places(tree) if place]))
    at = tree
    for key in above:
        at = at[key]
    match draw(st.sampled_from(["value", "value", "value", "remove", "add", "swap"])):
        case "value":
            at[last] = draw(values)
        case "remove":
            del at[last]
        case "add" if isinstance(at, dict):
            at[draw(texts)] = draw(values)
        case "add":
            at.append(draw(values))
        case "swap":
            other = draw(st.sampled_from(list(at))) if isinstance(at, dict) else draw(st.integers(0, len(at) - 1))
            at[last], at[other] = at[other], at[last]
    return tree


def fuzzer(case: Callable[[st.DrawFn, Path, Counter[str]], None]) -> Callable[[int, int, Counter[str]], None]:
    """What runs a case for a seed and a number of inputs: each is drawn and judged in an empty folder, and counted."""

    def run(number: int, examples: int, counts: Counter[str]) -> None:
        @seed(number)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(st.data())
        def judged(data: st.DataObject) -> None:
            with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
                case(data.draw, Path(folder), counts)

        judged()

    return run
