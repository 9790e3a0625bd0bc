"""Races on this machine: one at a time, the others in a queue on disk.

Any number of servers may share a folder of runs. One of them works at the queue, whichever holds its lock; if that
server ends, another one takes it over.
"""

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from huey import SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

from app.engines.engine import EngineError, State
from app.engines.limits import Limits
from app.engines.supervising import supervise
from app.engines.tickets import Ticket, Tickets
from app.engines.trainer import COMMAND, IDLE_SECONDS, AtWork, Prepared, together
from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.locking import is_locked
from vampcore.training import race_folder

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_TRIES = 1.0
_FIRST = 1


class _Plain(Serializer):  # type: ignore[misc]  # huey has no types
    """Messages as JSON: the file of the queue lies in a folder that others may write to, and pickles run code."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(list(data)).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


class Local:
    """The engine of this machine.

    Arguments:
        root: The folder of runs.
        limits: That races are held to.
        command: What runs a race.
        idle_seconds: After which a prepared trainer ends unused.
    """

    def __init__(
        self, root: Path, limits: Limits, command: Sequence[str] = COMMAND, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self.tickets = Tickets(root)
        self.tickets.folder.mkdir(parents=True, exist_ok=True)
        self._limits = limits
        self._prepared = Prepared(together(command, limits.processes), idle_seconds)
        self._queue = SqliteHuey(
            "races", filename=str(self.tickets.folder / "queue.db"), results=False, serializer=_Plain()
        )
        self._train = self._queue.task(name="train")(self._take_turn)
        self._begun, self._ending = threading.Lock(), threading.Event()
        self._worker: threading.Thread | None = None

    def begin(self) -> None:
        with self._begun:
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="races", daemon=True)
                self._worker.start()

    def prepare(self) -> None:
        if self._limits.processes == 1:  # several cannot read one line
            self._prepared.prepare()

    def submit(self, folder: Path) -> str:
        self.begin()
        with self.tickets.locked():
            ticket = self.tickets.read(folder.name)
            if (ticket and ticket.state != "gone") or is_locked(race_folder.lock_of(folder)):
                raise EngineError(f"{folder.name} is in the queue or trains already: wait until it ends, or stop it")
            if len(self._waiting()) >= self._limits.waiting:
                raise EngineError(
                    f"{self._limits.waiting} races wait already, which is the limit here: try again when one has ended"
                )
            self._enqueue(Ticket(folder.name, "local"))
        return folder.name

    def stop(self, handle: str) -> None:
        with self.tickets.locked():
            ticket = self.tickets.read(handle)
            if ticket is not None and ticket.state == "queued":
                self.tickets.change(ticket, state="gone", why="taken out of the queue before it began")
                return
        race_folder.ask_to_stop(self.tickets.root / handle)

    def state(self, handle: str) -> State:
        ticket = self.tickets.read(handle)
        return "gone" if ticket is None else ticket.state

    def end(self) -> None:
        """End the prepared trainer and the work at the queue; a race under way goes on."""
        self._ending.set()
        self._prepared.end()
        if self._worker is not None:
            self._worker.join()
        self._queue.storage.close()

    def _waiting(self) -> list[Ticket]:
        return [each for each in self.tickets.all() if each.engine == "local" and each.state == "queued"]

    def _enqueue(self, ticket: Ticket, priority: int = 0) -> None:
        task = self._train.s(ticket.name, priority=priority)
        self.tickets.change(ticket, state="queued", job=task.id, began=0.0, pid=0, why="")
        self._queue.enqueue(task)

    def _work(self) -> None:
        """Work at the queue while this server is the one that does."""
        turn = FileLock(self.tickets.folder / "worker.lock", thread_local=False)
        while not self._ending.is_set():
            try:
                turn.acquire(timeout=0)
            except Timeout:
                self._ending.wait(_SECONDS_BETWEEN_TRIES)
                continue
            try:
                self._take_up()
                while not self._ending.is_set():
                    task = self._queue.dequeue()
                    if task is None:
                        self._ending.wait(_SECONDS_BETWEEN_LOOKS)
                    else:
                        self._queue.execute(task)
            finally:
                turn.release()
                self._queue.storage.close()

    def _take_up(self) -> None:
        """Go on with what a server left that has ended: wait for the race that trains, queue again what was cut off."""
        at_work = []
        with self.tickets.locked():
            pending = {task.id for task in self._queue.pending()}
            for ticket in self.tickets.all():
                if ticket.engine != "local" or ticket.state == "gone":
                    continue
                folder = self.tickets.root / ticket.name
                if is_locked(race_folder.lock_of(folder)):
                    at_work.append(ticket)
                elif ticket.job not in pending and _unfinished(folder):
                    self._enqueue(ticket, priority=_FIRST)
                elif ticket.state == "running":
                    self.tickets.change(ticket, state="gone")
        for ticket in at_work:
            trainer = AtWork(self.tickets.root / ticket.name, ticket.pid)
            supervise(self.tickets, ticket.name, trainer, self._limits, self._ending)

    def _take_turn(self, name: str) -> None:
        """Train one race of the queue."""
        folder = self.tickets.root / name
        with self.tickets.locked():
            ticket = self.tickets.read(name)
            if ticket is None or ticket.state != "queued":
                return
            if is_locked(race_folder.lock_of(folder)):
                self.tickets.change(ticket, state="gone", why="another process trains it: wait until that ends")
                return
            try:
                (folder / race_folder.STOP).unlink(missing_ok=True)
                trainer = self._prepared.hand_over(folder.resolve())
            except OSError as error:
                self.tickets.change(ticket, state="gone", why=f"no trainer could be started: {error}")
                return
            self.tickets.change(ticket, state="running", began=time.time(), pid=trainer.pid)
        supervise(self.tickets, name, trainer, self._limits, self._ending)


def _unfinished(folder: Path) -> bool:
    """Whether a race was cut off, or has not begun."""
    try:
        return race_folder.race_state(folder) in ("waiting", "interrupted")
    except CheckpointError:
        return False
