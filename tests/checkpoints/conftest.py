"""A checkpoint that a test may damage."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def folder(family, tmp_path) -> Path:
    shutil.copytree(family / "small" / "vamp", tmp_path / "vamp")
    return tmp_path / "vamp"
