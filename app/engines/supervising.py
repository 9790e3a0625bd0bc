"""A trainer at work: held to the limits, and its end explained."""

import contextlib
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from app.engines.limits import Limits, used
from app.engines.tickets import Tickets
from app.engines.trainer import Trainer
from vampcore.training import race_folder

GRACE_SECONDS = 30.0
"""Between being asked to stop, being told to, and being ended."""

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_SUMS = 5.0


@dataclass
class Supervisor:
    """Looks after one trainer.

    Attributes:
        folder: The race's.
        limits: It is held to.
        began: When it began, in seconds since 1970.
        grace: Seconds between being asked to stop, being told to, and being ended.
    """

    folder: Path
    limits: Limits
    began: float
    grace: float = GRACE_SECONDS

    def watch(self, trainer: Trainer, ending: threading.Event) -> str | None:
        """Wait until the trainer has ended, or nobody shall wait any longer.

        Returns:
            Why it ended, in one line; "" where it ended by itself, None where it goes on.
        """
        why, asked, summed, steps = "", 0.0, 0.0, [signal.SIGTERM, signal.SIGKILL]
        while (status := trainer.poll()) is None:
            now = time.time()
            if not why and now - self.began > 60 * self.limits.minutes:
                why = self.limits.out_of_time()
            if not why and now - summed > _SECONDS_BETWEEN_SUMS:
                summed = now
                why = f"stopped: {self.limits.out_of_disk()}" if self._fills_the_disk() else ""
            asked = self._ask(asked, now, bool(why))
            if why and now - asked > self.grace and steps:
                asked = now
                trainer.signal(steps.pop(0))
            if ending.wait(_SECONDS_BETWEEN_LOOKS):
                return None
        return why or _explained(status, trainer.last_words())

    def _ask(self, asked: float, now: float, over: bool) -> float:
        """Ask the race to stop if it shall; when it was first asked.

        A trainer does not heed a request from before it began, as it may be made while it imports: so it is repeated.
        """
        stop = self.folder / race_folder.STOP
        if over or stop.exists():
            with contextlib.suppress(OSError):
                stop.touch()
            return asked or now
        return asked

    def _fills_the_disk(self) -> bool:
        return used(self.folder.parent) > self.limits.megabytes


def supervise(tickets: Tickets, name: str, trainer: Trainer, limits: Limits, ending: threading.Event) -> None:
    """Watch the trainer of a race that runs, and say in its ticket how it ended."""
    ticket = tickets.read(name)
    if ticket is None:
        return
    why = Supervisor(tickets.root / name, limits, ticket.began).watch(trainer, ending)
    if why is not None:
        with tickets.locked():
            tickets.change(ticket, state="gone", why=why)


def _explained(status: int, words: str) -> str:
    """Why a trainer ended with a status that is no success."""
    if status == 0:
        return ""
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
        return (
            f"the trainer was ended by {name}, as the system does where memory runs out: no whole epoch is lost, "
            "continue the race"
        )
    return words or f"the trainer ended with status {status}: see the server's log"
