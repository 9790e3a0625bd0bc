"""From a configuration to a model.

An architecture is a file with its modules, and an entry of `ARCHITECTURES` that puts them together.
"""

from typing import NamedTuple

import torch
from torch import nn

from vampcore.config import Config, DataSpec
from vampcore.kinds import MODELS, ModelKind
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


def register(kind: ModelKind) -> None:
    """Make an architecture known: to configurations, checkpoints, the command line and the pages.

    Raises:
        ValueError: If another has its key.
    """
    if MODELS.setdefault(kind.key, kind) is not kind:
        raise ValueError(f"two architectures are called {kind.key!r}: give one of them another key")


def build(config: Config, observation: DataSpec, seed: int | None = None) -> VAE:
    """The model of a configuration, initialised from `seed` (the configuration's own if None).

    The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        # The CPU's generator, which initialises modules; torch.manual_seed would change those of accelerators too.
        torch.default_generator.manual_seed(config.seed if seed is None else seed)
        parts = MODELS[config.model].build(config, observation)
        return VAE(parts.encoder, build_prior(config, observation.shape), parts.decoder, parts.layers)


def _vae(config: Config, observation: DataSpec) -> Architecture:
    encoder = _encoder(config, observation)
    output = _output(config, observation)
    return Architecture(encoder, Decoder(config.latent_dim, config.hidden, config.layers, output))


def _hvae(config: Config, observation: DataSpec) -> Architecture:
    shape, latent_dim, hidden, layers = observation.shape, config.latent_dim, config.hidden, config.layers
    encoder = _encoder(config, observation)
    decoder = TwoLayerDecoder(latent_dim, hidden, _output(config, observation))
    return Architecture(encoder, decoder, (LowerDenseLayer(shape, latent_dim, hidden, layers),))


def _convhvae(config: Config, observation: DataSpec) -> Architecture:
    output = pixel_output(config.likelihood, observation.levels)
    return _convolutional(config, observation, ConvDecoder(observation.shape, config.latent_dim, config.hidden, output))


def _pixelhvae(config: Config, observation: DataSpec) -> Architecture:
    output = pixel_output(config.likelihood, observation.levels)
    return _convolutional(config, observation, PixelDecoder(observation.shape, config.latent_dim, output))


def _convolutional(config: Config, observation: DataSpec, decoder: nn.Module) -> Architecture:
    shape, latent_dim = observation.shape, config.latent_dim
    lower = LowerConvLayer(shape, latent_dim, config.hidden, config.layers)
    return Architecture(ConvEncoder(shape, latent_dim), decoder, (lower,))


def _encoder(config: Config, observation: DataSpec) -> nn.Module:
    normal = Encoder(observation.shape, config.latent_dim, config.hidden, config.layers)
    if config.posterior == "normal":
        return normal
    return FlowEncoder(normal, config.transforms, config.transform_hidden, coupling=config.posterior == "nf")


def _output(config: Config, observation: DataSpec) -> nn.Module:
    return output_module(config.likelihood, observation.levels)(config.hidden, observation.shape)


# Compiling a dense network takes 12 to 35 s and saves 3 to 13 ms a step, so it pays after 1,300 to 5,200 steps (two
# kinds of CPU): from 6,000 on for certain. Of images of 28 x 28 in bf16, gated convolutions take 100 s and save 250 ms
# of 730 a step; a PixelCNN is slower for it (720 ms, not 630).
ARCHITECTURES = (
    ModelKind("vae", 1, _vae),
    ModelKind("hvae", 2, _hvae),
    ModelKind("convhvae", 2, _convhvae, note="convolutional", steps_worth_compiling=1_000),
    ModelKind("pixelhvae", 2, _pixelhvae, note="PixelCNN decoder", steps_worth_compiling=None),
)
for kind in ARCHITECTURES:
    register(kind)
