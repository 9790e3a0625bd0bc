"""A short run of the fuzzers from fixed seeds: at least 300 hostile inputs, none of which does harm."""

import importlib
from collections import Counter

import pytest

EXAMPLES = {"checkpoints": 100, "npz": 80, "images": 40, "tables": 100, "rows": 60, "uploads": 40}


@pytest.mark.parametrize("part", EXAMPLES)
def test_hostile_files_are_refused_in_one_line_or_read_within_their_ranges(part):
    counts: Counter[str] = Counter()
    importlib.import_module(f"tests.fuzz.{part}").run(1, EXAMPLES[part], counts)
    assert counts["inputs"] >= EXAMPLES[part]
    assert counts["refused"] > EXAMPLES[part] / 10
    assert counts["refused"] + counts["opened"] == counts["inputs"]


def test_the_short_run_is_of_at_least_three_hundred():
    assert sum(EXAMPLES.values()) >= 300
