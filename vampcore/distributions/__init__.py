"""Distributions over the latent space: frozen dataclasses of tensors, sampled with an explicit generator.

They are cheap to build in every training step. A prior is any `Distribution`; what needs components asks for a
`DiagNormalMixture`, which nearly every prior builds. A posterior is any `Posterior`: one distribution an observation.
"""

from vampcore.distributions.flow import Flow, Transform
from vampcore.distributions.mixture import DiagNormalMixture, NormalMixture
from vampcore.distributions.nearby import NearbyMixture, around
from vampcore.distributions.normal import LOG_2PI, DiagNormal, Draw, OneScaleNormal, noise, uniform
from vampcore.distributions.protocols import Distribution, Posterior

__all__ = [
    "LOG_2PI",
    "DiagNormal",
    "DiagNormalMixture",
    "Distribution",
    "Draw",
    "Flow",
    "NearbyMixture",
    "NormalMixture",
    "OneScaleNormal",
    "Posterior",
    "Transform",
    "around",
    "noise",
    "uniform",
]
