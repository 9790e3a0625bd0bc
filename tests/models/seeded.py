"""What tests of models draw from a seed, and what all of them ask of gradients."""

import torch
from torch import nn

from vampcore.models import VAE
from vampcore.priors import VampPrior


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def binary(count: int, shape: tuple[int, int, int], seed: int = 1) -> torch.Tensor:
    return torch.randint(2, (count, *shape), generator=seeded(seed)).float()


def apart(model: VAE) -> VAE:
    """With pseudo-inputs that differ; where all components are one, their weights do not matter."""
    if isinstance(model.prior, VampPrior):
        model.prior.pseudo_inputs.data.uniform_(0.1, 0.9, generator=seeded())
    return model


def assert_gradients_reach_every_parameter(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad != 0).any(), name
