"""A family of small models, trained once for all tests of the app.

Nothing here imports vampcore or the app at module level: see tests/conftest.py.
"""

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import pytest

from tests.sharing import made_once

FAMILIES = (
    ("tiny-2d", "sg", 2),
    ("tiny-2d", "mog", 2),
    ("tiny-2d", "vamp", 2),
    ("tiny-5d", "vamp-weighted", 5),
)
COMPONENTS = 6


@pytest.fixture(scope="session", autouse=True)
def packages_searched_once() -> Iterator[None]:
    """Let all runs of a page share one search of the installed packages for components.

    Streamlit reads the metadata of every package for each `AppTest`, which takes about as long as a page.
    """
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests)
        )
        yield


@pytest.fixture(autouse=True)
def shapes_unchecked() -> Iterator[None]:
    """Leave it to the library's own tests to check shapes: in these, it would take a fifth of the processor time."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with `tiny-2d` (sg, mog, vamp) and `tiny-5d` (vamp-weighted), three epochs on digits each."""
    return made_once(tmp_path_factory, "checkpoints", train_models)


def train_models(root: Path) -> None:
    """Fill a folder with the families."""
    from tests.small_runs import config, digits, train

    sizes = {"components": COMPONENTS, "hidden": 32, "batch_size": 100}
    for experiment, prior, latent_dim in FAMILIES:
        chosen = config(prior, experiment=experiment, latent_dim=latent_dim, **sizes)
        train(chosen, root / experiment / prior, digits(), film="off")


@pytest.fixture
def listing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator["Listing"]:
    """Lists the checkpoints under one root alone: `listing.use(root)`."""
    info = request.node._fixtureinfo
    patching = {name for name, made in info.name2fixturedefs.items() if "monkeypatch" in made[-1].argnames}
    changes = {"monkeypatch", "nothing_computed"} & set(info.argnames)
    listing = Listing(monkeypatch, shares=not changes and patching == {"listing"})
    yield listing
    listing.leave()


@pytest.fixture
def nothing_computed() -> None:
    """Asked for by a test that changes a model, or counts what is done the first time: see `Listing`."""


@pytest.fixture
def models(trained: Path, listing: "Listing") -> Path:
    """The catalogue holds the small models and nothing else."""
    return listing.use(trained)


@pytest.fixture
def refs(models):
    """All checkpoints by name."""
    from app.services import catalogue

    return {ref.name: ref for experiment in catalogue.experiments() for ref in experiment.refs}


@pytest.fixture
def checkpoints(models):
    """The small models as the library loads them, by name."""
    from vampcore import checkpoints

    return {f"{path.parent.name}/{path.name}": checkpoints.load(path) for path in models.glob("*/[!.]*")}


@pytest.fixture
def shipped(listing: "Listing") -> None:
    """The catalogue holds the checkpoints of the repository and nothing else."""
    from vampcore import zoo

    listing.use(zoo.SHIPPED)


class Listing:
    """The catalogue over one root, and what earlier tests of this worker computed of its checkpoints.

    A test that asks for `monkeypatch`, itself or by another fixture, or for `nothing_computed`, begins with nothing
    computed, and leaves nothing.

    Arguments:
        monkeypatch: Of the test.
        shares: Whether results are shared with other tests.
    """

    _computed: dict[Path, dict[Any, Any]] = {}  # noqa: RUF012 - of all instances, by root and cache

    def __init__(self, monkeypatch: pytest.MonkeyPatch, shares: bool) -> None:
        self._monkeypatch, self._shares = monkeypatch, shares
        self._root: Path | None = None
        self._generation = 0

    def use(self, root: Path) -> Path:
        """List the checkpoints under `root` alone."""
        from app.services.memory import _Generation

        use_root(root, self._monkeypatch)
        self._root, self._generation = root, _Generation.number
        if self._shares:
            for cache, results in self._computed.get(root, {}).items():
                cache._generation, cache._results = self._generation, results
        return root

    def leave(self) -> None:
        """Keep what was computed, unless a test emptied the caches; then empty them."""
        from app.services.memory import _Generation

        if self._root is not None and self._shares and self._generation == _Generation.number:
            found = [cache for cache in all_caches() if cache._generation == self._generation]
            self._computed[self._root] = {cache: cache._results for cache in found}
        clear_caches()


def all_caches() -> set[Any]:
    """The caches of all modules of the services."""
    return caches_of(frozenset(name for name in sys.modules if name.startswith("app.services")))


@functools.cache
def caches_of(modules: frozenset[str]) -> set[Any]:
    """The caches of these modules."""
    from app.services.memory import Cache

    return {value for name in modules for value in vars(sys.modules[name]).values() if isinstance(value, Cache)}


def use_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the catalogue list the checkpoints under `root` alone."""
    from vampcore import zoo

    clear_caches()
    monkeypatch.setattr(zoo, "entries", functools.partial(getattr(zoo.entries, "func", zoo.entries), (root,)))


def clear_caches() -> None:
    """Empty Streamlit's caches, which outlive a test."""
    import streamlit as st

    from app.services import memory

    memory.clear_caches()
    st.cache_data.clear()
    st.cache_resource.clear()
