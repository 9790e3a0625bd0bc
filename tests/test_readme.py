"""The README keeps its word: its example runs, its commands and options exist, and so do its pictures."""

import importlib.util
import re
from pathlib import Path

import pytest

from vampcore.commands import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_two_commands_stand_before_anything_else():
    first = [line.split("#")[0].strip() for line in README.splitlines()[:2]]
    assert first == ["make app", "make test"]


def test_the_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)
    assert names["z"].shape == (64, 2)
    assert names["images"].shape == (64, 1, 8, 8)
    assert capsys.readouterr().out


@pytest.mark.parametrize("command", ["list", "train", "evaluate", "measure", "sample", "results", "reduce", "data"])
def test_every_option_that_it_names_exists(command, capsys):
    named = re.findall(rf"python -m vampcore {command}\b(.*)", README)
    assert named
    with pytest.raises(SystemExit):
        main([command, "--help"])
    known = capsys.readouterr().out
    for option in re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", " ".join(named)):
        assert option in known, option


def test_the_table_of_figures_is_that_of_the_checkpoints():
    specification = importlib.util.spec_from_file_location("results", ROOT / "docs" / "results.py")
    results = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(results)
    assert results.BEGIN + results.table() + "\n" + results.differences() + results.END in README


def test_every_picture_is_there():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(pictures) >= 5
    assert [picture for picture in pictures if not (ROOT / picture).is_file()] == []


def test_every_target_of_make_exists():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`?make ([a-z-]+)`?", README)) <= set(targets)
