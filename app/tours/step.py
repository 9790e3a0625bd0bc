"""A tour and its steps: where each leads, and what it says there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from app import presenting
from app.tours.numbers import ref

TOUR, STEP = "tour", "step"

Numbers = Mapping[str, Callable[[], str]]


@dataclass(frozen=True)
class Step:
    """One state of a page and what is said there.

    Attributes:
        key: Names the step, in its tour alone.
        title: What the step is about.
        page: The page's path in the URL, "" for Overview.
        model: The experiment and the prior in view.
        words: Two sentences, with a `{name}` where a number stands.
        query: The controls of the page that are not as usual, as the URL spells them.
        numbers: Each number by name, computed from the checkpoints when the step is shown.
        question: What a student is asked; "" for none.
        answer: Behind a button; may hold numbers too.
    """

    key: str
    title: str
    page: str
    model: tuple[str, str]
    words: str
    query: Mapping[str, str] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=dict)
    question: str = ""
    answer: str = ""

    def said(self) -> str:
        """The sentences with their numbers.

        Raises:
            ServiceError: If a checkpoint that the tour shows is not there.
        """
        return self._filled(self.words)

    def answered(self) -> str:
        """The answer with its numbers; raises as `said`."""
        return self._filled(self.answer)

    def _filled(self, words: str) -> str:
        return words.format(**{name: number() for name, number in self.numbers.items() if f"{{{name}}}" in words})


@dataclass(frozen=True)
class Tour:
    """Steps in their order.

    Attributes:
        key: Its name in the URL.
        title: Its name for people.
        about: Whom it is for and how long it takes.
        steps: At least one.
    """

    key: str
    title: str
    about: str
    steps: tuple[Step, ...]

    def address(self, number: int, present: bool = False) -> str:
        """The link to a step, numbered from 1, relative to any page; it keeps the present mode."""
        step = self.steps[number - 1]
        experiment, prior = step.model
        query = {"experiment": experiment, "prior": prior, **step.query}
        query |= {TOUR: self.key, STEP: str(number), **({presenting.KEY: "true"} if present else {})}
        return f"./{step.page}?{urlencode(query)}"

    def check(self) -> None:
        """Look for the checkpoints that the steps show.

        Raises:
            ServiceError: If one is not there.
        """
        for step in self.steps:
            ref(*step.model)
