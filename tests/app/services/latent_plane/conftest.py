"""What tests of the plane share: a cloud of points, and a checkpoint of a large test set."""

import numpy as np
import pytest

from tests.app.conftest import clear_caches, use_root


@pytest.fixture
def cloud():
    generator = np.random.default_rng(0)
    return generator.normal(size=(5000, 2)).astype(np.float32), generator.integers(0, 700, 5000)


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A checkpoint of 30,000 test images: more than are drawn one by one."""
    from app.services import catalogue
    from tools.synthetic import untrained

    untrained(tmp_path / "large" / "mog", images=30_000)
    use_root(tmp_path, monkeypatch)
    yield catalogue.experiments()[0].refs[0]
    clear_caches()
