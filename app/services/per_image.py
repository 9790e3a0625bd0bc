"""The stored score of every test image under several priors: who explains which image best."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.services.catalogue import metric
from app.services.compare import same_images
from app.services.compared import LOG_LIKELIHOOD, compared
from app.services.latent_plane.encoding import latents
from app.services.loading import Ref
from app.services.memory import cached


@dataclass(frozen=True)
class PerImage:
    """Stored scores, image by image.

    Attributes:
        name: "log p(x)", or where not all priors have it the ELBO, with the samples z an image that it takes.
        values: In nats, `(priors, N)`; NaN where a score was not computed.
        refs: The priors.
        waiting: Edited priors that are left out until their log p(x) is measured.
    """

    name: str
    values: NDArray[np.float64]
    refs: tuple[Ref, ...] = ()
    waiting: tuple[Ref, ...] = ()

    @property
    def quantity(self) -> str:
        """The score with its unit."""
        return f"{self.name} (nats)"

    @property
    def gains(self) -> NDArray[np.float64]:
        """By how much each prior explains an image better than the others do on average, `(priors, N)`."""
        others = len(self.values) - 1
        return self.values - (self.values.sum(0) - self.values) / others

    def ends(self, prior: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the images with the largest and the smallest gain of a prior, most extreme first.

        Arguments:
            prior: Its place among the priors.
            count: Images at each end; fewer where there are few.
        """
        gain = self.gains[prior]
        known = np.flatnonzero(np.isfinite(gain))
        order = known[np.argsort(gain[known], kind="stable")]
        most = min(count, len(order) // 2)
        return order[::-1][:most], order[:most]

    def winner(self, row: int) -> tuple[int, float] | None:
        """The prior under which an image scores highest and its lead over the next; None where a score is missing."""
        column = self.values[:, row]
        if not np.isfinite(column).all():
            return None
        order = np.argsort(-column, kind="stable")
        return int(order[0]), float(column[order[0]] - column[order[1]])


def per_image(refs: tuple[Ref, ...]) -> PerImage | None:
    """The scores of two priors or more; None where they keep the latents of different test images."""
    return stored_scores(refs) if len(refs) > 1 and same_images(refs) else None


@cached(32)
def stored_scores(refs: tuple[Ref, ...]) -> PerImage:
    """The scores of one prior or more that keep the latents of the same test images."""
    chosen = compared(refs)
    kept = tuple(ref for ref in refs if ref not in chosen.waiting)
    exact = [latents(ref).log_likelihood for ref in kept]
    if chosen.score == LOG_LIKELIHOOD and all(each is not None for each in exact):
        return PerImage("log p(x)", np.array(exact, np.float64), kept, chosen.waiting)
    return PerImage(_elbo_name(refs), np.array([latents(ref).elbo for ref in refs], np.float64), refs)


def _elbo_name(refs: tuple[Ref, ...]) -> str:
    """The ELBO of one image is an estimate, from a few samples of q(z | x) or a single one."""
    samples = {found.samples or 1 for ref in refs if (found := metric(ref, "elbo")) is not None}
    return "one-sample ELBO" if samples <= {1} else f"ELBO of {min(samples)} samples"
