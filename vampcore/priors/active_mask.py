"""Components that a mixture has at the moment, of all those that it has room for."""

import math

import torch
from jaxtyping import Float, UInt8
from torch import Tensor


def initial_active(count: int, alive: int) -> UInt8[Tensor, " K"] | None:
    """Of `count` components the first ones, 1, and the others, 0; None where all of them always are."""
    return (torch.arange(count) < alive).byte() if alive else None


def mask_inactive(logits: Float[Tensor, " K"], alive: UInt8[Tensor, " K"] | None) -> Float[Tensor, " K"]:
    """The logits, minus infinity for a component that is not alive: its index stays, and it learns nothing."""
    return logits if alive is None else logits.masked_fill(alive == 0, -math.inf)
