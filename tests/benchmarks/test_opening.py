"""Imports and checkpoints: that what is timed is what is named."""

import subprocess

import pytest

from benchmarks import opening
from vampcore import zoo


def test_an_import_is_timed_in_a_process_of_its_own():
    assert 0 <= opening.import_seconds("colorsys") < 60
    with pytest.raises(subprocess.CalledProcessError):
        opening.import_seconds("no_such_module")


def test_ratios_are_to_the_first():
    table = opening.imports(("colorsys", "json"), turns=2)
    assert table.columns[-1] == "÷ colorsys"
    assert [row[0] for row in table.rows] == ["colorsys", "json"]
    assert table.rows[0][-1] == "1.00 (1.00–1.00)"


def test_every_shipped_checkpoint_has_a_row():
    table = opening.checkpoints(turns=1)
    assert [row[0] for row in table.rows] == [entry.name for entry in zoo.entries((zoo.SHIPPED,))]
