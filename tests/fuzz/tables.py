"""Tables of models in TOML, and what stands in the place of one."""

import dataclasses
from collections import Counter
from pathlib import Path

from hypothesis import strategies as st

from tests.fuzz.hostile import damaged, fuzzer, put, texts, values
from tests.fuzz.judging import check, check_refusal
from vampcore.config import Config, config_from_json, to_json
from vampcore.results import TableError, read_table

PLAIN = """title = "a table"
samples = 100

[defaults]
data = "digits"
latent_dim = 2

[[row]]
prior = "sg"

[[row]]
prior = "mog"
components = 4
"""
FIELDS = [*(field.name for field in dataclasses.fields(Config)), "title", "images", "row"]
LITERALS = ["inf", "nan", "1e999", "-0", "0x10", "1979-05-27", "07:32:00", "[[]]", "{}", "'''\n'''", "9" * 5000, "true"]
LITERALS += ["[" * 5000 + "]" * 5000, '"' + "x" * 100_000 + '"', '"\\u0000"', "{a=" * 500 + "1" + "}" * 500]


def literal(value: object) -> str:
    """A value as TOML writes it, or nearly."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = (
            letter if letter.isprintable() and letter not in '"\\' else f"\\u{ord(letter) % 0xD800:04x}"
            for letter in value
        )
        return '"' + "".join(escaped) + '"'
    return '""' if value is None else str(value)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table of two models with lines put in, taken out or damaged."""
    lines = PLAIN.splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["put", "put", "put", "take", "twice", "nest"])):
            case "put":
                key = draw(st.one_of(st.sampled_from(FIELDS), texts.map(literal)))
                said = draw(st.one_of(values.map(literal), st.sampled_from(LITERALS)))
                lines.insert(at, f"{key} = {said}")
            case "take":
                del lines[at]
            case "twice":
                lines.insert(at, lines[at])
            case "nest":
                lines.insert(at, "[" + ".".join("a" * draw(st.sampled_from([3, 5000]))) + "]")
    content = "\n".join(lines).encode("utf-8", "replace")
    return draw(damaged(content)) if draw(st.integers(0, 3)) == 0 else content


@fuzzer
def run(draw: st.DrawFn, folder: Path, counts: Counter[str]) -> None:
    """Make a table and read it."""
    path = folder / "table.toml"
    put(draw, path, draw(tables()))
    counts["inputs"] += 1
    try:
        found = read_table(path)
    except TableError as error:
        check_refusal(error)
        counts["refused"] += 1
        return
    check(found.estimate.samples >= 1, f"samples {found.estimate.samples}")
    check(found.title.isprintable() and found.title, f"title {found.title!r:.80}")
    for row in found.rows:
        check(config_from_json(to_json(row)) == row, f"row {row}")
    counts["opened"] += 1
