"""A family of small models, trained once for all tests of the app.

Nothing here imports vampcore or the app at module level: see tests/conftest.py.
"""

import functools
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with `tiny-2d` (sg, mog, vamp) and `tiny-5d` (vamp-weighted), three epochs on digits each."""
    return made_once(tmp_path_factory, "checkpoints", train_models)


def train_models(root: Path) -> None:
    """Fill a folder with the families."""
    from vampcore import datasets
    from vampcore.config import Config
    from vampcore.training import fit

    digits = datasets.load("digits")
    for experiment, prior, latent_dim in FAMILIES:
        config = Config(
            data="digits",
            experiment=experiment,
            prior=prior,
            components=COMPONENTS,
            latent_dim=latent_dim,
            hidden=32,
            layers=1,
            likelihood="binomial",
            epochs=3,
            warmup=1,
            learning_rate=2e-3,
        )
        for _ in fit(config, digits, root / experiment / prior):
            pass


@pytest.fixture
def models(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The catalogue holds the small models and nothing else, and nothing is cached."""
    use_root(trained, monkeypatch)
    yield trained
    clear_caches()


@pytest.fixture
def refs(models):
    """All checkpoints by name."""
    from app.services import catalogue

    return {ref.name: ref for experiment in catalogue.experiments() for ref in experiment.refs}


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue holds the checkpoints of the repository and nothing else."""
    from vampcore import zoo

    use_root(zoo.SHIPPED, monkeypatch)
    yield
    clear_caches()


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
