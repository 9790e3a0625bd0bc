"""What every engine can do."""

from pathlib import Path
from typing import Literal, Protocol

State = Literal["queued", "running", "gone"]


class EngineError(RuntimeError):
    """A race cannot be taken or stopped; the message is one line that says what to do."""


class Engine(Protocol):
    """Trains races, one at a time or many."""

    def begin(self) -> None:
        """Take up what was unfinished when a server ended; called again it does nothing."""

    def prepare(self) -> None:
        """Prepare for a race that is likely to come."""

    def submit(self, folder: Path) -> str:
        """Take a race.

        Arguments:
            folder: The race's, with its request.

        Returns:
            The handle of the race.

        Raises:
            EngineError: If it cannot be taken.
        """

    def stop(self, handle: str) -> None:
        """Stop a race after its current step, or take it out of the queue.

        Raises:
            EngineError: If the race cannot be told.
        """

    def state(self, handle: str) -> State:
        """What a race does."""

    def end(self) -> None:
        """End what this process does for races; those that train go on."""
