"""Checkpoints of any size, without training: what is timed against a size needs one of each size.

They are written by `vampcore.checkpoints.save` and read like any other. Their figures mean nothing, and they say so:
the experiment is called "synthetic", the metrics are empty.
"""

import dataclasses
import math
from pathlib import Path

import torch

from vampcore import checkpoints
from vampcore.checkpoints import Checkpoint, Latents, PerImage, Progress
from vampcore.config import Config, Observation
from vampcore.distributions import DiagNormal
from vampcore.models import build

CLASSES = tuple("0123456789")


def untrained(
    folder: Path, *, images: int = 1000, latent_dim: int = 2, components: int = 16, prior: str = "mog", seed: int = 0
) -> Path:
    """Save an untrained model of the given sizes whose test posteriors lie in ten clouds, one a class.

    Arguments:
        folder: Where to; replaced.
        images: Test images, N.
        latent_dim: Dimensions, D.
        components: Of the prior, K.
        prior: As in the configuration.
        seed: Of the clouds.

    Returns:
        The folder.
    """
    config = Config(
        data="digits",
        experiment="synthetic",
        prior=prior,
        components=components,
        latent_dim=latent_dim,
        hidden=16,
        layers=1,
        likelihood="binomial",
        epochs=1,
    )
    observation = Observation((1, 8, 8), 16, CLASSES)
    generator = torch.Generator().manual_seed(seed)
    centres = 3 * torch.randn(len(CLASSES), latent_dim, generator=generator) / math.sqrt(max(1, latent_dim / 2))
    labels = torch.randint(len(CLASSES), (images,), generator=generator)
    mean = centres[labels] + 0.5 * torch.randn(images, latent_dim, generator=generator)
    logvar = -3 + 0.3 * torch.randn(images, latent_dim, generator=generator)
    elbo = -150 + 10 * torch.randn(images, generator=generator)
    return _save(
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


def enlarged(source: Path, folder: Path, images: int, seed: int = 0) -> Path:
    """Save a copy of a checkpoint with another number of test posteriors: its own, drawn again and moved a little.

    What is decoded still looks like what its class says.

    Arguments:
        source: A checkpoint of one layer.
        folder: Where to; replaced.
        images: Test images of the copy.
        seed: Of the draw.

    Returns:
        The folder.
    """
    known = checkpoints.load(source)
    (normal,) = known.latents.layers
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(normal.mean), (images,), generator=generator)
    # A few scales wide, so that the copies of one posterior make a cloud and not a dot.
    mean = normal.mean[rows] + 2 * normal.scale[rows] * torch.randn(images, normal.mean.shape[1], generator=generator)
    labels = None if known.latents.labels is None else known.latents.labels[rows]
    return _save(
        dataclasses.replace(
            known,
            # The configuration is part of a checkpoint's identity, which has to differ from the source's.
            config=dataclasses.replace(known.config, experiment=f"enlarged-{images}"),
            metrics=(),
            latents=Latents((DiagNormal(mean, normal.logvar[rows]),), labels, torch.arange(images)),
            per_image=PerImage(known.per_image.elbo[rows] + torch.randn(images, generator=generator)),
            identity=None,
        ),
        folder,
    )


def _save(checkpoint: Checkpoint, folder: Path) -> Path:
    checkpoints.save(checkpoint, folder)
    return folder
