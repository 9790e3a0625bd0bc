"""What an engine does with each race, in files that every server of the folder of runs reads."""

import dataclasses
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from app.engines.engine import EngineError, State
from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.folder import write_bytes
from vampcore.checkpoints.plain_files import plain_bytes

FOLDER = ".races"
_MOST_BYTES = 4096


@dataclass(frozen=True)
class Ticket:
    """What an engine does with a race.

    Attributes:
        name: Of the race's folder.
        engine: `local` or `slurm`.
        state: Of the race.
        submitted: When it was given to the engine, in seconds since 1970.
        job: What the queue calls it.
        began: When it began to run, in seconds since 1970; 0 before.
        pid: The process that trains it, on the machine where it runs; 0 before.
        why: Why it ended, in one line, where it did not end by itself.
    """

    name: str
    engine: str
    state: State = "queued"
    submitted: float = dataclasses.field(default_factory=time.time)
    job: str = ""
    began: float = 0.0
    pid: int = 0
    why: str = ""


class Tickets:
    """The tickets of all races under a folder of runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / FOLDER

    def locked(self) -> FileLock:
        """A lock for reading and then writing; a thread that holds it may take it again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / "tickets.lock", is_singleton=True)

    def write(self, ticket: Ticket) -> None:
        """Store a ticket.

        Raises:
            EngineError: If it cannot be written.
        """
        self._write(f"{ticket.name}.json", json.dumps(dataclasses.asdict(ticket)))

    def read(self, name: str) -> Ticket | None:
        """The ticket of a race; None where it has none that is sound."""
        try:
            return Ticket(**json.loads(plain_bytes(self.folder / f"{name}.json", _MOST_BYTES)))
        except (CheckpointError, TypeError, ValueError):
            return None

    def change(self, ticket: Ticket, **fields: object) -> Ticket:
        """Store a ticket with some of its fields changed."""
        changed = Ticket(**dataclasses.asdict(ticket) | fields)
        self.write(changed)
        return changed

    def all(self) -> list[Ticket]:
        """All tickets, in the order in which the races were given."""
        found = [self.read(path.stem) for path in self.folder.glob("*.json")]
        return sorted((each for each in found if each), key=lambda each: each.submitted)

    def issue(self, name: str) -> str:
        """A new token for the owner of a race; whoever has it may stop the race."""
        token = secrets.token_urlsafe(12)
        self._write(f"{name}.owner", _digest(token))
        return token

    def has_owner(self, name: str) -> bool:
        """Whether somebody has a token."""
        return (self.folder / f"{name}.owner").exists()

    def owns(self, name: str, token: str) -> bool:
        """Whether a token is that of the owner."""
        try:
            kept = plain_bytes(self.folder / f"{name}.owner", _MOST_BYTES)
        except CheckpointError:
            return False
        return secrets.compare_digest(kept, _digest(token).encode())

    def forget(self, name: str) -> None:
        """Delete the ticket of a race and its owner's."""
        for suffix in ("json", "owner"):
            (self.folder / f"{name}.{suffix}").unlink(missing_ok=True)

    def _write(self, name: str, text: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_bytes(self.folder / name, text.encode())
        except OSError as error:
            raise EngineError(
                f"{self.folder} could not be written ({error.strerror or error}): make room, then try again"
            ) from error


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
