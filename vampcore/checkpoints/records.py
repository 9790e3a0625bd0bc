"""What a checkpoint holds."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from vampcore.checkpoints.edit import Edit
from vampcore.checkpoints.film import Film
from vampcore.config import Config, DataSpec
from vampcore.datasets.identity import Identity
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics.metric import Metric
from vampcore.models import VAE

# Of a checkpoint: 1 had no manifest.
FORMAT = 2
FIRST_CHECKED_FORMAT = 2
MOST_SNAPSHOTS = 8
_VALIDATION_ELBO = 6  # its place in a record


class CheckpointError(ValueError):
    """A folder that is no sound checkpoint; the message is one line and says what to do."""


@dataclass(frozen=True)
class EpochRecord:
    """One row of the training history; bounds are means in nats an image at beta = 1.

    Attributes:
        epoch: From 1.
        beta: Weight of the KL in the objective.
        learning_rate: Of the optimiser.
        train_elbo: Over the training images, while the weights moved.
        train_reconstruction: E_q log p(x | z) of the same.
        train_kl: KL of the same, all layers.
        validation_elbo: Over the whole validation set, with the same noise every epoch.
        validation_reconstruction: E_q log p(x | z) of the same.
        validation_kl: KL of the same, all layers.
        skipped: Steps left out because the loss or a gradient was not finite.
        seconds: Wall time of the epoch.
        validation_bound: The objective's own bound of the validation set, by which the best epoch is chosen: the ELBO,
            or the importance-weighted bound with as many samples as in training. Of runs from before it was kept, the
            ELBO, which chose theirs.
    """

    epoch: int
    beta: float
    learning_rate: float
    train_elbo: float
    train_reconstruction: float
    train_kl: float
    validation_elbo: float
    validation_reconstruction: float
    validation_kl: float
    skipped: int
    seconds: float
    validation_bound: float


def record_of(values: Sequence[Any]) -> EpochRecord:
    """A record of its values in order, also of one from before the objective's own bound was kept.

    Raises:
        TypeError: If there are too few or too many.
    """
    earlier = len(values) == len(fields(EpochRecord)) - 1
    return EpochRecord(*values, *([values[_VALIDATION_ELBO]] if earlier else []))


@dataclass(frozen=True)
class Progress:
    """How far a model was trained.

    Attributes:
        epochs: Epochs trained.
        best_epoch: The epoch whose weights these are: the best validation bound, that of the objective.
        converged: Whether early stopping or the end of a learning-rate schedule ended the training.
        device: Kind of device that trained it.
        torch: Version of PyTorch that trained it.
    """

    epochs: int
    best_epoch: int
    converged: bool
    device: str
    torch: str


@dataclass(frozen=True)
class Latents:
    """Posteriors of the test set, or of a random part of it, in its order.

    Attributes:
        layers: q(z | x) of each stochastic layer, top first. Of a lower layer, and of a posterior that is a flow, the
            normals with the means and scales of 256 samples an image.
        labels: Classes, where the data set has any.
        ids: Row of each image in the test set, rising.
        part_of: Images of the test set, of which these are a part; None where these are all.
    """

    layers: tuple[DiagNormal, ...]
    labels: Int[Tensor, " N"] | None
    ids: Int[Tensor, " N"]
    part_of: int | None = None


SCORES = ("log_likelihood", "log_likelihood_is", "log_likelihood_covering")


@dataclass(frozen=True)
class PerImage:
    """Bounds and scores of each test image in nats; a score that was not computed is None, and NaN at images left out.

    Attributes:
        elbo: One draw an image.
        log_likelihood: The score that is shown; the metric of that name says how it was estimated.
        log_likelihood_is: By importance sampling with q(z | x), where the score that is shown is another.
        log_likelihood_covering: By importance sampling with the refined and widened proposal.
    """

    elbo: Float[Tensor, " N"]
    log_likelihood: Float[Tensor, " N"] | None = None
    log_likelihood_is: Float[Tensor, " N"] | None = None
    log_likelihood_covering: Float[Tensor, " N"] | None = None


@dataclass(frozen=True)
class Training:
    """Scores of one training of a configuration, which differs from the others in its seed alone.

    Attributes:
        seed: Of the training.
        validation_bound: Of its best epoch, nats an image.
        elbo: Of each test image, nats.
        log_likelihood: Of each test image, nats, by the estimator of the checkpoint's score of that name; None where it
            was not computed for all of them.
    """

    seed: int
    validation_bound: float
    elbo: Float[Tensor, " N"]
    log_likelihood: Float[Tensor, " N"] | None = None


@dataclass(frozen=True)
class Snapshot:
    """The prior after an epoch (0: before training); pseudo-inputs as bytes, for priors that have them."""

    epoch: int
    mixture: DiagNormalMixture
    pseudo_inputs: UInt8[Tensor, "K C H W"] | None = None


@dataclass(frozen=True)
class CheckpointInfo:
    """What a checkpoint says of its model in one line of a list.

    Attributes:
        data: Data set.
        model: Architecture.
        prior: Its key.
        components: Mixture components of the prior; 0 where it has none.
        latent_dims: Dimensions of each stochastic layer, top first; the prior lives on the top one.
        shape: Channels, height and width of an observation.
        epochs: Epochs trained.
        converged: Whether training came to its end.
        log_likelihood: log p(x) of the test set, estimated of `n` of its images, where it was evaluated.
        sha256: Of configuration and weights; the identity of the model.
        posterior: `normal`, or the flow of q(z | x), `nf` or `iaf`, of which a checkpoint keeps means and scales.
        checked: Whether it has a manifest, against which every file is held when it is opened; format 1 had none.
        edited: Whether its prior was edited, and not trained.
    """

    data: str
    model: str
    prior: str
    components: int
    latent_dims: tuple[int, ...]
    shape: tuple[int, int, int]
    epochs: int
    converged: bool
    log_likelihood: Metric | None
    sha256: str
    posterior: str
    checked: bool
    edited: bool = False


def info_of(
    config: Config,
    observation: DataSpec,
    progress: Progress,
    metrics: Sequence[Metric],
    *,
    sha256: str,
    checked: bool,
    edited: bool,
) -> CheckpointInfo:
    """What a list says of a checkpoint with these parts."""
    return CheckpointInfo(
        data=config.data,
        model=config.model,
        prior=config.prior,
        components=config.prior_components,
        latent_dims=config.latent_dims,
        shape=observation.shape,
        epochs=progress.epochs,
        converged=progress.converged,
        log_likelihood=next((metric for metric in metrics if metric.name == "log_likelihood"), None),
        sha256=sha256,
        posterior=config.posterior,
        checked=checked,
        edited=edited,
    )


@dataclass(frozen=True)
class Checkpoint:
    """A trained model with all that the dashboard shows of it.

    Attributes:
        config: The run.
        observation: What the model sees.
        progress: How far it was trained.
        model: In evaluation mode, its weights rounded to float16.
        metrics: Figures, computed after the rounding.
        latents: Posteriors of the test set, or of a part of it.
        per_image: Bounds of the test set.
        snapshots: The prior through the epochs, at most `MOST_SNAPSHOTS`.
        history: One record an epoch.
        identity: Of the images that it was trained and tested on; None of checkpoints from before it was kept.
        film: Of its training; None of one that was not filmed.
        trainings: Scores of other trainings that differ in the seed alone, rising by seed; see `trainings`.
        edit: Where the prior comes from, if it was edited; there is no history of it then.
        folder: Where it was loaded from.
        checked: Whether every file was held against the folder's manifest; of format 1, which had none, nothing was.
        sha256: Of configuration and weights; the identity of the model.
    """

    config: Config
    observation: DataSpec
    progress: Progress
    model: VAE
    metrics: tuple[Metric, ...]
    latents: Latents
    per_image: PerImage
    snapshots: tuple[Snapshot, ...] = ()
    history: tuple[EpochRecord, ...] = ()
    identity: Identity | None = None
    film: Film | None = None
    trainings: tuple[Training, ...] = ()
    edit: Edit | None = None
    folder: Path | None = None
    checked: bool = False
    sha256: str = ""

    @property
    def test_images(self) -> int:
        """Images of the test set, however many of their posteriors are kept."""
        return len(self.per_image.elbo)

    @property
    def info(self) -> CheckpointInfo:
        """What a list says of it."""
        return info_of(
            self.config,
            self.observation,
            self.progress,
            self.metrics,
            sha256=self.sha256,
            checked=self.checked,
            edited=self.edit is not None,
        )

    def metric(self, name: str, layer: int | None = None) -> Metric | None:
        """The metric of that name and layer, or None where it was not measured."""
        found = (metric for metric in self.metrics if metric.name == name and metric.layer == layer)
        return next(found, None)


@torch.no_grad()
def rounded(model: VAE) -> VAE:
    """The model with its floating-point weights rounded to float16 (in place), as a checkpoint stores them."""
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half().to(value.dtype))
    return model
