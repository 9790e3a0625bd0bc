"""The fuzzers see what they are there to see."""

import subprocess
import sys
from collections import Counter

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz.judging import Fault, check, check_refusal
from tests.fuzz.urls import outside_code
from tests.processes import ROOT, environment
from tools.patience import patience


@pytest.mark.parametrize("said", ["", "two\nlines", "x" * 2000])
def test_a_refusal_is_one_line_of_some_length(said):
    with pytest.raises(Fault):
        check_refusal(ValueError(said))
    check_refusal(ValueError("the file is cut off: restore it"))


def test_only_what_stands_outside_of_code_is_markup():
    assert outside_code("`<b>, 0`: a number. <b>`x`") == ": a number. <b>"


def test_a_value_out_of_its_range_is_a_fault():
    with pytest.raises(Fault, match="accepted: n is -1"):
        check(-1 >= 1, "n is -1")


def test_a_checkpoint_with_numbers_that_cannot_be_is_a_fault(family):
    import dataclasses

    from tests.fuzz.checkpoints import check_ranges
    from vampcore.checkpoints import load

    found = load(family / "small" / "vamp")
    check_ranges(found)
    bad = dataclasses.replace(found.metrics[0], se=-3.0)
    with pytest.raises(Fault, match="se of"):
        check_ranges(dataclasses.replace(found, metrics=(bad,)))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("counts['inputs'] += 1\n    raise RuntimeError('found')", "RuntimeError: found"),
        ("counts['inputs'] += 1\n    time.sleep(600)", "an input took more than"),
        ("counts['inputs'] += 1\n    held = bytearray(300 << 20)\n    time.sleep(600)", "GiB in use"),
        ("counts['inputs'] += 1\n    os.abort()", "ended by signal 6"),
    ],
)
def test_a_worker_that_fails_hangs_or_takes_all_memory_is_named(tmp_path, monkeypatch, body, fault):
    monkeypatch.setattr(fuzz, "BYTES", 200 << 20 if "bytearray" in body else 8 << 30)
    monkeypatch.setattr(fuzz, "SECONDS", 0.2 if "took" in fault else 300)
    # The part is a file outside of the repository, which the worker finds first.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, time, types\n"
        "def run(number, examples, counts):\n"
        f"    {body}\n"
        "made = types.ModuleType('tests.fuzz.made'); made.run = run\n"
        "sys.modules['tests.fuzz.made'] = made\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = fuzz.watched("made", 0, 1, fuzz.time.monotonic() + 300)
    assert fault in (found.fault or "")
    assert found.counts == Counter(inputs=1)


def test_a_run_says_its_seeds_and_ends_in_time():
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", "0.05", "--seed", "5", "--part", "tables"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=patience(300), check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tables, seed 5: " in done.stdout
    assert done.stdout.rstrip().endswith(" inputs, 0 faults")
