"""Train, load and measure variational autoencoders whose prior is learned.

Shapes are written with one legend throughout: N batch, K components, S importance samples, D latent dimensions,
C H W one observation (channels, height, width). Observations are floats in [0, 1]; every log is natural and every
log-density is a sum over dimensions, in nats.
"""

from vampcore.config import Config, ConfigError, DataSpec
from vampcore.distributions import DiagNormal, DiagNormalMixture, Draw, Flow, NormalMixture
from vampcore.models import VAE, Layer, LogWeights, build
from vampcore.objectives import elbo, iwae_bound

__all__ = [
    "VAE",
    "Config",
    "ConfigError",
    "DataSpec",
    "DiagNormal",
    "DiagNormalMixture",
    "Draw",
    "Flow",
    "Layer",
    "LogWeights",
    "NormalMixture",
    "build",
    "elbo",
    "iwae_bound",
]
