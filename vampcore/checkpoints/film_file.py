"""The file of a film, `film.bin`.

All numbers are little-endian. One line of JSON comes first, padded with spaces so that what follows starts at a
multiple of four bytes; its keys are those of `_head`. Then the plane: `origin` and `basis` in float32, row by row. Then
one record after another, all of one size: eight float32 (epoch, beta, ELBO in training and in validation, scale of the
positions, three zeros); two int16 for each image, its position divided by the scale; six float32 for each component
(mean x and y; covariance xx, xy and yy; log-weight). A film holds no clock times: the same seed gives the same bytes.
"""

import json
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vampcore.checkpoints.film import LARGEST_STEP, MOST_NUMBERS, MOST_RECORDS, Film, filmed_rows, kept_epochs
from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.plain_files import HINT, one_line, strict_json
from vampcore.checkpoints.reading import read_bytes
from vampcore.checkpoints.records import CheckpointError
from vampcore.config import MOST_EPOCHS, Config

FILM = "film.bin"
_FORMAT, _MOST_BYTES, _MOST_BYTES_OF_HEAD = 1, 2**26, 1024


def film_bytes(film: Film) -> bytes:
    """The content of `film.bin`."""
    records = np.zeros(len(film.epochs), record_layout(film.steps.shape[1], film.mean.shape[1]))
    numbers = (film.epochs.float(), film.beta, film.train_elbo, film.validation_elbo, film.scale)
    for place, values in enumerate(numbers):
        records["numbers"][:, place] = values.numpy()
    records["steps"] = film.steps.numpy()
    covariance = film.covariance.flatten(2)[..., [0, 1, 3]]
    records["components"] = torch.cat([film.mean, covariance, film.log_weights.unsqueeze(-1)], -1).numpy()
    plane = torch.cat([film.origin, film.basis.flatten()]).numpy().astype("<f4")
    head = _head(film.prior, len(film.origin), film.mean.shape[1], film.test_images, film.steps.shape[1])
    return head + plane.tobytes() + records.tobytes()


def read_film(folder: Path, config: Config, test_images: int, epochs: int) -> Film | None:
    """Read the film of a checkpoint; None if it has none.

    Raises:
        CheckpointError: If it is not sound, or of another training.
    """
    path = folder / FILM
    if not (readable(folder) / FILM).exists():
        return None
    content = read_bytes(folder, FILM, _MOST_BYTES)
    try:
        film = film_of(content)
        check_film(film, config, test_images, epochs)
    except (ValueError, KeyError, OverflowError, RecursionError) as error:
        raise CheckpointError(f"{path} is not a film of this checkpoint ({one_line(error)}): {HINT}") from error
    return film


def check_film(film: Film, config: Config, test_images: int, epochs: int) -> None:
    """Hold a film against the checkpoint that it belongs to.

    Raises:
        ValueError: If it is of another training.
    """
    described = (film.prior, len(film.origin), film.test_images, int(film.epochs[-1]))
    if described != (config.prior, config.latent_dim, test_images, epochs):
        raise ValueError("its prior, dimensions, test set or last epoch are not those of the checkpoint")
    if film.mean.shape[1] not in (0, config.prior_components):
        raise ValueError("its number of components is not that of the prior")


def film_of(content: bytes) -> Film:
    """Inverse of `film_bytes`.

    Raises:
        KeyError: If the head lacks something.
        OverflowError: If a number of the head is too large.
        RecursionError: If the head is nested too deep.
        ValueError: If the content is that of no film.
    """
    line, newline, _ = content[:_MOST_BYTES_OF_HEAD].partition(b"\n")
    fields = strict_json(line)
    if not newline or not isinstance(fields, dict):
        raise ValueError("its first line is not an object")
    if fields.get("format") != _FORMAT:
        raise ValueError(f"its format is not {_FORMAT}: upgrade vampcore, or train it again")
    prior, counts = fields["prior"], [fields[name] for name in _COUNTS]
    if type(prior) is not str or any(type(count) is not int for count in counts):
        raise ValueError("a value of its first line has another type")
    dims, components, test_images, images = counts
    if _head(prior, *counts) != line + newline:
        raise ValueError("its first line is not as it was written")
    if not (2 <= dims <= MOST_NUMBERS and 0 <= components <= MOST_NUMBERS // dims and 1 <= test_images < 2**31):
        raise ValueError("a number of its first line is out of its range")
    if images != len(filmed_rows(test_images, dims)):
        raise ValueError("its number of images is not that of the test set")
    start, kind = len(line) + 1, record_layout(images, components)
    count, over = divmod(len(content) - start - 12 * dims, kind.itemsize)
    if over or not 1 <= count <= MOST_RECORDS:
        raise ValueError("its size is not that of whole records")
    plane = torch.from_numpy(np.frombuffer(content, "<f4", 3 * dims, start).astype(np.float32))
    records = np.frombuffer(content, kind, count, start + 12 * dims)
    return _film(prior, test_images, plane, records)


def _film(prior: str, test_images: int, plane: Float[Tensor, " P"], records: np.ndarray) -> Film:
    """A film of its parts, each checked."""
    numbers = torch.from_numpy(records["numbers"].astype(np.float32))
    parts = torch.from_numpy(records["components"].astype(np.float32))
    dims = len(plane) // 3
    film = Film(
        prior=prior,
        test_images=test_images,
        origin=plane[:dims],
        basis=plane[dims:].view(dims, 2),
        epochs=_checked_epochs(numbers[:, 0]),
        beta=numbers[:, 1],
        train_elbo=numbers[:, 2],
        validation_elbo=numbers[:, 3],
        scale=numbers[:, 4],
        steps=torch.from_numpy(records["steps"].astype(np.int16)),
        mean=parts[..., :2],
        covariance=parts[..., [2, 3, 3, 4]].unflatten(-1, (2, 2)),
        log_weights=parts[..., 5],
    )
    _check_plane(film)
    _check_numbers(film, numbers[:, 5:])
    _check_components(film)
    return film


def _checked_epochs(epochs: Float[Tensor, " T"]) -> Int[Tensor, " T"]:
    last = float(epochs[-1])
    if not 0 <= last <= MOST_EPOCHS or epochs.tolist() != kept_epochs(int(last)):
        raise ValueError("its epochs are not those that a run keeps")
    return epochs.long()


def _check_plane(film: Film) -> None:
    origin, basis, eye = film.origin, film.basis, torch.eye(2)
    if not bool(origin.isfinite().all()) or not torch.allclose(basis.T @ basis, eye, atol=1e-3):
        raise ValueError("its plane has no orthonormal basis")
    if len(origin) == 2 and (bool(origin.any()) or not torch.equal(basis, eye)):
        raise ValueError("its plane is not the latent space")


def _check_numbers(film: Film, zeros: Float[Tensor, "T 3"]) -> None:
    bounds = torch.stack([film.train_elbo, film.validation_elbo], -1)
    if not bool(bounds[:1].isnan().all()) or not bool(bounds[1:].isfinite().all()):
        raise ValueError("a bound is not a number")
    if not bool(((film.beta >= 0) & (film.beta <= 1)).all()) or bool(film.beta[0] > 0) or bool(zeros.any()):
        raise ValueError("beta is out of its range")
    largest = film.steps.int().abs().amax((1, 2))
    fits = torch.where(film.scale > 0, largest == LARGEST_STEP, largest == 0)
    if not bool((fits & film.scale.isfinite() & (film.scale >= 0)).all()):
        raise ValueError("positions do not fit their scale")


def _check_components(film: Film) -> None:
    covariance, log_weights = film.covariance.double(), film.log_weights
    if not bool(film.mean.isfinite().all()) or not bool(covariance.isfinite().all()):
        raise ValueError("a component is not finite")
    variances = covariance.diagonal(dim1=-2, dim2=-1)
    if not bool((variances > 0).all()) or not bool((variances.prod(-1) > covariance[..., 0, 1] ** 2).all()):
        raise ValueError("a covariance is not positive definite")
    if log_weights.shape[1] and not bool(((log_weights.double().exp().sum(-1) - 1).abs() < 1e-3).all()):
        raise ValueError("weights do not sum to one")


_COUNTS = ("latent_dim", "components", "test_images", "images")


def _head(prior: str, latent_dim: int, components: int, test_images: int, images: int) -> bytes:
    counts = dict(zip(_COUNTS, (latent_dim, components, test_images, images), strict=True))
    line = json.dumps({"format": _FORMAT, "prior": prior, **counts})
    return (line + " " * (-(len(line) + 1) % 4) + "\n").encode()


def record_layout(images: int, components: int) -> np.dtype:
    """The numbers of a record in their order."""
    return np.dtype([("numbers", "<f4", (8,)), ("steps", "<i2", (images, 2)), ("components", "<f4", (components, 6))])
