"""By which score priors are compared, and which of them have it."""

from dataclasses import dataclass

from app.services.loading import Ref, loaded
from app.services.memory import cached
from vampcore.results.paired import elbo_difference, log_likelihood_difference

LOG_LIKELIHOOD, ELBO = "log_likelihood", "elbo"


@dataclass(frozen=True)
class Compared:
    """A score and the priors that have it.

    Attributes:
        score: "log_likelihood" or "elbo".
        refs: The priors that can be compared by it, in the order in which they are shown.
        waiting: Edited priors that are left out until their log p(x) is measured.
    """

    score: str
    refs: tuple[Ref, ...]
    waiting: tuple[Ref, ...] = ()


@cached(200)
def compared(refs: tuple[Ref, ...], base: Ref | None = None) -> Compared:
    """By log p(x) where all priors have it by one estimator, else by the ELBO.

    It is not measured as an edited prior is saved: beside two priors or more that have it, edited ones that lack it are
    left out. So are priors that were not tested on the images of the base.

    Arguments:
        refs: One prior or more.
        base: One of them, that the others are held against; if None, the first that has log p(x), a trained one first.
    """
    checkpoints = {ref: loaded(ref).checkpoint for ref in refs}
    measured = [ref for ref in refs if checkpoints[ref].per_image.log_likelihood is not None]
    if base is None:
        base = min(measured, key=lambda ref: checkpoints[ref].edit is not None, default=refs[0])
    against = checkpoints[base]
    alike = tuple(ref for ref in refs if ref == base or elbo_difference(against, checkpoints[ref]) is not None)
    scored = tuple(
        ref for ref in alike if ref == base or log_likelihood_difference(against, checkpoints[ref]) is not None
    )
    waiting = tuple(ref for ref in alike if ref not in scored)
    only_edited = all(checkpoints[ref].edit is not None for ref in waiting)
    if base in measured and only_edited and (len(scored) > 1 or not waiting):
        return Compared(LOG_LIKELIHOOD, scored, waiting)
    return Compared(ELBO, alike)
