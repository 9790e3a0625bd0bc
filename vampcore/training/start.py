"""What a prior takes from the training set, and the pseudo-inputs that training starts from."""

import dataclasses

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from vampcore.config import Config, ConfigError
from vampcore.datasets import Dataset, observe
from vampcore.priors.registry import Prior


def with_component_count(config: Config, count: int) -> Config:
    """The configuration with its number of components, where that is the number of training images.

    Raises:
        ConfigError: If there are too few of them to leave one out.
    """
    if not config.prior_kind.one_an_image:
        return config
    if count < 2:
        raise ConfigError("exemplars leave an image out of its own prior: give two training images or more")
    return dataclasses.replace(config, components=count)


def prepare(prior: Prior, config: Config, dataset: Dataset) -> None:
    """Start a new model's prior from the training set, and lend it the images that it borrows.

    Raises:
        ConfigError: If the data set cannot provide what the configuration asks for.
    """
    images = _Source(config, dataset)
    prior.start(images)
    prior.lend(images)


def lend(prior: Prior, config: Config, dataset: Dataset) -> None:
    """Lend a trained model's prior the images that it borrowed when it was started."""
    prior.lend(_Source(config, dataset))


class _Source:
    """`TrainingImages` of a data set."""

    def __init__(self, config: Config, dataset: Dataset) -> None:
        self.config, self.dataset = config, dataset
        self.generator = torch.Generator().manual_seed(config.seed)

    def first_pseudo_inputs(self) -> Float[Tensor, "K C H W"]:
        return _initial_images(self.config, self.dataset, self.generator)

    def noise_mean(self) -> float:
        return self.dataset.pseudo_input_noise[0]

    def random_rows(self) -> Int[Tensor, " K"]:
        return _random_rows(self.config, self.dataset, self.generator)

    def observed(self, rows: Int[Tensor, " K"] | None = None) -> Float[Tensor, "K C H W"]:
        images = self.dataset.train.images
        return _observed(self.dataset, images if rows is None else images[rows], self.generator)


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
