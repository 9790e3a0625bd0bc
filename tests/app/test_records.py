"""What services hand to figures is refused where it cannot be drawn."""

import numpy as np
import pytest

from app.records import MASSES, Density

X, Y = np.linspace(-4, 4, 9), np.linspace(-3, 3, 7)
LOG_DENSITY = -0.5 * (X**2 + Y[:, None] ** 2) - np.log(2 * np.pi)
LEVELS = np.log1p(-np.array(MASSES)) - np.log(2 * np.pi)


def test_a_density_has_a_row_for_each_y_and_a_level_for_each_mass():
    assert Density(X, Y, LOG_DENSITY, LEVELS).log_density.shape == (7, 9)


@pytest.mark.parametrize("levels", [LEVELS[::-1], LEVELS[:3], np.repeat(LEVELS[:1], 4), LEVELS * np.nan])
def test_levels_that_do_not_descend_are_refused(levels):
    with pytest.raises(ValueError, match="descending"):
        Density(X, Y, LOG_DENSITY, levels)


@pytest.mark.parametrize(("x", "y"), [(X[:5], Y), (X, Y[:5]), (Y, X)])
def test_a_density_of_another_shape_than_its_grid_is_refused(x, y):
    with pytest.raises(ValueError, match="the grid is"):
        Density(x, y, LOG_DENSITY, LEVELS)


def test_masses_are_those_that_the_library_measures():
    from vampcore.metrics import coverage

    assert MASSES == coverage.MASSES
