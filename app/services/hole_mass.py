"""Holes: where the prior puts probability and no test image is encoded."""

from dataclasses import dataclass

import numpy as np
import torch

from app.services.densities import aggregate, aggregate_levels, mass_curve, on_plane, prior_seen
from app.services.giving_up import go_on
from app.services.images import Samples, decode
from app.services.latent_plane.encoding import plane
from app.services.loading import Ref, loaded, noise, several_threads
from app.services.memory import cached
from vampcore.metrics import HoleExcess, Metric, hole_excess, log_density

MOST_FLOOR = 0.03
"""The floor above which a number would say more about the size of the test set than about the prior."""
# Draws among which samples from holes are looked for.
SEARCHED = 2000


@dataclass(frozen=True)
class HoleSamples:
    """Samples of the prior from the holes of its plane and from outside them.

    Attributes:
        inside: From holes, as many as were asked for and found.
        outside: From elsewhere.
        share: The share of `draws` that fell into holes, as the map shows them.
        draws: Draws in all.
    """

    inside: Samples
    outside: Samples
    share: float
    draws: int


@cached(64)
def measured_holes(ref: Ref) -> HoleExcess | None:
    """The prior's mass in holes minus its floor, and the floor.

    None in more than two dimensions, where the posteriors of any test set leave most of the space empty, and where the
    posteriors are flows, whose aggregate has no density that is cheap to compute.
    """
    model = loaded(ref)
    if not model.has.holes or len(model.posterior.mean) < 4:
        return None
    with torch.inference_mode(), several_threads():
        return hole_excess(model.prior, model.posterior, generator=noise(0), progress=go_on)


def hole_share(ref: Ref) -> Metric | None:
    """The prior's mass in holes minus its floor; None where it has no meaning: see `measured_holes`, `MOST_FLOOR`."""
    found = measured_holes(ref)
    return None if found is None or found.floor.value > MOST_FLOOR else found.excess


@cached(64)
def hole_samples(ref: Ref, count: int) -> HoleSamples | None:
    """Up to `count` samples from the holes, and as many from outside them; None as `measured_holes`."""
    curve = mass_curve(ref)
    seen = prior_seen(ref)
    if not loaded(ref).has.holes or seen is None or curve is None:
        return None
    with torch.inference_mode(), several_threads():
        z = loaded(ref).prior.sample((SEARCHED,), noise(0))
        on = torch.tensor(plane(ref).project(z.numpy()))
        sure = log_density(seen, on) >= float(curve[94])
        hole = sure & (log_density(on_plane(ref, aggregate(ref)), on) < float(aggregate_levels(ref)[-1]))
    inside, outside = (z[rows][:count].numpy() for rows in (hole, ~hole))
    found, elsewhere = (Samples(decode(ref, each), each) for each in (inside, outside))
    return HoleSamples(found, elsewhere, float(np.mean(hole.numpy())), SEARCHED)
