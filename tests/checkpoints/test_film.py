"""Which epochs and which images a film keeps."""

import pytest
import torch

from vampcore.checkpoints.film import MOST_IMAGES, MOST_RECORDS, filmed_rows, kept_epochs


def test_every_epoch_at_first_then_multiples_of_a_power_of_two_and_the_last():
    assert kept_epochs(0) == [0]
    assert kept_epochs(3) == [0, 1, 2, 3]
    assert kept_epochs(59) == list(range(60))
    assert kept_epochs(61) == [*range(0, 61, 2), 61]
    assert kept_epochs(120) == list(range(0, 121, 4))
    assert kept_epochs(100_000)[:2] == [0, 2048]


def test_never_too_many_and_what_is_kept_was_kept_before():
    before = kept_epochs(0)
    for epoch in range(1, 1000):
        now = kept_epochs(epoch)
        assert len(now) <= MOST_RECORDS
        assert len(now) >= min(epoch + 1, MOST_RECORDS // 2)
        assert set(now) <= {*before, epoch}
        before = now


@pytest.mark.parametrize(
    ("test_images", "latent_dim", "rows"),
    [
        (300, 2, list(range(300))),
        (10_000, 2, list(range(0, 10_000, 10))),
        (2500, 40, [place * 2500 // 1000 for place in range(1000)]),
        (1000, 16_384, [0, 250, 500, 750]),
        (5, 65_536, [0]),
    ],
)
def test_images_lie_evenly_over_the_test_set(test_images, latent_dim, rows):
    found = filmed_rows(test_images, latent_dim)
    assert found.tolist() == rows
    assert len(found) <= MOST_IMAGES
    assert bool((found.diff() > 0).all())
    assert torch.equal(found, filmed_rows(test_images, latent_dim))
