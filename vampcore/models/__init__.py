"""Architectures. `VAE` is the one class; an architecture is the modules that it is given."""

from vampcore.models.build import build, register
from vampcore.models.decoding import decoded_means
from vampcore.models.vae import VAE, Layer, LogWeights, LowerLayer

__all__ = ["VAE", "Layer", "LogWeights", "LowerLayer", "build", "decoded_means", "register"]
