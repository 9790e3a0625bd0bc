"""From a configuration to a model."""

import torch
from torch import nn

from vampcore.config import Config, Observation
from vampcore.models.hvae import LowerDenseLayer, TwoLayerDecoder
from vampcore.models.mlp import Decoder, Encoder, output_module
from vampcore.models.vae import VAE
from vampcore.priors import build_prior


def build(config: Config, observation: Observation, seed: int | None = None) -> VAE:
    """The model of a configuration, initialised from `seed` (the configuration's own if None).

    The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        # The CPU's generator, which initialises modules; torch.manual_seed would change those of accelerators too.
        torch.default_generator.manual_seed(config.seed if seed is None else seed)
        shape = observation.shape
        encoder = Encoder(shape, config.latent_dim, config.hidden, config.layers)
        output = output_module(config.likelihood, observation.levels)(config.hidden, shape)
        layers: tuple[nn.Module, ...]
        decoder: nn.Module
        match config.model:
            case "hvae":
                decoder = TwoLayerDecoder(config.latent_dim, config.hidden, output)
                layers = (LowerDenseLayer(shape, config.latent_dim, config.hidden, config.layers),)
            case _:
                decoder = Decoder(config.latent_dim, config.hidden, config.layers, output)
                layers = ()
        prior = build_prior(config.prior, config.components, config.latent_dim, shape)
        return VAE(encoder, prior, decoder, layers)
