"""Filming a training: a record after each epoch, thinned as the run goes on, and projected when it is saved."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int16
from torch import Tensor

from vampcore.checkpoints import EpochRecord
from vampcore.checkpoints.film import LARGEST_STEP, MOST_NUMBERS, Film, filmed_rows, kept_epochs
from vampcore.checkpoints.reading import is_valid
from vampcore.config import Config, ConfigError
from vampcore.datasets import Dataset, observe
from vampcore.distributions import DiagNormal, DiagNormalMixture, NormalMixture
from vampcore.models import VAE

# Whether a training is filmed: where there is something to see, always, or never.
FILMED = ("auto", "on", "off")
# Of a posterior without a closed mean.
SAMPLES, SEED = 32, 0
# Of a component's variances on the plane, and the largest correlation: in float32 they stay positive definite.
_VARIANCES, _CORRELATION = (1e-30, 1e30), 1 - 1e-6


class FilmRecord(NamedTuple):
    """What a run sees after an epoch (0: before training), in all dimensions of the top layer.

    Attributes:
        epoch: Its number.
        positions: Posterior means of the filmed test images.
        mixture: The prior; None where it has no components, or too many to keep.
    """

    epoch: int
    positions: Float[Tensor, "N D"]
    mixture: DiagNormalMixture | None


def is_filmed(film: str, config: Config) -> bool:
    """Whether a training is filmed: with `auto`, if its prior has components, or its latent space two dimensions.

    Raises:
        ConfigError: If there is no plane to film.
    """
    if config.latent_dim < 2:
        if film == "on":
            raise ConfigError("latent_dim is 1; a film shows a plane: use --latent-dim 2 or more, or --film auto")
        return False
    return film == "on" or (film == "auto" and (config.latent_dim == 2 or config.prior_components > 0))


def filmed_images(config: Config, dataset: Dataset) -> Float[Tensor, "N C H W"]:
    """The test images of a film, as the model sees them."""
    rows = filmed_rows(len(dataset.test.images), config.latent_dim)
    return observe(dataset.test.images[rows], dataset.test.levels, config.likelihood)


@torch.no_grad()
def record(model: VAE, x: Float[Tensor, "N C H W"], epoch: int, config: Config) -> FilmRecord:
    """The record of a model in evaluation mode, after an epoch."""
    q = model.encoder(x)
    if isinstance(q, DiagNormal):
        positions = q.mean
    else:
        positions = q.sample((SAMPLES,), torch.Generator(x.device).manual_seed(SEED)).mean(0)
    mixture = None
    if 0 < config.prior_components * config.latent_dim <= MOST_NUMBERS:
        prior = model.prior(model.encoder)
        # Copies: a mixture of learned normals hands out its own parameters, which training goes on to change.
        normal = DiagNormal(_copy(prior.components.mean), _copy(prior.components.logvar))
        mixture = DiagNormalMixture(normal, _copy(prior.logits))
    return FilmRecord(epoch, _copy(positions), mixture)


def add(records: list[FilmRecord], new: FilmRecord) -> list[FilmRecord]:
    """The records that a run keeps after the epoch of a new one."""
    kept = set(kept_epochs(new.epoch))
    return [each for each in (*records, new) if each.epoch in kept]


def film_of_run(records: list[FilmRecord], history: list[EpochRecord], config: Config, test_images: int) -> Film | None:
    """The film of a run so far, on the plane of its last record; None if it is not filmed."""
    if not records:
        return None
    origin, basis = plane(records[-1].positions)
    bounds = [(0.0, float("nan"), float("nan"))]
    bounds += [(each.beta, each.train_elbo, each.validation_elbo) for each in history]
    beta, train, validation = torch.tensor([bounds[each.epoch] for each in records]).unbind(-1)
    scale, steps = scaled(torch.stack([(each.positions.double() - origin) @ basis for each in records]))
    shadows = [shadow(each.mixture, basis, origin) for each in records]
    return Film(
        prior=config.prior,
        test_images=test_images,
        origin=origin.float(),
        basis=basis.float(),
        epochs=torch.tensor([each.epoch for each in records]),
        beta=beta,
        train_elbo=train,
        validation_elbo=validation,
        scale=scale,
        steps=steps,
        mean=torch.stack([each.mean for each in shadows]),
        covariance=torch.stack([each.covariance for each in shadows]),
        log_weights=torch.stack([each.log_weights for each in shadows]),
    )


def record_tensors(records: list[FilmRecord]) -> dict[str, Tensor]:
    """Records as named tensors, for the state of a run; see `records_of`."""
    if not records:
        return {}
    tensors = {
        "epochs": torch.tensor([each.epoch for each in records]),
        "positions": torch.stack([each.positions for each in records]),
    }
    mixtures = [each.mixture for each in records if each.mixture is not None]
    if mixtures:
        tensors["mean"] = torch.stack([each.components.mean for each in mixtures])
        tensors["logvar"] = torch.stack([each.components.logvar for each in mixtures])
        tensors["logits"] = torch.stack([each.logits for each in mixtures])
    return tensors


def records_of(tensors: dict[str, Tensor], epoch: int, config: Config) -> list[FilmRecord]:
    """Inverse of `record_tensors`, of the state of a run after so many epochs.

    Raises:
        KeyError: If a part is missing.
        ValueError: If a part does not fit the run.
    """
    if not tensors:
        return []
    epochs, positions = tensors["epochs"].tolist(), tensors["positions"]
    shape = (len(epochs), positions.shape[1] if positions.ndim == 3 else 0, config.latent_dim)
    if epochs != kept_epochs(epoch) or positions.shape != shape or not bool(positions.isfinite().all()):
        raise ValueError("the records of its film are not those of the run")
    if len(tensors) == 2:
        return [FilmRecord(*each, None) for each in zip(epochs, positions, strict=True)]
    mean, logvar, logits = tensors["mean"], tensors["logvar"], tensors["logits"]
    components = (len(epochs), config.prior_components)
    shaped = mean.shape == logvar.shape == (*components, config.latent_dim) and logits.shape == components
    if not shaped or not all(is_valid(name, value) for name, value in tensors.items()):
        raise ValueError("the components of its film are not those of the run")
    mixtures = [DiagNormalMixture(DiagNormal(*each[:2]), each[2]) for each in zip(mean, logvar, logits, strict=True)]
    return [FilmRecord(*each) for each in zip(epochs, positions, mixtures, strict=True)]


def plane(positions: Float[Tensor, "N D"]) -> tuple[Float[Tensor, " D"], Float[Tensor, "D 2"]]:
    """Origin and basis of the first two principal axes, each in the direction of its largest number."""
    dims = positions.shape[1]
    if dims == 2:
        return torch.zeros(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64)
    places = positions.double()
    origin = places.mean(0)
    _, axes = torch.linalg.eigh((places - origin).T @ (places - origin))
    basis = axes[:, [-1, -2]]
    largest = basis.abs().argmax(0, keepdim=True)
    return origin, basis * basis.gather(0, largest).sign()


def shadow(
    mixture: DiagNormalMixture | None, basis: Float[Tensor, "D 2"], origin: Float[Tensor, " D"]
) -> NormalMixture:
    """The exact marginal of a mixture on the plane, in float32."""
    if mixture is None:
        return NormalMixture(torch.zeros(0, 2), torch.zeros(0, 2, 2), torch.zeros(0))
    normal = DiagNormal(mixture.components.mean.double(), mixture.components.logvar.double())
    found = DiagNormalMixture(normal, mixture.logits.double()).project(basis, origin)
    x, y = found.covariance.diagonal(dim1=-2, dim2=-1).clamp(*_VARIANCES).unbind(-1)
    most = _CORRELATION * (x * y).sqrt()
    both = found.covariance[:, 0, 1].clamp(-most, most)
    covariance = torch.stack([x, both, both, y], -1).unflatten(-1, (2, 2))
    return NormalMixture(found.mean.float(), covariance.float(), found.log_weights.float())


def scaled(places: Float[Tensor, "T N 2"]) -> tuple[Float[Tensor, " T"], Int16[Tensor, "T N 2"]]:
    """Scales, and what places divided by them round to."""
    scale = (places.abs().amax((1, 2)) / LARGEST_STEP).float()
    steps = (places / scale.double()[:, None, None]).nan_to_num(0.0).round().clamp(-LARGEST_STEP, LARGEST_STEP)
    return scale, steps.short()


def _copy(values: Tensor) -> Tensor:
    return values.detach().cpu().clone()
