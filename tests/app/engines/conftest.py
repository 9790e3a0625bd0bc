"""Races that a fake trainer trains.

Nothing here imports vampcore or the app at module level: see tests/conftest.py.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tools.patience import patience

FAKE = (sys.executable, str(Path(__file__).with_name("fake_trainer.py")))
FOREVER = ("--steps", "100000")


def until(true: Callable[[], Any]) -> Any:
    """What a function returns as soon as that is true."""
    ends = time.monotonic() + patience(30)
    while not (found := true()):
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)
    return found


def reads(folder: Path, name: str) -> Any:
    """What a file of JSON says, once it is there."""
    return json.loads(until(lambda: (folder / name).exists() and (folder / name).read_text()))


def ended(pid: int) -> bool:
    """Whether a process has ended."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def ask(root: Path, name: str) -> Path:
    """A folder that asks for a race."""
    from vampcore.training import race_folder

    race_folder.write_request(root / name, request(name))
    return root / name


def request(name: str, **options: Any) -> Any:
    """Asks for two priors."""
    from vampcore.config import Config
    from vampcore.training.race_folder import Request

    fields = {"latent_dim": 2, "hidden": 4, "layers": 1, "likelihood": "binomial", "epochs": 2, "warmup": 1} | options
    return Request(tuple(Config("digits", name, prior=prior, components=3, **fields) for prior in ("sg", "mog")))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of runs."""
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def engine(root: Path) -> Iterator[Callable[..., Any]]:
    """Makes engines of this machine: `engine(arguments of the fake trainer, limits of the races)`."""
    from app.engines.limits import Limits
    from app.engines.local import Local

    made = []

    def make(*arguments: str, idle_seconds: float = 300.0, **limits: Any) -> Local:
        made.append(Local(root, Limits(**limits), (*FAKE, *arguments), idle_seconds))
        made[-1].begin()
        return made[-1]

    yield make
    for each in made:
        stop_all(each)
        each.end()


def stop_all(engine: Any) -> None:
    """Leave no fake trainer at work."""

    def quiet() -> bool:
        active = [each for each in engine.tickets.all() if each.state != "gone"]
        for each in sorted(active, key=lambda each: each.state == "running"):
            engine.stop(each.name)
        return not active

    until(quiet)
