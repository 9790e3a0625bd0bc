"""Which tests stay together in one worker of pytest-xdist; all others go to whichever worker is free.

The `loadgroup` mode of pytest-xdist 3.8 would do, but with pytest 9.2 it no longer sees its own marks.
"""

import functools
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent
TOGETHER = {"tests/browser/": "browser"}
"""Folders whose tests stay together, and the group's name. Journeys share a server."""


@functools.cache
def makes_a_module_fixture(path: Path) -> bool:
    """Whether a file of tests makes something once for all of them, which every worker would have to make anew."""
    return 'scope="module"' in path.read_text(encoding="utf-8")


def group_of(test: str, root: Path = ROOT) -> str:
    """The group of a test, named by its id; tests of one group run one after the other in one worker."""
    file = test.partition("::")[0]
    for folder, group in TOGETHER.items():
        if file.startswith(folder):
            return group
    return file if makes_a_module_fixture(root / file) else test


def longest_first(tests: list[str]) -> list[str]:
    """Tests in their order, but those of large groups first: started late, one would keep a worker alone at the end."""
    sizes: dict[str, int] = {}
    for test in tests:
        sizes[group_of(test)] = sizes.get(group_of(test), 0) + 1
    return sorted(tests, key=lambda test: (group_of(test) not in TOGETHER.values(), sizes[group_of(test)] == 1))


class Scheduler(LoadScopeScheduling):
    """Hands out groups of tests, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid, self.config.rootpath)
