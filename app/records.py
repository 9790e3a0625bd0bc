"""Records that services compute and figures draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MASSES = (0.5, 0.8, 0.95, 0.99)
"""The masses that the levels of a density hold."""


@dataclass(frozen=True)
class Window:
    """The part of a plane that is shown, in the plane's units."""

    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True)
class Density:
    """A log-density on a regular grid of a plane, and the thresholds of its mass levels.

    Attributes:
        x: Places of the columns, `(W,)`, ascending.
        y: Places of the rows, `(H,)`, ascending.
        log_density: In nats, with its constants, `(H, W)`; row i lies at y[i].
        levels: Log-density above which each of `MASSES` lies, `(4,)`, descending.

    Raises:
        ValueError: If the shapes disagree or the levels do not descend.
    """

    x: NDArray[np.floating]
    y: NDArray[np.floating]
    log_density: NDArray[np.floating]
    levels: NDArray[np.floating]

    def __post_init__(self) -> None:
        if self.log_density.shape != (len(self.y), len(self.x)):
            raise ValueError(f"log_density is {self.log_density.shape}, the grid is {(len(self.y), len(self.x))}")
        if self.levels.shape != (len(MASSES),) or not (np.diff(self.levels) < 0).all():
            raise ValueError(f"levels are {len(MASSES)} descending log-densities, one for each of {MASSES}")


@dataclass(frozen=True)
class Film:
    """One training on a plane, record by record, and its bounds after each epoch.

    Attributes:
        epochs: Epoch of each of the T records, rising, `(T,)`.
        points: Posterior means of test images on the plane at each record, `(T, N, 2)`; `(1, N, 2)` where only those of
            the finished model are known.
        labels: Class of each image, -1 where it is not known, `(N,)`.
        components: Of the prior at each record: mean x and y, covariance xx, xy and yy, weight, `(T, K, 6)`; K is 0
            where the prior has none, or too many to draw.
        bounds: Epoch, ELBO in training and ELBO in validation in nats an image, a row an epoch, `(E, 3)`.
        window: The part of the plane to show.
        filmed: Whether the training kept a film; else the records are its snapshots of the prior.
    """

    epochs: NDArray[np.int32]
    points: NDArray[np.float32]
    labels: NDArray[np.int16]
    components: NDArray[np.float32]
    bounds: NDArray[np.float32]
    window: Window
    filmed: bool
