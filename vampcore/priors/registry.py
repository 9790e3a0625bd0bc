"""Where a prior is made known, what it declares, and what training asks of it.

A prior is one file: a class derived from `Prior`, and a `PriorKind` that is given to `register`. Outside of this
package the file is found by an entry point of the group `vampcore.priors` that names its module.
"""

import re
import warnings
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor, nn

from vampcore.config import Config
from vampcore.distributions import DiagNormal, Distribution
from vampcore.kinds import PRIORS, PriorKind
from vampcore.priors.encoder import Encoder

GROUP = "vampcore.priors"
# What importing a foreign module may raise.
_FAULTS = (
    ArithmeticError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@runtime_checkable
class TrainingImages(Protocol):
    """What a prior may take from the training set; every draw is of the configuration's seed."""

    def first_pseudo_inputs(self) -> Tensor:
        """Images to start from, one a component, as the configuration asks: `(K, C, H, W)`, in [0, 1]."""

    def noise_mean(self) -> float:
        """The mean of the noise that pseudo-inputs may start from."""

    def random_rows(self) -> Tensor:
        """Rows of the training set, one a component, each once."""

    def observed(self, rows: Tensor | None = None) -> Tensor:
        """Training images as the model observes them, those of some rows or all."""


class Prior(nn.Module):
    """A module that builds p(z); what training does with it beyond that does nothing here.

    `prior(encoder, index=None)` gives the distribution. One that has components gives a `DiagNormalMixture`.
    """

    def forward(self, encoder: Encoder, index: Int[Tensor, " N"] | None = None) -> Distribution:
        raise NotImplementedError

    def start(self, images: TrainingImages) -> None:
        """Set what is learned from the training set, once, before the first step."""

    def lend(self, images: TrainingImages) -> None:
        """Borrow training images, before the first step and for a checkpoint; they are no part of the weights."""

    def before_step(self, encoder: Encoder, rows: Int[Tensor, " N"]) -> None:
        """Do what the step on these rows of the training set needs, outside of what is compiled."""

    def before_validation(self, encoder: Encoder) -> None:
        """Bring up to date what has aged during the steps; also called once before the first."""

    def refresh(self, encoder: Encoder) -> None:
        """Keep what the encoder gives the borrowed images now."""

    def give_back(self) -> None:
        """Let go of the borrowed images; from now on what is kept is the prior."""

    def images(self) -> Float[Tensor, "K C H W"] | None:
        """The learned pseudo-inputs, in [0, 1]; None of a prior that has none."""
        return None

    def outside(self) -> float | None:
        """Share of pseudo-input pixels at or beyond 0 and 1; None of a prior that has none."""
        return None

    def growing(self) -> "GrowingPrior | None":
        """Itself, where components are added while it is trained."""
        return None


class GrowingPrior(Prior):
    """A mixture with room for all of its components, of which some may be alive; see `vampcore.training.growing`."""

    alive: Tensor | None
    logits: Tensor

    def place(self, slots: Int[Tensor, " R"], images: Float[Tensor, "R C H W"], posterior: DiagNormal) -> None:
        """Let some components start at these images."""
        raise NotImplementedError

    def growing(self) -> "GrowingPrior | None":
        return None if self.alive is None else self


def register(kind: PriorKind) -> None:
    """Make a prior known: to configurations, checkpoints, the command line and the pages.

    Raises:
        ValueError: If its key cannot name a folder, or another prior has it.
    """
    if not _KEY.fullmatch(kind.key):
        raise ValueError(f"a prior is called {kind.key!r}: use lower-case letters, digits and '-', 40 at most")
    known = PRIORS.setdefault(kind.key, kind)
    if known is not kind:
        raise ValueError(f"two priors are called {kind.key!r}: give one of them another key")


def register_installed() -> None:
    """Import the modules that installed packages name in their entry points; each registers its priors.

    One that cannot be imported is left out with a warning: the models of other priors open without it.
    """
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            entry.load()
        except _FAULTS as error:
            warnings.warn(
                f"the prior {entry.name} ({entry.value}) is left out, for it cannot be imported "
                f"({type(error).__name__}: {error}): mend or uninstall its package",
                stacklevel=2,
            )


def build_prior(config: Config, shape: tuple[int, int, int]) -> Prior:
    """The prior of a configuration, with pseudo-inputs at 0.5 until `training` or a checkpoint sets them.

    Arguments:
        config: What to build.
        shape: Of an observation: channels, height, width.

    Raises:
        ValueError: If its prior's name is unknown.
    """
    if config.prior not in PRIORS:
        raise ValueError(f"no prior is called {config.prior!r}")
    built: Prior = config.prior_kind.build(config, shape)
    return built
