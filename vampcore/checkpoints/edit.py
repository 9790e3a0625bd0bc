"""Where a checkpoint with an edited prior comes from: what `edit.json` says."""

import re
from dataclasses import dataclass

# A name is that of a folder, which has 255 letters at most.
MOST_STEPS, MOST_LETTERS = 100, 255
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Edit:
    """The model whose prior was edited, and how.

    Attributes:
        experiment: Of that model.
        prior: Its name within the experiment.
        sha256: Of its configuration and weights.
        steps: What was done to its prior, in words: "removed components 3-6".

    Raises:
        ValueError: If a text is empty, has more than `MOST_LETTERS` letters or such that cannot be shown, there is no
            step or more than `MOST_STEPS`, or the hash is none.
    """

    experiment: str
    prior: str
    sha256: str
    steps: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= MOST_STEPS:
            raise ValueError(f"an edit has 1 to {MOST_STEPS} steps")
        for text in (self.experiment, self.prior, *self.steps):
            if not 1 <= len(text) <= MOST_LETTERS or not text.isprintable():
                raise ValueError(f"a name or a step is no line of 1 to {MOST_LETTERS} letters")
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("its sha256 is none")

    @property
    def source(self) -> str:
        """The model whose prior was edited, as the command line knows it."""
        return f"{self.experiment}/{self.prior}"
