"""How many components of a prior the test images tell apart."""

from typing import NamedTuple

import torch

from app.services.catalogue import facts
from app.services.latent_plane.encoding import latents, log_prior
from app.services.loading import Ref, loaded, several_threads
from app.services.memory import cached
from vampcore import metrics

# With fewer test images a component the number follows that of the images, so priors are not ranked by it.
ENOUGH = 10
# Images times components times dimensions that are looked at while a page waits.
MOST_TERMS = 400_000_000


class Distinct(NamedTuple):
    """Distinct components in use.

    Attributes:
        value: exp(H(usage) - mean H(k | z)); 1 of a single component.
        components: Components that the prior has.
        images: Test images that it was computed from.
    """

    value: float
    components: int
    images: int

    @property
    def ranks(self) -> bool:
        """Whether there are enough images a component to hold priors against each other."""
        return self.images >= ENOUGH * self.components


@cached(200, "Counting distinct components")
def distinct_components(ref: Ref) -> Distinct | None:
    """Distinct components in use by the test images whose latents are kept; None without components, or of too many."""
    known, model = facts(ref), loaded(ref)
    if not model.has.components:
        return None
    if not model.has.several_components:
        return Distinct(1.0, 1, known.images)
    sample = torch.tensor(latents(ref).sample)
    if sample.numel() * known.alive > MOST_TERMS:
        return None
    with torch.inference_mode(), several_threads():
        log_p = torch.tensor(log_prior(ref)).float()
        return Distinct(metrics.distinct_components(model.mixture, sample, log_p), known.alive, known.images)
