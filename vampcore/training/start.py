"""Where training starts: the pseudo-inputs of a VampPrior, taken from the training set or from noise."""

import dataclasses

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from vampcore.config import Config, ConfigError
from vampcore.datasets import Dataset, observe
from vampcore.models import VAE
from vampcore.priors import ExemplarPrior, VampData, VampPrior

# At 0 and 1 a pixel of a pseudo-input can move one way only, so every pixel starts inside by this margin.
MARGIN = 0.01


def counted(config: Config, count: int) -> Config:
    """The configuration with its number of components, where that is the number of training images.

    Arguments:
        config: As it was asked for.
        count: Training images.

    Raises:
        ConfigError: If there are too few of them to leave one out.
    """
    if config.prior != "exemplar":
        return config
    if count < 2:
        raise ConfigError("exemplars leave an image out of its own prior: give two training images or more")
    return dataclasses.replace(config, components=count)


def set_pseudo_inputs(model: VAE, config: Config, dataset: Dataset) -> None:
    """Give the model's prior its first pseudo-inputs, or lend it training images; other priors are left alone.

    Raises:
        ConfigError: If the data set cannot provide what the configuration asks for.
    """
    generator = torch.Generator().manual_seed(config.seed)
    if isinstance(model.prior, VampPrior):
        images = _initial_images(config, dataset, generator)
        if model.prior.alive is not None:
            # What waits for its growth learns nothing: started at a training image, it would be kept as that image.
            images[model.prior.alive.cpu() == 0] = dataset.pseudo_input_noise[0]
        with torch.no_grad():
            model.prior.pseudo_inputs.copy_(images.clamp(MARGIN, 1 - MARGIN))
    elif isinstance(model.prior, VampData):
        rows = _random_rows(config, dataset, generator)
        model.prior.attach(rows, _observed(dataset, dataset.train.images[rows], generator))
    elif isinstance(model.prior, ExemplarPrior):
        model.prior.attach(_observed(dataset, dataset.train.images, generator))


def _initial_images(config: Config, dataset: Dataset, generator: torch.Generator) -> Float[Tensor, "K C H W"]:
    match config.pseudo_inputs:
        case "random":
            mean, deviation = dataset.pseudo_input_noise
            return mean + deviation * torch.randn((config.components, *dataset.shape), generator=generator)
        case "data":
            rows = _random_rows(config, dataset, generator)
            return _observed(dataset, dataset.train.images[rows], generator)
        case "class-means":
            return _class_means(config, dataset, generator)
        case "kmeans":
            return _centroids(config, dataset, generator)
    raise ConfigError(f"pseudo_inputs is {config.pseudo_inputs!r}; choose random, data, class-means or kmeans")


def _random_rows(config: Config, dataset: Dataset, generator: torch.Generator) -> Tensor:
    return torch.randperm(_enough(config, dataset), generator=generator)[: config.components]


def _enough(config: Config, dataset: Dataset) -> int:
    """Number of training images, which must not be smaller than that of components."""
    count = len(dataset.train.images)
    if config.components > count:
        raise ConfigError(f"components is {config.components}, more than the {count} training images: ask for fewer")
    return count


def _class_means(config: Config, dataset: Dataset, generator: torch.Generator) -> Float[Tensor, "K C H W"]:
    """Components go round the classes; those of one class are the means of equal random parts of it."""
    labels = dataset.train.labels
    if labels is None:
        raise ConfigError(f"the training images of {dataset.name} have no classes: use --pseudo-inputs kmeans")
    classes = labels.unique().tolist()
    means = []
    for k in range(config.components):
        parts = len(range(k % len(classes), config.components, len(classes)))
        if k < len(classes):
            members = (labels == classes[k]).nonzero().squeeze(1)
            means.append(members[torch.randperm(len(members), generator=generator)].chunk(parts))
    try:
        chosen = [means[k % len(classes)][k // len(classes)] for k in range(config.components)]
    except IndexError:
        raise ConfigError(
            f"{config.components} components are more than the images of a class allow: ask for fewer"
        ) from None
    grey = dataset.train.images.float() / dataset.train.levels
    return torch.stack([grey[rows].mean(0) for rows in chosen])


def _centroids(config: Config, dataset: Dataset, generator: torch.Generator) -> Float[Tensor, "K C H W"]:
    from sklearn.cluster import MiniBatchKMeans  # costs a second to import, and only this way of starting needs it

    _enough(config, dataset)
    seed = int(torch.randint(2**31, (), generator=generator))
    pixels = dataset.train.images.flatten(1).numpy().astype(np.float32) / dataset.train.levels
    means = (
        MiniBatchKMeans(config.components, random_state=seed, batch_size=4096, n_init=1).fit(pixels).cluster_centers_
    )
    return torch.from_numpy(means).float().unflatten(1, dataset.shape)


def _observed(dataset: Dataset, images: UInt8[Tensor, "K C H W"], generator: torch.Generator) -> Tensor:
    return observe(images, dataset.train.levels, dataset.likelihood, generator)
