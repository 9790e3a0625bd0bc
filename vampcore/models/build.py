"""From a configuration to a model."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from vampcore.config import Config, Observation
from vampcore.models.conv import ConvDecoder, ConvEncoder, LowerConvLayer
from vampcore.models.flow import FlowEncoder
from vampcore.models.hvae import LowerDenseLayer, TwoLayerDecoder
from vampcore.models.mlp import Decoder, Encoder, output_module
from vampcore.models.outputs import pixel_output
from vampcore.models.pixelcnn import PixelDecoder
from vampcore.models.vae import VAE
from vampcore.priors import build_prior


class Architecture(NamedTuple):
    """The modules of a `VAE` without its prior."""

    encoder: nn.Module
    decoder: nn.Module
    layers: tuple[nn.Module, ...] = ()


def build(config: Config, observation: Observation, seed: int | None = None) -> VAE:
    """The model of a configuration, initialised from `seed` (the configuration's own if None).

    The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        # The CPU's generator, which initialises modules; torch.manual_seed would change those of accelerators too.
        torch.default_generator.manual_seed(config.seed if seed is None else seed)
        parts = ARCHITECTURES[config.model](config, observation)
        return VAE(parts.encoder, build_prior(config, observation.shape), parts.decoder, parts.layers)


def _vae(config: Config, observation: Observation) -> Architecture:
    encoder = _encoder(config, observation)
    output = _output(config, observation)
    return Architecture(encoder, Decoder(config.latent_dim, config.hidden, config.layers, output))


def _hvae(config: Config, observation: Observation) -> Architecture:
    shape, latent_dim, hidden, layers = observation.shape, config.latent_dim, config.hidden, config.layers
    encoder = _encoder(config, observation)
    decoder = TwoLayerDecoder(latent_dim, hidden, _output(config, observation))
    return Architecture(encoder, decoder, (LowerDenseLayer(shape, latent_dim, hidden, layers),))


def _convhvae(config: Config, observation: Observation) -> Architecture:
    output = pixel_output(config.likelihood, observation.levels)
    return _convolutional(config, observation, ConvDecoder(observation.shape, config.latent_dim, config.hidden, output))


def _pixelhvae(config: Config, observation: Observation) -> Architecture:
    output = pixel_output(config.likelihood, observation.levels)
    return _convolutional(config, observation, PixelDecoder(observation.shape, config.latent_dim, output))


def _convolutional(config: Config, observation: Observation, decoder: nn.Module) -> Architecture:
    shape, latent_dim = observation.shape, config.latent_dim
    lower = LowerConvLayer(shape, latent_dim, config.hidden, config.layers)
    return Architecture(ConvEncoder(shape, latent_dim), decoder, (lower,))


def _encoder(config: Config, observation: Observation) -> nn.Module:
    normal = Encoder(observation.shape, config.latent_dim, config.hidden, config.layers)
    if config.posterior == "normal":
        return normal
    return FlowEncoder(normal, config.transforms, config.transform_hidden, coupling=config.posterior == "nf")


def _output(config: Config, observation: Observation) -> nn.Module:
    return output_module(config.likelihood, observation.levels)(config.hidden, observation.shape)


ARCHITECTURES: dict[str, Callable[[Config, Observation], Architecture]] = {
    "vae": _vae,
    "hvae": _hvae,
    "convhvae": _convhvae,
    "pixelhvae": _pixelhvae,
}
