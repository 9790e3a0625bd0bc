"""Reading what a checkpoint keeps of each test image: latents, ELBO, and log p(x) where that was estimated."""

import math
from pathlib import Path

import torch
from torch import Tensor

from vampcore.checkpoints.reading import read_tensors
from vampcore.checkpoints.records import SCORES, CheckpointError, Latents, PerImage
from vampcore.config import Config, DataSpec
from vampcore.distributions import DiagNormal

LEAST_IMAGES = 2
_WHOLE_NUMBERS = (torch.uint8, torch.int32, torch.int64)


def read_latents(folder: Path, config: Config, observation: DataSpec, layers: int) -> Latents:
    """Read `latents.safetensors` of a model with so many stochastic layers.

    Raises:
        CheckpointError: If it is not sound, or of another model.
    """
    tensors = read_tensors(folder, "latents.safetensors")
    try:
        _check_latents(tensors, config, observation, layers)
    except ValueError as error:
        raise CheckpointError(
            f"{folder / 'latents.safetensors'} is not valid ({error}): restore it or train again"
        ) from error
    normals = ((tensors[f"{layer}.mean"].float(), tensors[f"{layer}.scale"].float()) for layer in range(layers))
    posteriors = tuple(DiagNormal(mean, 2 * scale.log()) for mean, scale in normals)
    labels = tensors.get("labels")
    part_of = int(tensors["part_of"].item()) if "part_of" in tensors else None
    return Latents(posteriors, None if labels is None else labels.long(), tensors["ids"].long(), part_of)


def _check_latents(tensors: dict[str, Tensor], config: Config, observation: DataSpec, layers: int) -> None:
    expected = {"ids"} | {f"{layer}.{part}" for layer in range(layers) for part in ("mean", "scale")}
    if set(tensors) - {"labels", "part_of"} != expected:
        raise ValueError(f"it must hold {', '.join(sorted(expected))}")
    ids, labels = tensors["ids"], tensors.get("labels")
    if ids.ndim != 1 or len(ids) == 0 or ids.dtype not in _WHOLE_NUMBERS:
        raise ValueError("there are no images")
    if len(ids) < LEAST_IMAGES:
        raise ValueError(f"the number of test images is {len(ids)}; at least {LEAST_IMAGES} are needed")
    _check_rows(ids, tensors.get("part_of"))
    for layer in range(layers):
        mean, scale = tensors[f"{layer}.mean"], tensors[f"{layer}.scale"]
        if mean.ndim != 2 or len(mean) != len(ids) or mean.shape != scale.shape:
            raise ValueError("the layers do not hold one posterior an image")
        if not mean.is_floating_point() or not scale.is_floating_point() or not bool((scale > 0).all()):
            raise ValueError("a scale is not positive, or a mean no real number")
    if tensors["0.mean"].shape[1] != config.latent_dim:
        raise ValueError("the top layer has another number of dimensions than the config")
    if labels is not None:
        if labels.shape != ids.shape or labels.dtype not in _WHOLE_NUMBERS:
            raise ValueError("the number of labels differs from the number of images")
        if not 0 <= int(labels.min()) <= int(labels.max()) < len(observation.classes):
            raise ValueError("a class is not among those of the config")


def _check_rows(ids: Tensor, part_of: Tensor | None) -> None:
    """Refuse rows that are not all of the test set, or not a part of a test set of so many images."""
    if part_of is None:
        if not torch.equal(ids.long(), torch.arange(len(ids))):
            raise ValueError("the images are not those of the test set, in its order")
        return
    if part_of.shape != (1,) or part_of.dtype not in _WHOLE_NUMBERS:
        raise ValueError("the size of the test set is not a whole number")
    if not _are_rows(ids, int(part_of.item())):
        raise ValueError("the images are not a part of the test set, in its order")


def read_per_image(folder: Path, count: int) -> PerImage:
    """Read `per_image.safetensors` of a test set of so many images.

    Raises:
        CheckpointError: If it is of another test set.
    """
    tensors = read_tensors(folder, "per_image.safetensors")
    elbo = tensors.pop("elbo", None)
    found = [(tensors.pop(name, None), tensors.pop(f"{name}_ids", None)) for name in SCORES]
    fit = elbo is not None and _one_an_image(elbo, None, count) and all(_one_an_image(*each, count) for each in found)
    if tensors or elbo is None or not fit:
        raise CheckpointError(
            f"{folder / 'per_image.safetensors'} does not fit the test set: restore it or train again"
        )
    return PerImage(elbo, *(_of_all(*each, count) for each in found))


def _of_all(values: Tensor | None, ids: Tensor | None, count: int) -> Tensor | None:
    """A number for each of so many images, NaN where there is none."""
    if values is None or ids is None:
        return values
    return torch.full((count,), math.nan).index_copy(0, ids.long(), values.float())


def _one_an_image(values: Tensor | None, ids: Tensor | None, count: int) -> bool:
    """Whether there is a number for each of so many images, or for those of the rows `ids`, which rise."""
    if values is None:
        return ids is None
    if ids is not None:
        if not _are_rows(ids, count):
            return False
        count = len(ids)
    return values.shape == (count,) and values.is_floating_point()


def _are_rows(ids: Tensor, count: int) -> bool:
    """Whether these are rows of so many images, one or more, which rise."""
    if ids.ndim != 1 or len(ids) == 0 or ids.dtype not in _WHOLE_NUMBERS:
        return False
    rows = ids.long()
    return bool((rows.diff() > 0).all()) and int(rows[0]) >= 0 and int(rows[-1]) < count
