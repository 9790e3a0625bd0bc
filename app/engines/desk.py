"""Where a page hands in a race, asks for it, and stops it: the engine that the operator chose, and its rules."""

import functools
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from app.engines.engine import Engine, EngineError, State
from app.engines.limits import Limits, clean_up, size_of, used
from app.engines.local import Local
from app.engines.slurm import Slurm
from app.engines.tickets import Tickets
from vampcore import zoo
from vampcore.datasets import data_root
from vampcore.training import race_folder
from vampcore.training.race_folder import Request

VARIABLE = "VAMPSCOPE_TRAIN"
MODES = ("off", "local", "slurm")

IS_OFF = (
    f"training from this page is off on this server: whoever runs it turns it on with {VARIABLE}=local (this machine) "
    f"or {VARIABLE}=slurm; `make app` does so for one's own browser"
)
NOT_YOURS = (
    "only whoever started this race can do that, with the link that the page had after the start: open that link; a "
    "file named stop in the race's folder stops it too"
)
_MAKING = threading.Lock()


@dataclass(frozen=True)
class Standing:
    """How a race stands with its engine.

    Attributes:
        state: Of the race.
        before: How many races wait before it, where it is queued.
        why: Why it ended, in one line, where it did not end by itself.
    """

    state: State
    before: int = 0
    why: str = ""


def mode() -> str:
    """`off`, `local` or `slurm`.

    Off unless it is set: behind a proxy every visitor looks as if on this machine.

    Raises:
        EngineError: If the variable is something else.
    """
    said = os.environ.get(VARIABLE, "") or "off"
    if said not in MODES:
        raise EngineError(f"{VARIABLE} is {said!r}: make it one of {', '.join(MODES)}, or unset it")
    return said


def begin() -> None:
    """Take up what was unfinished when the server ended, if races are trained here.

    Raises:
        EngineError: If a variable is wrong.
    """
    if mode() != "off":
        limits = Limits.of_environment()
        clean_up(Tickets(_root()), limits)
        _engine().begin()


def prepare() -> None:
    """Prepare for a race, as where its page is opened; does nothing where none are trained.

    Raises:
        EngineError: If a variable is wrong.
    """
    if mode() != "off":
        _engine().begin()
        _engine().prepare()


def start(folder: Path, request: Request) -> str:
    """Ask for a race in a new folder, and hand it to the engine.

    Arguments:
        folder: Directly under the folder of runs.
        request: What is trained.

    Returns:
        The token of its owner.

    Raises:
        EngineError: If it is not taken; then there is no folder.
        CheckpointError: If the folder is not new, or cannot be written.
    """
    engine, tickets = _open_engine(), Tickets(_root())
    _check_place(folder)
    race_folder.write_request(folder, request)
    try:
        token = tickets.issue(folder.name)
        engine.submit(folder)
    except EngineError:
        race_folder.delete(folder)
        tickets.forget(folder.name)
        raise
    return token


def resume(folder: Path, token: str) -> str:
    """Hand in a race again that has ended; one that nobody owns gets an owner.

    Returns:
        The token of its owner.

    Raises:
        EngineError: If it is not taken, or the token is not the owner's.
    """
    engine, tickets = _open_engine(), Tickets(_root())
    _check_place(folder)
    if not tickets.has_owner(folder.name):
        token = tickets.issue(folder.name)
    check_owner(folder, token)
    engine.submit(folder)
    return token


def stop(folder: Path, token: str) -> None:
    """Stop a race after its current step, or take it out of the queue.

    Raises:
        EngineError: If the token is not the owner's, or the race cannot be told.
    """
    check_owner(folder, token)
    try:
        _open_engine().stop(folder.name)
    except OSError as error:
        raise EngineError(f"{folder} could not be written ({error.strerror or error}): make room") from error


def keep(folder: Path, token: str) -> None:
    """Let go of what a race needs to go on, and keep its models.

    Raises:
        EngineError: If the token is not the owner's, or the race waits.
        CheckpointError: If it trains.
    """
    _release(folder, token)
    race_folder.keep(folder)
    Tickets(_root()).forget(folder.name)


def delete(folder: Path, token: str) -> None:
    """Delete a race with its models.

    Raises:
        EngineError: If the token is not the owner's, or the race waits.
        CheckpointError: If it trains.
    """
    _release(folder, token)
    race_folder.delete(folder)
    Tickets(_root()).forget(folder.name)


def standing(folder: Path) -> Standing:
    """How a race stands. One that was started by a command is gone, also while that trains it."""
    if mode() == "off":
        return Standing("gone")
    tickets = Tickets(_root())
    state = _engine().state(folder.name)
    ticket = tickets.read(folder.name)
    if ticket is None:
        return Standing("gone")
    before = [each for each in tickets.all() if each.state == "queued" and each.submitted < ticket.submitted]
    return Standing(state, len(before) if state == "queued" else 0, ticket.why)


def owns(folder: Path, token: str) -> bool:
    """Whether a token is that of the race's owner."""
    return Tickets(_root()).owns(folder.name, token)


def has_owner(folder: Path) -> bool:
    """Whether somebody owns a race."""
    return Tickets(_root()).has_owner(folder.name)


def check_owner(folder: Path, token: str) -> None:
    """Refuse who does not own a race.

    Raises:
        EngineError: If the token is not the owner's.
    """
    if not owns(folder, token):
        raise EngineError(NOT_YOURS)


def end() -> None:
    """End what this process does for races; those that train go on."""
    if _made.cache_info().currsize:
        _made().end()
        _made.cache_clear()


def _release(folder: Path, token: str) -> None:
    check_owner(folder, token)
    if standing(folder).state != "gone":
        raise EngineError(f"{folder.name} waits or trains: stop it first")


def _open_engine() -> Engine:
    """The engine, if there is one and room on disk."""
    if mode() == "off":
        raise EngineError(IS_OFF)
    return _engine()


def _check_place(folder: Path) -> None:
    root, limits = _root(), Limits.of_environment()
    if folder.resolve().parent != root.resolve() or folder.name.startswith("."):
        raise EngineError(f"{folder} is not directly under {root}: choose another name")
    clean_up(Tickets(root), limits)
    check_disk()


def check_disk() -> None:
    """Refuse more where races, uploads and saved edits fill what they may.

    Raises:
        EngineError: If they do, or training is off.
    """
    if mode() == "off":
        raise EngineError(IS_OFF)
    limits = Limits.of_environment()
    if used(_root()) + size_of(data_root() / "uploads") > limits.megabytes:
        raise EngineError(limits.out_of_disk())


def _engine() -> Engine:
    """The engine of this process."""
    with _MAKING:
        return _made()


@functools.cache
def _made() -> Engine:
    kind = {"local": Local, "slurm": Slurm}[mode()]
    return kind(_root(), Limits.of_environment())


def _root() -> Path:
    return zoo.RUNS
