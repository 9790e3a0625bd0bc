"""The paired difference against NumPy, and what it leaves out."""

import math

import numpy as np
import pytest
import torch

from vampcore.metrics import paired_difference


def test_it_is_the_mean_of_the_differences_with_the_error_of_that_mean():
    generator = torch.Generator().manual_seed(0)
    hard = 30 * torch.randn(400, generator=generator)
    one, other = hard - 100, hard - 99 + torch.randn(400, generator=generator)
    found = paired_difference("log_likelihood", one, other, samples=5, seed=3)
    each = other.double().numpy() - one.double().numpy()
    assert found.value == pytest.approx(each.mean())
    assert found.se == pytest.approx(each.std(ddof=1) / math.sqrt(400))
    assert (found.name, found.unit, found.n) == ("log_likelihood_difference", "nats/image", 400)
    assert (found.samples, found.seed) == (5, 3)
    # What both find hard cancels: the errors of the two means are 1.5 nats each.
    assert found.se < 0.1


def test_images_that_one_of_them_lacks_are_left_out():
    one, other = torch.tensor([1.0, math.nan, 3.0, 4.0]), torch.tensor([2.0, 5.0, math.nan, 7.0])
    found = paired_difference("elbo", one, other)
    assert (found.value, found.n) == (2.0, 2)
    assert found.se == pytest.approx(np.std([1, 3], ddof=1) / math.sqrt(2))


def test_one_image_has_no_error_and_none_no_difference():
    assert paired_difference("elbo", torch.tensor([1.0]), torch.tensor([3.0])).se is None
    assert paired_difference("elbo", torch.tensor([math.nan]), torch.tensor([3.0])) is None


def test_other_images_cannot_be_paired():
    with pytest.raises(ValueError, match="3 and 2"):
        paired_difference("elbo", torch.zeros(3), torch.zeros(2))
