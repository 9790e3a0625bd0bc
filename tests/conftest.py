"""Fixtures that tests of several modules share.

Nothing here imports vampcore at module level: pytest loads this file before jaxtyping's import hook is in place, and
what is imported earlier would go unchecked.
"""

from pathlib import Path

import pytest
import torch

# The tensors of the tests are small: on a busy machine, threads that wait for each other cost minutes and gain nothing.
torch.set_num_threads(1)


@pytest.fixture
def generator() -> torch.Generator:
    """A seeded source of noise of the test's own; nothing seeds the global one."""
    return torch.Generator().manual_seed(20260101)


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with `small/<prior>` for every prior, trained for three epochs on digits; not to be written to."""
    from tests.small_runs import train_family

    return train_family(tmp_path_factory.mktemp("family"))
