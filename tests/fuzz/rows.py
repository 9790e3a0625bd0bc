"""`csv:PATH`: tables of numbers with cells, rows and separators that no table has."""

from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from tests.fuzz.hostile import damaged, fuzzer, put
from tests.fuzz.own import judge

CELLS = [
    "",
    "nan",
    "inf",
    "-1",
    "256",
    "1e999",
    "0x10",
    "1,5",
    '"',
    '"a\nb"',
    "x" * 200_000,
    "\0",
    "\ufeff",
    "true",
    "1_0",
]
CELLS += ["١", "9" * 5000, "<b>", "0.5", "1.0000002", " 3 ", "é"]
HEADS = ["label", "class", "name", "pixel0", "", "a" * 10_000, "label,label", "\n", '"a\nb"', '"label\n"']


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table of forty rows with a column of classes, some cells or rows of it spoilt."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    columns = draw(st.sampled_from([64, 13, 2, 1]))
    scale = draw(st.sampled_from([255, 1]))
    numbers = random.random((40, columns)) * scale
    rows = [[f"{value:.0f}" if scale == 255 else f"{value:.3f}" for value in row] for row in numbers]
    rows = [[f"{i % 3}", *row] for i, row in enumerate(rows)]
    if draw(st.booleans()):
        rows.insert(0, ["label", *(f"x{i}" for i in range(columns))])
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["cell", "cell", "cell", "short", "long", "gone", "head"])):
            case "cell":
                rows[at][draw(st.integers(0, len(rows[at]) - 1))] = draw(st.sampled_from(CELLS))
            case "short":
                rows[at] = rows[at][:-1] or [""]
            case "long":
                rows[at] = rows[at] + ["1"] * draw(st.sampled_from([1, 5000]))
            case "gone":
                rows = rows[: max(1, at)]
            case "head":
                rows[0][draw(st.integers(0, len(rows[0]) - 1))] = draw(st.sampled_from(HEADS))
    separator = draw(st.sampled_from([",", ",", ",", ";", "\t", "|", " "]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    content = end.join(separator.join(row) for row in rows)
    encoded = content.encode(draw(st.sampled_from([*["utf-8"] * 6, "utf-16", "latin-1"])), "replace")
    return draw(damaged(encoded)) if draw(st.integers(0, 3)) == 0 else encoded


@fuzzer
def run(draw: st.DrawFn, folder: Path, counts: Counter[str]) -> None:
    """Make a table of observations and read it."""
    path = folder / "own.csv"
    put(draw, path, draw(tables()))
    counts["inputs"] += 1
    judge(f"csv:{path}", counts)
