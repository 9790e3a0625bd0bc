"""Fixtures that tests of several modules share.

Nothing here imports vampcore at module level: pytest loads this file before jaxtyping's import hook is in place, and
what is imported earlier would go unchecked.
"""

from pathlib import Path

import pytest
import torch

from tests.sharing import made_once

# The tensors of the tests are small: on a busy machine, threads that wait for each other cost minutes and gain nothing.
torch.set_num_threads(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send to one worker what belongs together, before pytest-xdist looks at the groups.

    Journeys in a browser share a server and leave the other cores to it. Tests of a module that makes something for all
    of them stay together, or each worker would make it.
    """
    browser = Path(__file__).parent / "browser"
    for item in items:
        if browser in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))
        elif item.get_closest_marker("xdist_group") is None and shares_a_module(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def shares_a_module(item: pytest.Item) -> bool:
    """Whether a test uses a fixture that is made once for its module."""
    definitions = item._fixtureinfo.name2fixturedefs.values()
    return any(each.scope == "module" for fixtures in definitions for each in fixtures)


@pytest.fixture
def generator() -> torch.Generator:
    """A seeded source of noise of the test's own; nothing seeds the global one."""
    return torch.Generator().manual_seed(20260101)


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with `small/<prior>` for every prior, trained for three epochs on digits; not to be written to."""
    from tests.small_runs import train_family

    return made_once(tmp_path_factory, "family", train_family)
