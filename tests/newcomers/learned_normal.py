"""A prior from outside the package, in one file: a normal distribution whose mean and scale are learned."""

import torch

from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.kinds import PriorKind
from vampcore.priors import Prior, register


class LearnedNormal(Prior):
    """N(mean, diag exp(logvar)), as a mixture of one component."""

    def __init__(self, latent_dim):
        super().__init__()
        self.mean = torch.nn.Parameter(torch.zeros(1, latent_dim))
        self.logvar = torch.nn.Parameter(torch.zeros(1, latent_dim))

    def forward(self, encoder, index=None):
        return DiagNormalMixture(DiagNormal(self.mean, self.logvar), self.mean.new_zeros(1))


register(
    PriorKind(
        key="learned-normal",
        short="Learned",
        name="Learned normal",
        sentence="normal with learned mean and scale",
        build=lambda config, shape: LearnedNormal(config.latent_dim),
        fixed_components=1,
    )
)
