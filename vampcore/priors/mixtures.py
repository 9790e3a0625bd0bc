"""Priors that own their components: the standard normal, a mixture of one, and the mixture of normals."""

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.kinds import PriorKind
from vampcore.priors.active_mask import initial_active, mask_inactive
from vampcore.priors.encoder import Encoder
from vampcore.priors.registry import GrowingPrior, Prior


class StandardNormal(Prior):
    """N(0, I), as a mixture of one component."""

    zeros: Float[Tensor, "1 D"]

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.register_buffer("zeros", torch.zeros(1, latent_dim), persistent=False)

    def forward(self, encoder: Encoder, index: Int[Tensor, " N"] | None = None) -> DiagNormalMixture:
        return DiagNormalMixture(DiagNormal(self.zeros, self.zeros), self.zeros[:, 0])


class MixtureOfGaussians(GrowingPrior):
    """sum_k w_k N(mean_k, diag exp(logvar_k)) with all three learned.

    Means start as draws of N(0, I), where the encoder's first posteriors lie; scales start at 1 and weights equal.

    Arguments:
        components: K.
        latent_dim: D.
        grow_from: Components that are alive at the start; 0 for all, always. See `vampcore.training.growing`.
    """

    alive: UInt8[Tensor, " K"] | None

    def __init__(self, components: int, latent_dim: int, grow_from: int = 0) -> None:
        super().__init__()
        self.register_buffer("alive", initial_active(components, grow_from))
        self.mean = nn.Parameter(torch.empty(components, latent_dim))
        if not self.mean.is_meta:  # see vampcore.nn
            nn.init.normal_(self.mean)
        self.logvar = nn.Parameter(torch.zeros(components, latent_dim))
        self.logits = nn.Parameter(torch.zeros(components))

    def forward(self, encoder: Encoder, index: Int[Tensor, " N"] | None = None) -> DiagNormalMixture:
        return DiagNormalMixture(DiagNormal(self.mean, self.logvar), mask_inactive(self.logits, self.alive))

    @torch.no_grad()
    def place(self, slots: Int[Tensor, " R"], images: Float[Tensor, "R C H W"], posterior: DiagNormal) -> None:
        """Let some components start at these images: as the posteriors there."""
        self.mean[slots] = posterior.mean
        self.logvar[slots] = posterior.logvar


KINDS = (
    PriorKind(
        key="sg",
        short="SG",
        name="Standard normal",
        sentence="standard normal",
        noun="standard normal",
        idea="one round cloud, fixed before training",
        build=lambda config, shape: StandardNormal(config.latent_dim),
        fixed_components=1,
        any_posterior=True,
        no_pseudo_inputs="A standard normal has no pseudo-inputs: it is one fixed component.",
    ),
    PriorKind(
        key="mog",
        short="MoG",
        name="Mixture of Gaussians",
        sentence="mixture of normals with learned means, scales and weights",
        noun="mixture of Gaussians",
        idea="{K} clouds, each with its own place and size",
        build=lambda config, shape: MixtureOfGaussians(config.components, config.latent_dim, config.grow_from),
        grows=True,
        no_pseudo_inputs=(
            "A mixture of Gaussians has no pseudo-inputs: it learns the means and scales of its components directly."
        ),
        of_components=lambda parts, logits: {"mean": parts.mean, "logvar": parts.logvar, "logits": logits},
    ),
)
