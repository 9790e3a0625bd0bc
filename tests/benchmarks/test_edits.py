"""The table of edits."""

import time
from types import SimpleNamespace

from benchmarks import edits


def test_each_edit_is_another_one_and_the_first_says_what_measuring_takes(monkeypatch):
    made = []

    def slow(ref, steps):
        made.append(steps)
        time.sleep(0.2 if len(made) == 1 else 0)

    nothing = lambda ref, steps: None  # noqa: E731
    monkeypatch.setattr(edits, "PARTS", {"map": nothing, "change": slow, "samples": nothing, "worths": nothing})
    monkeypatch.setattr(edits.catalogue, "facts", lambda ref: SimpleNamespace(alive=30))
    found = dict(zip(edits.COLUMNS, edits.row(SimpleNamespace(experiment="mine")), strict=True))
    assert len(set(made)) == len(made) == edits.EDITS + 2
    assert (found["experiment"], found["components"]) == ("mine", "30")
    assert float(found["measuring, once"].removesuffix(" s")) >= 0.2
    assert found["samples"].endswith(")")
