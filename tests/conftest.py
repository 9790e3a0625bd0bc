"""Fixtures that tests of several modules share.

Nothing here imports vampcore at module level: pytest loads this file before jaxtyping's import hook is in place, and
what is imported earlier would go unchecked.
"""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.scheduling import Scheduler, longest_first
from tests.sharing import made_once
from tools.patience import patience

# The tensors of the tests are small: on a busy machine, threads that wait for each other cost minutes and gain nothing.
torch.set_num_threads(1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler | None:
    """Keep together what belongs together, unless every worker is told to run every test."""
    if config.getvalue("dist") == "each":
        return None
    config.option.loadscopereorder = False
    return Scheduler(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test a limit, and begin with what takes longest in one worker, after pytest-randomly drew the order."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(patience(300)))
    place = {test: number for number, test in enumerate(longest_first([item.nodeid for item in items]))}
    items.sort(key=lambda item: place[item.nodeid])


@pytest.fixture
def generator() -> torch.Generator:
    """A seeded source of noise of the test's own; nothing seeds the global one."""
    return torch.Generator().manual_seed(20260101)


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with `small/<prior>` for every prior, trained for three epochs on digits; not to be written to."""
    from tests.small_runs import train_family

    return made_once(tmp_path_factory, "family", train_family)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Priors of the rows of a table whose training was begun."""
    from vampcore.results import work

    begun, fit = [], work.fit

    def noted(config: Any, *arguments: Any) -> Any:
        begun.append(config.prior)
        return fit(config, *arguments)

    monkeypatch.setattr(work, "fit", noted)
    return begun
