"""The random images that stand for a data set."""

import pytest
import torch

from vampcore.checkpoints.subset import random_rows, subset_generator


@pytest.mark.parametrize("count", [1, 10, 99])
def test_rows_rise_and_are_the_same_every_time(count):
    rows = random_rows(count, 100)
    assert len(rows) == count
    assert (rows.diff() > 0).all()
    assert 0 <= int(rows[0]) <= int(rows[-1]) < 100
    assert torch.equal(rows, random_rows(count, 100, subset_generator()))


def test_a_smaller_choice_is_a_part_of_a_larger_one():
    assert set(random_rows(10, 100).tolist()) < set(random_rows(50, 100).tolist())


def test_more_than_there_are_is_all():
    assert torch.equal(random_rows(200, 100), torch.arange(100))


def test_every_row_is_as_likely(generator):
    """Over 2,000 sources each row is among 10 of 40 a quarter of the time, to five standard errors."""
    times = torch.zeros(40)
    for _ in range(2000):
        times[random_rows(10, 40, generator)] += 1
    assert (times / 2000 - 0.25).abs().max() < 5 * (0.25 * 0.75 / 2000) ** 0.5
