"""A checkpoint that a test may damage."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def folder(family, tmp_path) -> Path:
    """Without a manifest, so that what reads a damaged file is reached."""
    from tests.small_runs import as_format_1

    shutil.copytree(family / "small" / "vamp", tmp_path / "vamp")
    as_format_1(tmp_path / "vamp")
    return tmp_path / "vamp"


@pytest.fixture
def sealed(family, tmp_path) -> Path:
    """With its manifest."""
    shutil.copytree(family / "small" / "vamp", tmp_path / "sealed")
    return tmp_path / "sealed"
