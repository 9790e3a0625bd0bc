"""Kills a training again and again, resumes it until it is done, and compares it with one that was left alone.

Run by test_kills.py in a process of its own, which forks once an attempt: importing torch anew each time would take
longer than all of the training. The state and the checkpoint are written after every epoch here. A process dies by
SIGKILL before a step or an operation on the disk whose number is drawn at random, so that most deaths fall into the
writing; in the middle of a file, half of it is on disk.
"""

import itertools
import json
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.small_runs import config, few_digits, train
from vampcore.checkpoints import load
from vampcore.checkpoints.folder import readable
from vampcore.config import Config
from vampcore.training import Run
from vampcore.training.state import read_state

RUNS = (
    config("sg", epochs=4, objective="iwae", samples=3),
    config("mog", epochs=4, precision="bf16"),
    config("vamp", epochs=4, optimizer="adam-norm-grad"),
    config("vamp-weighted", epochs=4, precision="bf16", objective="iwae", samples=2),
    config("vamp-data", epochs=4, decay=0.5),
    config("exemplar", epochs=4, components=250),
)
KILLS = 6
OPERATIONS = ((Run, "_step"), (os, "fsync"), (os, "link"), (Path, "replace"), (Path, "rename"), (Path, "write_bytes"))
LAST = 40


def dying(name: str, call: Callable[..., Any], tick: Callable[[], bool]) -> Callable[..., Any]:
    """The same operation, before which, or in whose middle, the process dies when its time has come."""

    def operate(*arguments: Any, **options: Any) -> Any:
        if tick():
            if name == "write_bytes":
                path, content = arguments
                call(path, content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)

    return operate


def attempt(settings: Config, folder: Path, dies_at: int) -> int:
    """Train on in a process of its own, which dies at that operation; returns how it ended."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            numbers = itertools.count(1)
            for owner, name in OPERATIONS:
                setattr(owner, name, dying(name, getattr(owner, name), lambda: next(numbers) == dies_at))
            train(settings, folder, resume=(readable(folder) / "state.safetensors").exists())
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]


def until_done(settings: Config, folder: Path, dice: random.Random) -> tuple[int, int]:
    """Number of kills, and of checkpoints found after them, all of them whole, before the run was done."""
    readings = 0
    for kills in range(KILLS + 1):
        status = attempt(settings, folder, dice.randint(1, LAST) if kills < KILLS else 0)
        if status == 0:
            return kills, readings
        if not os.WIFSIGNALED(status):
            raise RuntimeError(f"the training ended with status {status}")
        if (readable(folder) / "config.json").exists():
            load(folder)
            readings += 1
    raise RuntimeError("the training never came to its end")


def main(root: Path) -> None:
    torch.set_num_threads(1)
    module = sys.modules["vampcore.training.fit"]
    module.SECONDS_BETWEEN_STATES = module.SECONDS_BEFORE_CHECKPOINT = -1
    module.SHARE_FOR_STATES = module.SHARE_FOR_CHECKPOINTS = 1e9
    dice, found = random.Random(1), []
    for settings in RUNS:
        alone, killed = root / "alone" / settings.prior, root / "killed" / settings.prior
        train(settings, alone)
        kills, readings = until_done(settings, killed, dice)
        one, other = read_state(alone, settings), read_state(killed, settings)
        found.append(
            {
                "prior": settings.prior,
                "kills": kills,
                "readings": readings,
                "epochs": [one.epoch, other.epoch],
                "weights": all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights),
                "best": all(torch.equal(one.best[name], other.best[name]) for name in one.best),
                "optimizer": all(torch.equal(one.optimizer[name], other.optimizer[name]) for name in one.optimizer),
                "film": (alone / "film.bin").read_bytes() == (killed / "film.bin").read_bytes(),
                "checkpoint": load(alone).sha256 == load(killed).sha256 and load(alone).metrics == load(killed).metrics,
            }
        )
    print(json.dumps(found))


if __name__ == "__main__":
    few_digits()
    main(Path(sys.argv[1]))
