"""The schedules of a run: weight of the KL, step size, snapshots."""

import pytest

from tests.small_runs import config
from vampcore.training.schedules import beta_at, learning_rate_at, snapshot_epochs


def test_beta_rises_linearly_over_the_warm_up():
    assert [beta_at(config(warmup=4), epoch) for epoch in range(1, 7)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert beta_at(config(warmup=0), 1) == 1


def test_learning_rate_falls_over_the_last_share_and_never_to_nothing():
    settings = config(epochs=10, decay=0.4, learning_rate=1.0)
    rates = [learning_rate_at(settings, epoch) for epoch in range(1, 11)]
    assert rates == pytest.approx([1, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25])
    assert learning_rate_at(config(epochs=10, decay=0.0, learning_rate=0.5), 10) == 0.5
    assert learning_rate_at(config(epochs=4, decay=1.0, learning_rate=1.0), 1) == 1.0


@pytest.mark.parametrize("epochs", [1, 2, 3, 5, 8, 100, 2000, 10**6])
def test_snapshots_are_few_and_hold_both_ends(epochs):
    chosen = sorted(snapshot_epochs(epochs))
    assert len(chosen) <= 8
    assert (chosen[0], chosen[-1]) == (0, epochs)
    assert 1 in chosen
