"""Races for the tests of services and pages: an engine that only notes what it is told, and races that were trained."""

import dataclasses
from pathlib import Path

import pytest

from vampcore import datasets
from vampcore.config import Config
from vampcore.training.race import race
from vampcore.training.race_folder import Request, write_request

OF_A_MOMENT = Config(
    data="digits", experiment="quick", components=4, latent_dim=2, hidden=16, layers=1, likelihood="binomial", epochs=1
)


class NotingEngine:
    """Takes races and trains none.

    Attributes:
        told: What it was told, in order.
        states: What it says of each race.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self.states: dict[str, str] = {}

    def begin(self) -> None:
        pass

    def prepare(self) -> None:
        self.told.append("prepare")

    def submit(self, folder: Path) -> str:
        from app.engines.tickets import Ticket, Tickets

        Tickets(folder.parent).write(Ticket(folder.name, "local"))
        self.told.append(f"submit {folder.name}")
        self.states[folder.name] = "queued"
        return folder.name

    def stop(self, handle: str) -> None:
        self.told.append(f"stop {handle}")
        self.states[handle] = "gone"

    def state(self, handle: str) -> str:
        return self.states.get(handle, "gone")


def use_engine(root: Path, monkeypatch: pytest.MonkeyPatch) -> NotingEngine:
    """Let races be in a folder, and be handed to an engine that trains none."""
    from app.engines import desk
    from vampcore import zoo

    engine = NotingEngine()
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "local")
    monkeypatch.setattr(zoo, "RUNS", root)
    monkeypatch.setattr(desk, "_engine", lambda: engine)
    return engine


def trained(folder: Path, *priors: str, **changes) -> Path:
    """A race that has been trained, in this process."""
    runs = tuple(dataclasses.replace(OF_A_MOMENT, prior=prior, **changes) for prior in priors)
    write_request(folder, Request(runs))
    for _ in race(folder, datasets.load("digits")):
        pass
    return folder
