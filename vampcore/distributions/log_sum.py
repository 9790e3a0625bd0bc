"""log sum_k exp(x . w_k + b_k) of many rows and many k, part by part, also backwards: without memory for all pairs."""

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

# Pairs of a row and a k that are computed at once. On a CPU they stay in its cache: 2 MiB in float64. Elsewhere the
# launch of an operation is the cost.
PAIRS_AT_ONCE_ON_CPU = 2**18
PAIRS_AT_ONCE = 2**24
ROWS_AT_ONCE = 2**11
# Pairs up to which a sum is written out all the same: it is as fast, and compiled code fuses it with what is around it.
PAIRS_WRITTEN_OUT = 2**17
PAIRS_FUSED = 2**21
# Terms below e^-60 of the largest are raised to it, which changes no digit of a sum of 10^9 terms in float64. On a CPU,
# float32's exponential of less than -87 takes 15 to 40 times as long as one that a normal number can hold.
_SMALLEST = -60.0


def is_small(pairs: int) -> bool:
    """Whether a sum over so many pairs is better written out than made part by part."""
    return pairs <= (PAIRS_FUSED if torch.compiler.is_compiling() else PAIRS_WRITTEN_OUT)


def linear_logsumexp(
    x: Float[Tensor, "*s F"],
    weight: Float[Tensor, "K F"],
    bias: Float[Tensor, " K"],
    left_out: Int[Tensor, "*s"] | None = None,
) -> Float[Tensor, "*s"]:
    """log sum_k exp(x . weight_k + bias_k), differentiable once in `x`, `weight` and `bias`.

    The same as `linear(x, weight, bias).logsumexp(-1)` in the dtype of `x`, under autocast too. The sums of a part of
    the pairs are made, used and forgotten, and made again for the gradients: memory does not grow with rows times K.

    Arguments:
        x: Rows.
        weight: One of each k.
        bias: One of each k; minus infinity leaves it out, and one k at least must stay.
        left_out: One k of each row that its sum leaves out.
    """
    if is_small(x.shape[:-1].numel() * len(weight)):
        with torch.autocast(x.device.type, enabled=False):
            terms = functional.linear(x, weight, bias)
        kept = terms if left_out is None else terms.scatter(-1, left_out.unsqueeze(-1), -math.inf)
        return kept.logsumexp(-1)
    # What can be compiled imports the compiler when it is first called: seconds, and 150 MB.
    sums = _compiled_sums if torch.compiler.is_compiling() else _Sums.apply
    rows = None if left_out is None else left_out.reshape(-1)
    return sums(x.reshape(-1, x.shape[-1]), weight, bias, rows).view(x.shape[:-1])


def _sums(x: Tensor, weight: Tensor, bias: Tensor, left_out: Tensor | None) -> Tensor:
    found = x.new_full((len(x),), -math.inf)
    for rows, part in _parts(x, weight):
        terms = _terms(x, weight, bias, left_out, rows, part)
        # Finite where a part holds nothing but what is left out.
        largest = terms.amax(-1, keepdim=True).clamp_(min=torch.finfo(terms.dtype).min)
        total = terms.sub_(largest).clamp_(min=_SMALLEST).exp_().sum(-1).log_().add_(largest.squeeze(-1))
        found[rows] = torch.logaddexp(found[rows], total)
    return found


def _gradients(
    gradient: Tensor, found: Tensor, x: Tensor, weight: Tensor, bias: Tensor, left_out: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Of the rows, the weights and the biases, from that of the sums that were found."""
    of_x, of_weight, of_bias = torch.zeros_like(x), torch.zeros_like(weight), torch.zeros_like(bias)
    for rows, part in _parts(x, weight):
        terms = _terms(x, weight, bias, left_out, rows, part)
        shares = terms.sub_(found[rows].unsqueeze(-1)).clamp_(min=_SMALLEST).exp_()
        shares.mul_(gradient[rows].unsqueeze(-1))
        with torch.autocast(x.device.type, enabled=False):
            of_x[rows].addmm_(shares, weight[part])
            of_weight[part].addmm_(shares.mT, x[rows])
        of_bias[part] += shares.sum(0)
    return of_x, of_weight, of_bias


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(x, weight, bias, left_out):  # type: ignore[no-untyped-def]
        return _sums(x, weight, bias, left_out)

    @staticmethod
    def setup_context(ctx, inputs, output):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(output, *inputs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        return (*_gradients(gradient, *ctx.saved_tensors), None)


# The same for compiled code, which takes the loops for one operation that it does not look into.
_compiled_sums = torch.library.custom_op("vampcore::linear_logsumexp", _sums, mutates_args=())
_compiled_gradients = torch.library.custom_op("vampcore::linear_logsumexp_backward", _gradients, mutates_args=())


@_compiled_sums.register_fake
def _(x: Tensor, weight: Tensor, bias: Tensor, left_out: Tensor | None) -> Tensor:
    return x.new_empty((len(x),))


@_compiled_gradients.register_fake
def _(
    gradient: Tensor, found: Tensor, x: Tensor, weight: Tensor, bias: Tensor, left_out: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), torch.empty_like(weight), torch.empty_like(bias)


def _compiled_backward(ctx, gradient):  # type: ignore[no-untyped-def]
    return (*_compiled_gradients(gradient, *ctx.saved_tensors), None)


_compiled_sums.register_autograd(_compiled_backward, setup_context=_Sums.setup_context)


def _parts(x: Tensor, weight: Tensor) -> Iterator[tuple[slice, slice]]:
    """Ranges of rows and of k that cover all pairs."""
    pairs = PAIRS_AT_ONCE_ON_CPU if x.device.type == "cpu" else PAIRS_AT_ONCE
    rows = max(1, min(len(x), ROWS_AT_ONCE))
    each = max(1, pairs // rows)
    for start in range(0, len(x), rows):
        for first in range(0, len(weight), each):
            yield slice(start, start + rows), slice(first, first + each)


def _terms(x: Tensor, weight: Tensor, bias: Tensor, left_out: Tensor | None, rows: slice, part: slice) -> Tensor:
    with torch.autocast(x.device.type, enabled=False):
        terms = functional.linear(x[rows], weight[part], bias[part])
    if left_out is not None:
        own = (left_out[rows] - part.start).unsqueeze(-1)
        place = own.clamp(0, terms.shape[1] - 1)
        terms.scatter_(1, place, terms.gather(1, place).masked_fill_(own == place, -math.inf))
    return terms
