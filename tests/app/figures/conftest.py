"""A plane that several tests draw: two clouds, and a standard normal on a grid whose mass levels are known exactly."""

import numpy as np
import pytest


@pytest.fixture
def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Points [200, 2] (float64) and their classes, half 0 around (-1, 0), half 2 around (1, 0)."""
    random = np.random.default_rng(4)
    labels = np.repeat([0, 2], 100)
    return random.normal(0, 0.3, (200, 2)) + np.stack([labels - 1.0, 0 * labels], 1), labels


@pytest.fixture
def normal():
    """The standard normal on [-4, 4]^2. Its disc of mass m has radius r with m = 1 - exp(-r^2 / 2)."""
    from app.records import MASSES, Density

    x = y = np.linspace(-4, 4, 81, dtype=np.float32)
    log_density = -0.5 * (x[None, :] ** 2 + y[:, None] ** 2) - np.log(2 * np.pi)
    return Density(x, y, log_density, np.log1p(-np.array(MASSES)) - np.log(2 * np.pi))
