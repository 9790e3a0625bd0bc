"""From a configuration to a prior."""

import torch
from torch import nn

from vampcore.config import Config
from vampcore.priors.exemplar import ExemplarPrior
from vampcore.priors.flow import RealNVP
from vampcore.priors.mixtures import MixtureOfGaussians, StandardNormal
from vampcore.priors.vamp import VampData, VampPrior


def build_prior(config: Config, shape: tuple[int, int, int]) -> nn.Module:
    """The prior of a configuration, with pseudo-inputs at 0.5 until `training` or a checkpoint sets them.

    Arguments:
        config: What to build.
        shape: Of an observation: channels, height, width.

    Raises:
        ValueError: If its prior's name is unknown.
    """
    components, latent_dim = config.components, config.latent_dim
    match config.prior:
        case "sg":
            return StandardNormal(latent_dim)
        case "mog":
            return MixtureOfGaussians(components, latent_dim, config.grow_from)
        case "vamp" | "vamp-weighted":
            weighted = config.prior == "vamp-weighted"
            return VampPrior(torch.full((components, *shape), 0.5), weighted, config.grow_from)
        case "vamp-data":
            return VampData(components, latent_dim)
        case "exemplar":
            return ExemplarPrior(components, latent_dim, config.neighbours)
        case "realnvp":
            return RealNVP(latent_dim, config.transforms, config.transform_hidden)
    raise ValueError(f"no prior is called {config.prior!r}")
