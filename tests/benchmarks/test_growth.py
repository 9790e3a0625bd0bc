"""The exponent of a power law, and a size measured in this process."""

import math
import random

import pytest

from benchmarks import growth

SIZES = (10, 30, 100, 300, 1000, 3000)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_a_power_law_has_its_exponent_and_no_error(power):
    slope, error = growth.fitted(SIZES, [7 * size**power for size in SIZES])
    assert slope == pytest.approx(power, abs=1e-12)
    assert error == pytest.approx(0, abs=1e-9)


def test_only_the_upper_half_counts():
    values = [1000.0, 1000.0, 1000.0, *(size**1.5 for size in SIZES[3:])]
    assert growth.fitted(SIZES, values)[0] == pytest.approx(1.5)


def test_the_error_is_that_of_least_squares():
    """Against the textbook's formula for three values: 30, 100 and 300 are not evenly apart, 10, 100, 1000 are."""
    sizes, bumps = (10, 100, 1000), (0.0, 0.3, 0.0)
    values = [size * math.exp(bump) for size, bump in zip(sizes, bumps, strict=True)]
    slope, error = growth.fitted(sizes, values)
    assert slope == pytest.approx(1)
    # Residuals -0.1, 0.2, -0.1 with one degree of freedom; the logarithms lie ln 10 apart.
    assert error == pytest.approx(math.sqrt(0.06 / (2 * math.log(10) ** 2)))


def test_noise_is_within_its_error():
    generator = random.Random(0)
    sizes = tuple(range(100, 1100, 10))
    values = [size**1.2 * math.exp(generator.gauss(0, 0.1)) for size in sizes]
    slope, error = growth.fitted(sizes, values)
    assert abs(slope - 1.2) < 4 * error
    assert 0 < error < 0.2


def test_two_sizes_have_no_exponent():
    with pytest.raises(ValueError, match="three sizes"):
        growth.fitted((1, 2), [1.0, 2.0])


def test_memory_too_small_to_tell_has_none():
    axis = growth.Axis("t", "n", (1, 10, 100), (), "")
    assert growth.memory(axis, [5.0, 0.2, 8.0]) == "too little to tell"
    assert growth.memory(axis, [1.0, 10.0, 100.0]) == "1.00 ± 0.00"


def test_cells_read_well():
    assert growth.cell(growth.Point(0.0123, 0.3, None)) == "12.3 ms, < 1 MB"
    assert growth.cell(growth.Point(2.0, 150.0, None)) == "2.00 s, 150 MB"


@pytest.mark.parametrize("subject", ["log p(z)", "contour grid", "projection"])
def test_a_size_is_measured_in_a_process_of_its_own(subject):
    point = growth.measured(subject, 4)
    assert point.seconds > 0
    assert point.megabytes >= 0


def test_what_fails_says_so():
    with pytest.raises(RuntimeError, match="failed"):
        growth.measured("no such subject", 4)


def test_every_axis_names_subjects_that_there_are():
    from benchmarks.growth_tasks import SUBJECTS

    assert sorted(name for axis in growth.AXES for name in axis.subjects) == sorted(SUBJECTS)
