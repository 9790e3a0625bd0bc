"""Priors p(z): modules that build a distribution, given the encoder that some of them borrow.

`prior(encoder, index=None)` is called once a training step and once an evaluation. `index`, the rows of the batch in
the training set, serves priors that leave the observation itself out; the others do not need it.
"""

from vampcore.priors import exemplar, flow, mixtures, vamp
from vampcore.priors.encoder import Encoder, aggregated_posterior
from vampcore.priors.exemplar import ExemplarPrior
from vampcore.priors.flow import RealNVP
from vampcore.priors.mixtures import MixtureOfGaussians, StandardNormal
from vampcore.priors.registry import Prior, build_prior, register, register_installed
from vampcore.priors.vamp import VampData, VampPrior

__all__ = [
    "Encoder",
    "ExemplarPrior",
    "MixtureOfGaussians",
    "Prior",
    "RealNVP",
    "StandardNormal",
    "VampData",
    "VampPrior",
    "aggregated_posterior",
    "build_prior",
    "register",
]

# In the order in which they are shown.
for kind in (*mixtures.KINDS, *vamp.KINDS, *exemplar.KINDS, *flow.KINDS):
    register(kind)
register_installed()
