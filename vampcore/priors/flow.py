"""The prior that is a normalising flow: no components, an exact density all the same."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vampcore.distributions import DiagNormal, Flow
from vampcore.kinds import PriorKind
from vampcore.priors.encoder import Encoder
from vampcore.priors.registry import Prior
from vampcore.transforms import AffineTransforms


class RealNVP(Prior):
    """N(0, I) carried through affine coupling transforms.

    The transforms run from the latent space to the normal, so that a density, which training needs, takes one pass
    through each; a sample takes two.

    Arguments:
        latent_dim: D, two or more.
        transforms: Coupling transforms.
        hidden: Units of each hidden layer of their networks.

    Reference:
        Dinh, Sohl-Dickstein, Bengio, Density estimation using Real NVP, ICLR 2017. https://arxiv.org/abs/1605.08803
    """

    zeros: Float[Tensor, " D"]

    def __init__(self, latent_dim: int, transforms: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("zeros", torch.zeros(latent_dim), persistent=False)
        self.to_normal = AffineTransforms(latent_dim, transforms, hidden, coupling=True)

    def forward(self, encoder: Encoder, index: Int[Tensor, " N"] | None = None) -> Flow:
        towards = self.to_normal()
        return Flow(DiagNormal(self.zeros, self.zeros), tuple(transform.inv for transform in reversed(towards)))


KINDS = (
    PriorKind(
        key="realnvp",
        short="Flow",
        name="Flow prior (RealNVP)",
        sentence="normalising flow (RealNVP)",
        noun="flow prior",
        idea="one round cloud, bent into shape by a learned flow",
        build=lambda config, shape: RealNVP(config.latent_dim, config.transforms, config.transform_hidden),
        fixed_components=0,
        is_flow=True,
        no_pseudo_inputs="A flow has no pseudo-inputs and no components: it is a single density.",
    ),
)
