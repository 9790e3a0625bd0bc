"""The command that runs the benchmarks and writes their tables into benchmarks/RESULTS.md."""

import importlib
import sys
import types

import pytest

from benchmarks import __main__ as command
from benchmarks.timing import Table


@pytest.fixture
def subjects(monkeypatch):
    """Two subjects, the first of which is known by its table."""
    ran = []
    for name in ("first", "second"):
        module = types.ModuleType(f"benchmarks.{name}")
        module.tables = lambda name=name: ran.append(name) or [Table(name, ("what", "time"), (("ours", "1 ms"),))]
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(command, "SUBJECTS", ("first", "second"))
    # In this process, which has the two: another one would look for their files.
    monkeypatch.setattr(command, "alone", lambda name, write: command.main([name, *["--write"] * write]))
    return ran


@pytest.mark.parametrize("write", [False, True])
def test_of_several_each_has_a_process_of_its_own(monkeypatch, write):
    ran = []
    monkeypatch.setattr(command.subprocess, "run", lambda words, check, cwd: ran.append((words, check, cwd)))
    command.main(["pages", "viewers", *["--write"] * write])
    begin, end = [sys.executable, "-m", "benchmarks"], ["--write"] * write
    root = command.ROOT
    assert ran == [([*begin, "pages", *end], True, root), ([*begin, "viewers", *end], True, root)]


@pytest.fixture
def report(tmp_path, monkeypatch):
    path = tmp_path / "RESULTS.md"
    path.write_text(f"before\n{command.BEGIN}old\n{command.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(command, "RESULTS", path)
    return path


def test_what_is_named_runs_and_is_printed(subjects, report, capsys):
    command.main(["second"])
    assert subjects == ["second"]
    assert "### second" in capsys.readouterr().out
    assert "old" in report.read_text(encoding="utf-8")


def test_everything_runs_and_is_written_between_the_markers(subjects, report):
    command.main(["--write"])
    assert subjects == ["first", "second"]
    text = report.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{command.BEGIN}<!-- first -->\n\nMeasured on ")
    assert text.endswith(f"{command.END}\nafter\n")
    assert text.index("### first") < text.index("### second")
    assert "old" not in text
    once = text
    command.main(["--write"])
    assert report.read_text(encoding="utf-8") == once


def test_a_part_is_written_and_the_rest_stays(subjects, report):
    command.main(["--write"])
    whole = report.read_text(encoding="utf-8")
    changed = whole.replace("| ours | 1 ms |", "| ours | 2 ms |")
    report.write_text(changed, encoding="utf-8")
    command.main(["second", "--write"])
    text = report.read_text(encoding="utf-8")
    assert subjects == ["first", "second", "second"]
    first, second = text[: text.index("### second")], text[text.index("### second") :]
    assert "2 ms" in first
    assert "1 ms" not in first
    assert "1 ms" in second
    assert "2 ms" not in second
    assert text.count("Measured on") == 2


def test_an_unknown_name_is_refused_with_the_known_ones(subjects, capsys):
    with pytest.raises(SystemExit) as failed:
        command.main(["third"])
    assert failed.value.code == 2
    assert "first, second" in capsys.readouterr().err


def test_the_report_has_one_pair_of_markers():
    text = command.RESULTS.read_text(encoding="utf-8")
    assert text.count(command.BEGIN) == text.count(command.END) == 1
    assert text.index(command.BEGIN) < text.index(command.END)


def test_every_subject_has_tables():
    for name in command.SUBJECTS:
        assert callable(importlib.import_module(f"benchmarks.{name}").tables)


def test_a_report_without_markers_is_not_changed(tmp_path):
    path = tmp_path / "RESULTS.md"
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError):
        command.write("text", path)
    assert path.read_text(encoding="utf-8") == "nothing"
