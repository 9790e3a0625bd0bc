"""The film of a training: after its epochs, where test images and the prior's components were on one plane."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Int16
from torch import Tensor

MOST_RECORDS = 60
MOST_IMAGES = 1000
# Numbers of a record, of its images and of its components' means: the state of a run keeps all dimensions of each.
MOST_NUMBERS = 2**16
LARGEST_STEP = 2**15 - 1


@dataclass(frozen=True)
class Film:
    """T records of one training, on one plane of its top latent layer: that of the last record.

    In two dimensions the plane is the latent space itself (`origin` 0, `basis` the identity). In more it is spanned by
    the first two principal axes of the last record's posterior means: z is drawn at basis' (z - origin).

    Attributes:
        prior: Its key.
        test_images: Images of the test set; `rows` says which N of them are filmed.
        origin: Of the plane.
        basis: Of the plane, orthonormal columns.
        epochs: Epoch of each record, rising from 0, before training. The last one is the run's last; the others are the
            multiples of a power of two that grows with the run.
        beta: Weight of the KL in the epoch; 0 at epoch 0.
        train_elbo: Over the training images while the weights moved, at beta = 1, nats an image; NaN at epoch 0.
        validation_elbo: Of the validation set, nats an image; NaN at epoch 0.
        scale: Of the steps of each record.
        steps: Positions divided by the scale, rounded.
        mean: Of the K components on the plane; K is 0 of a prior without components, or with too many to keep.
        covariance: Of the components on the plane.
        log_weights: Of the components; minus infinity of one that is not alive.
    """

    prior: str
    test_images: int
    origin: Float[Tensor, " D"]
    basis: Float[Tensor, "D 2"]
    epochs: Int[Tensor, " T"]
    beta: Float[Tensor, " T"]
    train_elbo: Float[Tensor, " T"]
    validation_elbo: Float[Tensor, " T"]
    scale: Float[Tensor, " T"]
    steps: Int16[Tensor, "T N 2"]
    mean: Float[Tensor, "T K 2"]
    covariance: Float[Tensor, "T K 2 2"]
    log_weights: Float[Tensor, "T K"]

    @property
    def rows(self) -> Int[Tensor, " N"]:
        """Rows in the test set of the filmed images, whose classes `latents.safetensors` has."""
        return filmed_rows(self.test_images, len(self.origin))

    @property
    def positions(self) -> Float[Tensor, "T N 2"]:
        """Posterior means of the filmed images on the plane."""
        return self.steps * self.scale[:, None, None]


def filmed_rows(test_images: int, latent_dim: int) -> Int[Tensor, " N"]:
    """Rows of the images that a film shows: evenly spaced over the test set, fewer in very many dimensions."""
    count = min(test_images, MOST_IMAGES, max(1, MOST_NUMBERS // latent_dim))
    return torch.arange(count) * test_images // count


def kept_epochs(epoch: int) -> list[int]:
    """The epochs whose records a run keeps after this epoch, 0 among them and at most `MOST_RECORDS`.

    Every epoch at first, then every second, every fourth, and so on; and the last one. What is kept later was kept
    before, so that the length of the run need not be known.
    """
    stride = 1
    while epoch // stride + 1 + (epoch % stride > 0) > MOST_RECORDS:
        stride *= 2
    return sorted({*range(0, epoch + 1, stride), epoch})
