"""The plain model with the weights of one of ours."""

import torch
from torch import Tensor

from benchmarks.plain import PlainVampVAE
from vampcore.models import VAE


def plain_copy(model: VAE, kind: type[PlainVampVAE] = PlainVampVAE) -> PlainVampVAE:
    """A plain model that computes what `model`, a VAE with a Bernoulli likelihood and a VampPrior, computes."""
    state = plain_state(dict(model.state_dict()))
    bodies = [name for name in state if name.startswith("encoder.body.") and name.endswith("value.weight")]
    components, pixels = state["pseudo_inputs"].shape
    latent_dim, hidden = state["encoder.mean.weight"].shape
    plain = kind(pixels, hidden, len(bodies), latent_dim, components)
    plain.load_state_dict(state)
    return plain


def plain_state(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our parameters, or their gradients, under the plain model's names: each pair that we compute as one is split."""
    state = {}
    for name, tensor in tensors.items():
        module, _, kind = name.rpartition(".")
        if name == "prior.pseudo_inputs":
            state["pseudo_inputs"] = tensor.flatten(1)
        elif module == "decoder.output.linear":
            state[f"decoder.pixels.{kind}"] = tensor
        elif module == "encoder.head.linear":
            state[f"encoder.mean.{kind}"], state[f"encoder.logvar.{kind}"] = torch.chunk(tensor, 2)
        else:
            gated = module.removesuffix(".linear")
            state[f"{gated}.value.{kind}"], state[f"{gated}.gate.{kind}"] = torch.chunk(tensor, 2)
    return state
