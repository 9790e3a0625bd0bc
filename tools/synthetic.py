"""Checkpoints of any size, without training.

They are written by `vampcore.checkpoints.save` and read like any other. Their figures mean nothing, and they say so:
the experiment is called "synthetic", the metrics are empty.
"""

import math
from pathlib import Path

import torch

from vampcore import checkpoints
from vampcore.checkpoints import Checkpoint, Latents, PerImage, Progress
from vampcore.config import Config, DataSpec
from vampcore.distributions import DiagNormal
from vampcore.models import build

CLASSES = tuple("0123456789")


def untrained(folder: Path, *, images: int, latent_dim: int = 2, components: int = 16) -> Path:
    """Save an untrained mixture of Gaussians of the given sizes whose test posteriors lie in ten clouds, one a class.

    Arguments:
        folder: Where to; replaced.
        images: Test images, N.
        latent_dim: Dimensions, D.
        components: Of the prior, K.

    Returns:
        The folder.
    """
    config = Config(
        data="digits",
        experiment="synthetic",
        prior="mog",
        components=components,
        latent_dim=latent_dim,
        hidden=16,
        layers=1,
        likelihood="binomial",
        epochs=1,
    )
    observation = DataSpec((1, 8, 8), 16, CLASSES)
    generator = torch.Generator().manual_seed(0)
    centres = 3 * torch.randn(len(CLASSES), latent_dim, generator=generator) / math.sqrt(max(1, latent_dim / 2))
    labels = torch.randint(len(CLASSES), (images,), generator=generator)
    mean = centres[labels] + 0.5 * torch.randn(images, latent_dim, generator=generator)
    logvar = -3 + 0.3 * torch.randn(images, latent_dim, generator=generator)
    elbo = -150 + 10 * torch.randn(images, generator=generator)
    checkpoints.save(
        Checkpoint(
            config=config,
            observation=observation,
            progress=Progress(0, 0, False, "cpu", torch.__version__),
            model=build(config, observation).eval(),
            metrics=(),
            latents=Latents((DiagNormal(mean, logvar),), labels, torch.arange(images)),
            per_image=PerImage(elbo),
        ),
        folder,
    )
    return folder
