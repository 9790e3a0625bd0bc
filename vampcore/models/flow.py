"""Encoders whose posterior is a normalising flow."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vampcore.distributions import Flow
from vampcore.models.mlp import Encoder
from vampcore.nn import GatedDense
from vampcore.transforms import AffineTransforms


class FlowEncoder(nn.Module):
    """x -> q(z | x): the normal of an encoder, carried through transforms that see features of x as well.

    Arguments:
        normal: The encoder, whose body makes the features.
        transforms: Number of transforms.
        hidden: Units of each hidden layer of their networks, and features of the context.
        coupling: Coupling transforms (a normalising flow in the sense of RealNVP), or autoregressive ones (IAF), which
            sample in one pass each too.

    References:
        Rezende, Mohamed, Variational Inference with Normalizing Flows, ICML 2015. https://arxiv.org/abs/1505.05770
        Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow, NeurIPS 2016.
        https://arxiv.org/abs/1606.04934
    """

    def __init__(self, normal: Encoder, transforms: int, hidden: int, coupling: bool) -> None:
        super().__init__()
        self.latent_dim = normal.latent_dim
        self.normal = normal
        self.context = GatedDense(normal.features, hidden)
        self.transforms = AffineTransforms(normal.latent_dim, transforms, hidden, coupling, context=hidden)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Flow:
        features = self.normal.body(x.flatten(1))
        with torch.autocast(features.device.type, enabled=False):
            context = self.context(features.to(self.context.linear.weight.dtype))
        return Flow(self.normal.head(features), self.transforms(context))
