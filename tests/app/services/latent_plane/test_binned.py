"""Binned points, held against one point at a time."""

import numpy as np
import pytest


@pytest.fixture
def bin_points():
    from app.services.latent_plane.binned import bin_points

    return bin_points


@pytest.fixture
def unit():
    from app.records import Window

    return Window(-1.0, 1.0, -2.0, 1.0)


def test_every_point_of_the_window_is_counted_once(bin_points, cloud, unit):
    points, kinds = cloud
    bins = bin_points(points, unit, 0.25, category=kinds)
    assert bins.count.shape == (12, 8)
    inside = (points[:, 0] >= -1) & (points[:, 0] < 1) & (points[:, 1] >= -2) & (points[:, 1] < 1)
    assert bins.total == inside.sum()
    in_cell = (points[:, 0] >= 0.25) & (points[:, 0] < 0.5) & (points[:, 1] >= -0.5) & (points[:, 1] < -0.25)
    assert bins.count[6, 5] == in_cell.sum()
    assert bins.size == (0.25, 0.25)


@pytest.mark.parametrize("many", [3, 700])
def test_the_leading_category_is_the_most_frequent_and_the_lowest_of_equals(bin_points, cloud, unit, many):
    points, kinds = cloud[0], cloud[1] % many
    bins = bin_points(points, unit, 0.5, category=kinds)
    for row in range(6):
        for column in range(4):
            left, bottom = -1 + 0.5 * column, -2 + 0.5 * row
            here = (points[:, 0] >= left) & (points[:, 0] < left + 0.5)
            here &= (points[:, 1] >= bottom) & (points[:, 1] < bottom + 0.5)
            counts = np.bincount(kinds[here], minlength=many)
            assert bins.leading[row, column] == counts.argmax()
            assert bins.leading_count[row, column] == counts.max()


def test_a_value_is_averaged_over_each_cell(bin_points, cloud, unit):
    points, _ = cloud
    value = points[:, 0] * 3
    bins = bin_points(points, unit, 0.5, value=value)
    here = (points[:, 0] >= 0) & (points[:, 0] < 0.5) & (points[:, 1] >= 0) & (points[:, 1] < 0.5)
    assert bins.mean[4, 2] == pytest.approx(value[here].mean(), rel=1e-5)


def test_empty_cells_and_empty_windows_hold_nothing(bin_points, unit):
    bins = bin_points(np.full((3, 2), 9, np.float32), unit, 1.0, category=np.arange(3))
    assert bins.total == 0
    assert (bins.leading_count == 0).all()
