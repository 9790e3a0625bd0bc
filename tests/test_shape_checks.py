"""Shapes and types of the library are checked while its tests run."""

import pytest
import torch

from vampcore.distributions import DiagNormal


def test_a_call_of_a_wrong_shape_is_refused():
    """A log-variance of three dimensions for a mean of two: torch alone would notice later, or never.

    `make test` runs this in a worker of pytest-xdist, as all others.
    """
    with pytest.raises(TypeError, match=r"type-check|shape|logvar"):
        DiagNormal(torch.zeros(4, 2), torch.zeros(4, 3))
