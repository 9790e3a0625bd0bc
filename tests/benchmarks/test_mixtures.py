"""What the benchmark of mixtures times, on few components and places."""

import pytest
import torch

from benchmarks import mixtures
from benchmarks.timing import Table


def test_the_mixture_and_its_plane():
    mixture, basis, z = mixtures.random_mixture(20)
    assert mixture.components.mean.shape == (20, mixtures.DIMENSIONS)
    torch.testing.assert_close(basis.mT @ basis, torch.eye(2), rtol=0, atol=1e-5)
    assert z.shape == (mixtures.PLACES, mixtures.DIMENSIONS)


@torch.inference_mode()
def test_rows_fit_the_table(monkeypatch):
    monkeypatch.setattr(mixtures, "PLACES", 900)
    monkeypatch.setattr(mixtures, "TURNS", 2)
    rows = mixtures.of_mixture(8) + mixtures.decoding(3)
    table = Table("Mixtures", tuple("abcdef"), tuple(rows))
    assert [row[:2] for row in table.rows] == [
        ("projection", "8"),
        ("contour grid", "8"),
        ("responsibilities", "8"),
        ("decode 3 places", "any"),
    ]


def test_the_floor_of_the_projection_is_its_products():
    mixture, basis, _ = mixtures.random_mixture(5)
    plane = mixture.project(basis, torch.zeros(mixtures.DIMENSIONS))
    mean, covariance = mixtures.projection_products(mixture, basis)()
    torch.testing.assert_close(mean, plane.mean)
    torch.testing.assert_close(covariance.unflatten(1, (2, 2)), plane.covariance)


@pytest.mark.parametrize("places", [1, 900])
def test_the_floor_covers_every_place_once(places):
    seen = []
    mixtures._floor(places, 6, 4000, lambda joint: seen.append(joint.shape))()
    assert places <= sum(rows for rows, _ in seen) < places + mixtures.PAIRS_AT_ONCE // 4000
    assert {components for _, components in seen} == {4000}
