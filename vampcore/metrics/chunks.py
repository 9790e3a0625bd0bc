"""How much is computed at once, so that memory stays bounded however large the data set and the mixture are."""

import math
from collections.abc import Iterator

import psutil
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vampcore.distributions import DiagNormalMixture, Distribution, NormalMixture
from vampcore.models.vae import BYTES_PER_NUMBER

Mixture = DiagNormalMixture | NormalMixture

# Pairs of a place and a component: 2 ** 21 in float64 are 16 MiB, and a few such tensors live together.
PAIRS_AT_ONCE = 2**21
# Numbers that a decoder of few bytes a number returns at once: 2 ** 24 in float32 are 64 MiB.
DECODED_AT_ONCE = 2**24
# In importance sampling on a CPU: 4 MiB, which stay in its cache (64 MiB take half as long again). Elsewhere the launch
# of an operation is the cost.
DECODED_AT_ONCE_ON_CPU = 2**20
SHARE_OF_FREE_MEMORY = 1 / 4


def rows_at_once(pairs_per_row: int) -> int:
    """Places in one step, when each is met by `pairs_per_row` components (or components times dimensions)."""
    return max(1, PAIRS_AT_ONCE // pairs_per_row)


def observations_at_once(x: Float[Tensor, "N C H W"], samples: int, bytes_per_number: int = BYTES_PER_NUMBER) -> int:
    """Observations in one step, when each is decoded from `samples` samples; for `VAE.bytes_per_number`."""
    decoded = min(_as_many_bytes(DECODED_AT_ONCE, bytes_per_number), _fitting(x.device, bytes_per_number))
    return max(1, min(2000, decoded // (samples * x[0].numel())))


def samples_at_once(x: Float[Tensor, "N C H W"], bytes_per_number: int = BYTES_PER_NUMBER) -> int:
    """Importance samples in one step: what is fastest on the device of `x`, less where less memory is free.

    Arguments:
        x: Observations.
        bytes_per_number: Of the model, `VAE.bytes_per_number`.
    """
    fastest = DECODED_AT_ONCE_ON_CPU if x.device.type == "cpu" else DECODED_AT_ONCE
    fastest = _as_many_bytes(fastest, bytes_per_number)
    return max(1, min(fastest, _fitting(x.device, bytes_per_number)) // x[0].numel())


def free_memory(device: torch.device) -> int:
    """Bytes that can be had on a device now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def _as_many_bytes(numbers: int, bytes_per_number: int) -> int:
    """Numbers that take as much memory as these do at `BYTES_PER_NUMBER`."""
    return numbers * BYTES_PER_NUMBER // bytes_per_number


def _fitting(device: torch.device, bytes_per_number: int) -> int:
    """Decoded numbers that fit into a share of the free memory."""
    return int(SHARE_OF_FREE_MEMORY * free_memory(device)) // bytes_per_number


@torch.no_grad()
def log_density(
    density: Mixture | Distribution, z: Float[Tensor, "N D"], chunk: int | None = None
) -> Float[Tensor, " N"]:
    """log p(z) of each row in nats, some rows at a time.

    Arguments:
        density: One component, the 100,000 of an aggregated posterior, or what has no components.
        z: Places.
        chunk: Rows at once; if None, so many that their coordinates and the squares of these are `PAIRS_AT_ONCE`
            numbers at most.
    """
    return torch.cat([density.log_prob(part) for part in z.split(chunk or rows_at_once(2 * z.shape[-1]))])


@torch.no_grad()
def responsibilities(
    mixture: Mixture, z: Float[Tensor, "N D"], chunk: int | None = None, log_p: Float[Tensor, " N"] | None = None
) -> Iterator[tuple[slice, Float[Tensor, "N part"]]]:
    """p(k | z) of every row, some components at a time: which they are, and theirs; less than e^-80 is 0.

    Arguments:
        mixture: Of any number of components; what is made of each of them is made once.
        z: Places.
        chunk: Components at once; as many as make `PAIRS_AT_ONCE` pairs if None.
        log_p: The mixture's log-density at the places, where it is known.
    """
    log_weights = mixture.log_weights
    log_p = (log_density(mixture, z) if log_p is None else log_p).unsqueeze(-1)
    chunk = chunk or max(1, PAIRS_AT_ONCE // max(1, len(z)))
    for start in range(0, len(log_weights), chunk):
        part = slice(start, min(start + chunk, len(log_weights)))
        if isinstance(mixture, NormalMixture):
            joint = NormalMixture(mixture.mean[part], mixture.covariance[part], log_weights[part]).joint(z)
        else:
            joint = mixture.components[part].pairwise_log_prob(z) + log_weights[part]
        # A CPU takes 40 times as long for an exponential in float32 that is too small to be a normal number.
        yield part, functional.threshold((joint - log_p).clamp_(min=-81).exp_(), math.exp(-80), 0.0, inplace=True)
