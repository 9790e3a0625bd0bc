"""How much is computed at once, so that memory stays bounded however large the data set and the mixture are."""

import math

import psutil
import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions import DiagNormalMixture, Distribution, NormalMixture
from vampcore.models.vae import BYTES_PER_NUMBER

Mixture = DiagNormalMixture | NormalMixture

# Pairs of a place and a component: 2 ** 21 in float64 are 16 MiB, and a few such tensors live together.
PAIRS_AT_ONCE = 2**21
# Rows of a chunk that meets many components: enough that what is made of each component once a chunk costs little.
ROWS_AT_LEAST = 2**11
# Numbers that a decoder of few bytes a number returns at once: 2 ** 24 in float32 are 64 MiB.
DECODED_AT_ONCE = 2**24
# In importance sampling on a CPU: 4 MiB, which stay in its cache (64 MiB take half as long again). Elsewhere the launch
# of an operation is the cost.
DECODED_AT_ONCE_ON_CPU = 2**20
# A sample that meets a component takes about 24 bytes, in float64.
BYTES_PER_PAIR = 24
SHARE_OF_FREE_MEMORY = 1 / 4


def rows_at_once(pairs_per_row: int) -> int:
    """Places in one step, when each is met by `pairs_per_row` components (or components times dimensions)."""
    return max(1, PAIRS_AT_ONCE // pairs_per_row)


def observations_at_once(x: Float[Tensor, "N C H W"], samples: int, bytes_per_number: int = BYTES_PER_NUMBER) -> int:
    """Observations in one step, when each is decoded from `samples` samples; for `VAE.bytes_per_number`."""
    decoded = min(_as_many_bytes(DECODED_AT_ONCE, bytes_per_number), _fitting(x.device, bytes_per_number))
    return max(1, min(2000, decoded // (samples * x[0].numel())))


def samples_at_once(x: Float[Tensor, "N C H W"], components: int = 1, bytes_per_number: int = BYTES_PER_NUMBER) -> int:
    """Importance samples in one step: what is fastest on the device of `x`, less where less memory is free.

    Arguments:
        x: Observations.
        components: Of the prior, each of which meets every sample.
        bytes_per_number: Of the model, `VAE.bytes_per_number`.
    """
    fastest = DECODED_AT_ONCE_ON_CPU if x.device.type == "cpu" else DECODED_AT_ONCE
    fastest = _as_many_bytes(fastest, bytes_per_number)
    bytes_a_sample = bytes_per_number * x[0].numel() + BYTES_PER_PAIR * components
    fitting = int(SHARE_OF_FREE_MEMORY * free_memory(x.device)) // bytes_a_sample
    return max(1, min(fastest // x[0].numel(), fitting))


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
    """log p(z) of each row in nats, some rows and some components at a time.

    What a product of matrices needs of each component is made anew for every chunk of rows. So the chunks keep their
    rows however many components there are, and the components are taken in parts: the time is linear in both.

    Arguments:
        density: One component, the 100,000 of an aggregated posterior, or what has no components.
        z: Places.
        chunk: Rows at once; chosen from the number of components if None.
    """
    if not isinstance(density, DiagNormalMixture | NormalMixture):
        return torch.cat([density.log_prob(part) for part in z.split(chunk or rows_at_once(1))])
    log_weights = density.log_weights
    components = len(log_weights)
    chunk = chunk or max(ROWS_AT_LEAST, rows_at_once(components))
    parts = [slice(start, start + rows_at_once(chunk)) for start in range(0, components, rows_at_once(chunk))]
    found = []
    for rows in z.split(chunk):
        total = rows.new_full((len(rows),), -math.inf)
        for part in parts:
            total = torch.logaddexp(total, _log_joint(density, log_weights, part, rows).logsumexp(-1))
        found.append(total)
    return torch.cat(found)


def _log_joint(
    mixture: Mixture, log_weights: Float[Tensor, " K"], part: slice, z: Float[Tensor, "N D"]
) -> Float[Tensor, "N part"]:
    """log w_k + log p(z | k) for the components of a part; `log_weights` are those of the whole mixture."""
    if isinstance(mixture, NormalMixture):
        return NormalMixture(mixture.mean[part], mixture.covariance[part], log_weights[part]).joint(z)
    return mixture.components[part].pairwise_log_prob(z) + log_weights[part]
