"""Models whose weights are finite and so extreme that no picture of them can be drawn."""

from torch import Tensor

from app.services.capabilities import as_mixture
from vampcore import DiagNormal
from vampcore.distributions import Distribution

# float32 has 24 bits: at a mean of this many scales, neighbouring numbers lie a whole scale apart.
MOST_SCALES = 2.0**23
HINT = "train it again with a lower --learning-rate"


def degeneracy(prior: Distribution, posterior: DiagNormal) -> str | None:
    """What single precision cannot resolve of a prior or of the posteriors, in a few words; None if nothing."""
    if (mixture := as_mixture(prior)) is not None:
        present = ~mixture.logits.isneginf()
        if not _is_resolved(mixture.components.mean[present], mixture.components.logvar[present]):
            return "a component of its prior"
    if not _is_resolved(posterior.mean, posterior.logvar):
        return "a posterior"
    return None


def _is_resolved(mean: Tensor, logvar: Tensor) -> bool:
    """Whether all numbers are finite, scales and their inverses too, and means are exact to less than a scale."""
    scale, precision = (0.5 * logvar).exp(), (-logvar).exp()
    finite = all(bool(each.isfinite().all()) for each in (mean, logvar, scale, precision, logvar.exp()))
    return finite and bool((mean.abs() < MOST_SCALES * scale).all()) and not bool((scale == 0).any())


def is_drawable(levels: Tensor) -> bool:
    """Whether the log-densities of mass levels are finite and fall, so that contours can be drawn at them."""
    return bool(levels.isfinite().all()) and bool((levels.diff() < 0).all())
