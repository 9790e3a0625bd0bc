"""Races as jobs of Slurm, submitted by submitit. Nodes see the folder of runs and this installation by the same paths.

Slurm decides how many run at once. `VAMPSCOPE_SLURM` has what it is asked for, as in
`slurm_partition=gpu gpus_per_node=1 cpus_per_task=8`: parameters of `submitit.AutoExecutor.update_parameters`.
"""

import math
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import submitit

from app.engines.engine import EngineError, State
from app.engines.limits import Limits
from app.engines.supervising import supervise
from app.engines.tickets import Ticket, Tickets
from app.engines.trainer import COMMAND, Started, together
from vampcore.checkpoints.locking import is_locked
from vampcore.training import race_folder

PARAMETERS = "VAMPSCOPE_SLURM"
_MINUTES_TO_END = 3
"""What a job has beyond the limit of a race: for imports, and for a trainer that does not stop at once."""

_ENDED = (
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED"),
    *("TIMEOUT", "FINISHED", "INTERRUPTED", "NO PROCESS AND NO RESULT"),
)


class Slurm:
    """The engine of a cluster.

    Arguments:
        root: The folder of runs.
        limits: That races are held to.
        command: What runs a race.
        cluster: `slurm`, or `local` for processes of this machine.
    """

    def __init__(self, root: Path, limits: Limits, command: Sequence[str] = COMMAND, cluster: str = "slurm") -> None:
        self.tickets = Tickets(root)
        self._limits, self._command, self._cluster = limits, tuple(command), cluster
        self._folder = (self.tickets.folder / "slurm").resolve()
        self._jobs: dict[str, submitit.Job[None]] = {}

    def begin(self) -> None:
        """Do nothing: Slurm keeps its queue."""

    def prepare(self) -> None:
        """Do nothing: a node starts a trainer of its own."""

    def end(self) -> None:
        """Do nothing: the jobs are Slurm's."""

    def submit(self, folder: Path) -> str:
        with self.tickets.locked():
            if self.state(folder.name) != "gone" or is_locked(race_folder.lock_of(folder)):
                raise EngineError(f"{folder.name} is in the queue or trains already: wait until it ends, or stop it")
            if sum(self.state(each.name) == "queued" for each in self._mine()) >= self._limits.waiting:
                raise EngineError(
                    f"{self._limits.waiting} races wait already, which is the limit here: try again when one has ended"
                )
            ticket = Ticket(folder.name, "slurm")
            self.tickets.write(ticket)
            try:
                (folder / race_folder.STOP).unlink(missing_ok=True)
                job = self._executor().submit(
                    train, self.tickets.root.resolve(), folder.name, self._command, self._limits
                )
            except (OSError, RuntimeError, TypeError, ValueError) as error:
                words = " ".join(str(error).split())
                self.tickets.change(ticket, state="gone", why=f"Slurm did not take it: {words}")
                raise EngineError(
                    f"Slurm did not take the race ({words:.300}): see that sbatch works here, and what {PARAMETERS} "
                    "asks for"
                ) from error
            self._jobs[job.job_id] = job
            self.tickets.change(ticket, job=job.job_id)
        return folder.name

    def stop(self, handle: str) -> None:
        race_folder.ask_to_stop(self.tickets.root / handle)
        with self.tickets.locked():
            ticket = self.tickets.read(handle)
            if ticket is not None and ticket.state == "queued":
                self._job(ticket).cancel(check=False)
                self.tickets.change(ticket, state="gone", why="taken out of the queue before it began")

    def state(self, handle: str) -> State:
        ticket = self.tickets.read(handle)
        if ticket is None or ticket.state == "gone":
            return "gone"
        if is_locked(race_folder.lock_of(self.tickets.root / handle)):
            return "running"
        if not ticket.job or not (said := self._job(ticket).state.split(" by ")[0]).startswith(_ENDED):
            return ticket.state
        with self.tickets.locked():
            now = self.tickets.read(handle)
            if now is not None and now.state != "gone":
                self.tickets.change(
                    now, state="gone", why=f"the job ended ({said.lower()}): no whole epoch is lost, continue the race"
                )
        return "gone"

    def _mine(self) -> list[Ticket]:
        return [each for each in self.tickets.all() if each.engine == "slurm" and each.state != "gone"]

    def _job(self, ticket: Ticket) -> "submitit.Job[None]":
        """The job of a ticket, also of one that another server has submitted."""
        kind = submitit.SlurmJob if self._cluster == "slurm" else submitit.LocalJob
        return self._jobs.setdefault(ticket.job, kind(self._folder, ticket.job))

    def _executor(self) -> submitit.AutoExecutor:
        executor = submitit.AutoExecutor(self._folder, cluster=self._cluster)
        minutes = math.ceil(self._limits.minutes) + _MINUTES_TO_END
        executor.update_parameters(**{"name": "vampscope", "timeout_min": minutes} | parameters())
        return executor


def train(root: Path, name: str, command: Sequence[str], limits: Limits) -> None:
    """Train a race; what a job does."""
    tickets = Tickets(root)
    with tickets.locked():
        ticket = tickets.read(name)
        if ticket is None or ticket.state != "queued":
            return
        trainer = Started([*together(command, limits.processes), "--out", str(root / name), "--resume"])
        tickets.change(ticket, state="running", began=time.time(), pid=trainer.pid)
    supervise(tickets, name, trainer, limits, threading.Event())


def parameters() -> dict[str, str | int]:
    """What Slurm is asked for.

    Raises:
        EngineError: If it is not written as `name=value` with spaces between.
    """
    found: dict[str, str | int] = {}
    for each in os.environ.get(PARAMETERS, "").split():
        name, equals, value = each.partition("=")
        if not (name and equals and value):
            raise EngineError(
                f"{PARAMETERS} has {each!r}: write name=value, with spaces between, as in gpus_per_node=1"
            )
        found[name] = int(value) if value.isdecimal() else value
    return found
