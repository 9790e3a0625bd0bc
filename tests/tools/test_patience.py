"""Limits scale by one variable, and no test names a limit of its own."""

import ast
from pathlib import Path

import pytest

from tests.processes import ROOT
from tools.patience import GENEROUS, VARIABLE, factor, patience

LIMITS = {"timeout", "default_timeout"}


def test_limits_scale_by_the_variable(monkeypatch):
    monkeypatch.setenv(VARIABLE, "2.5")
    assert patience(4) == 10
    monkeypatch.delenv(VARIABLE)
    assert patience(4) == 4 * GENEROUS


@pytest.mark.parametrize("said", ["0", "-1", "nan", "inf", "long"])
def test_a_factor_that_is_none_is_refused(said, monkeypatch):
    monkeypatch.setenv(VARIABLE, said)
    with pytest.raises(ValueError, match=VARIABLE):
        factor()


def test_this_test_has_a_limit_that_scales(request):
    assert request.node.get_closest_marker("timeout").args == (patience(300),)


def fixed_limits(file: Path) -> list[str]:
    """Calls in a file that are given a limit as a bare number."""
    calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = [(call, word.value) for call in calls for word in call.keywords if word.arg in LIMITS]
    waits = [(call, call.args[0]) for call in calls if called(call) in {"wait", "join", "result"} and call.args]
    return [
        f"{file.name}:{call.lineno}"
        for call, limit in (*named, *waits)
        if isinstance(limit, ast.Constant) and isinstance(limit.value, int | float) and limit.value >= 1
    ]


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_no_test_names_a_limit_of_its_own(tmp_path):
    (tmp_path / "bad.py").write_text("done.wait(10)\nprocess.communicate(timeout=3)\nshort.wait(0.005)\n")
    assert fixed_limits(tmp_path / "bad.py") == ["bad.py:2", "bad.py:1"]
    files = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "tools").rglob("*.py")])
    assert [limit for file in files for limit in fixed_limits(file)] == []
