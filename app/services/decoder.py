"""A decoder as bytes for the browser, which then decodes a place of the plane without asking the server.

Behind the header, which lists the layers in the order in which they are computed, come numbers in float32, and weights
in float16, or in float32 where float16 would change one.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.services.catalogue import is_vector
from app.services.content import Content
from app.services.latent_plane.encoding import plane
from app.services.loading import Loaded, Ref, loaded
from app.services.memory import cached
from vampcore.models.hvae import Joined, LowerDenseLayer, TwoLayerDecoder
from vampcore.models.mlp import BinomialOutput, Decoder, LogisticOutput
from vampcore.models.pixelcnn import PixelDecoder
from vampcore.nn import GatedDense

FORMAT = 1
MOST_WEIGHTS = 4_000_000
"""Of more weights a browser takes longer than a frame for an image (1 ms for a million), and loads more than 8 MB."""


class _NotDenseError(Exception):
    """A decoder that a page cannot compute, and why in half a sentence."""


@dataclass(frozen=True)
class _Dense:
    """One layer: `gated` (value times sigmoid of the gate), `affine`, or `sigmoid` of an affine map.

    Attributes:
        kind: Which of them.
        inputs: Names of what it takes, joined in this order; the first layer takes `z`.
        output: Name of what it gives; the last one gives `image`.
        size: Numbers that it gives.
        weight: Rows of values, then of gates.
        bias: One for each row.
    """

    kind: str
    inputs: tuple[str, ...]
    output: str
    size: int
    weight: Tensor
    bias: Tensor


def refusal(ref: Ref) -> str:
    """Why the browser cannot decode for this model, in half a sentence; "" where it can."""
    try:
        _layers(loaded(ref))
    except _NotDenseError as reason:
        return str(reason)
    return ""


@cached(24)
def packed(ref: Ref) -> Content | None:
    """The decoder with what lifts a place of the plane; None where the browser cannot decode."""
    model = loaded(ref)
    try:
        layers = _layers(model)
    except _NotDenseError:
        return None
    numbers, components = _lift(ref, model)
    weights = np.concatenate([part.numpy().ravel() for layer in layers for part in (layer.weight, layer.bias)])
    halves = weights.astype(np.float16)
    exact = bool((halves.astype(np.float32) == weights).all())
    described = [
        {key: value for key, value in asdict(layer).items() if key not in ("weight", "bias")} for layer in layers
    ]
    header: dict[str, object] = {
        "format": FORMAT,
        "shape": model.checkpoint.observation.shape,
        "latent": model.posterior.mean.shape[-1],
        "exact": plane(ref).exact,
        "components": components,
        "layers": described,
        "weights": "float16" if exact else "float32",
    }
    parts = [np.ascontiguousarray(part, "<f4").tobytes() for part in numbers]
    tail = halves.astype("<f2") if exact else weights.astype("<f4")
    return Content.framed(header, *parts, tail.tobytes())


def _lift(ref: Ref, model: Loaded) -> tuple[list[NDArray[np.float32]], int]:
    """What the browser needs to find z above a place and to name its component, and the number of components.

    The plane's origin (D) and basis (D, 2); then, for K components: means (K, D), log-variances (K, D) and log-weights
    (K), and on the plane means (K, 2) and covariances (K, 2, 2).
    """
    where = plane(ref)
    numbers: list[NDArray[np.float32]] = [where.origin, where.basis]
    if not model.has.components:
        return numbers, 0
    mixture = model.mixture
    with torch.inference_mode():
        shadow = mixture.project(torch.tensor(where.basis), torch.tensor(where.origin))
        parts = (
            mixture.components.mean,
            mixture.components.logvar,
            mixture.log_weights,
            shadow.mean,
            shadow.covariance,
        )
        numbers += [np.asarray(part.numpy(), np.float32) for part in parts]
    return numbers, len(mixture.logits)


def _layers(model: Loaded) -> list[_Dense]:
    """The way from z to the decoded mean; lower layers take the means of their priors, as `decode_means` does.

    Raises:
        _NotDenseError: If a part of it is no dense layer, or if there is no image at its end.
    """
    if is_vector(model.checkpoint.observation.shape):
        raise _NotDenseError("its observations are vectors, not images")
    vae = model.checkpoint.model
    decoder, lower = vae.decoder, list(vae.layers)
    if isinstance(decoder, Decoder) and not lower:
        layers = _gated(decoder.body, "z", "h")
    elif isinstance(decoder, TwoLayerDecoder) and len(lower) == 1 and isinstance(lower[0], LowerDenseLayer):
        layers = _gated(lower[0].from_above, "z", "p")
        head = lower[0].prior_head.linear
        layers.append(_layer("affine", (layers[-1].output,), "z1", head, len(head.bias) // 2))
        layers += _joined(decoder.joined, "z1", "z")
    elif isinstance(decoder, PixelDecoder):
        raise _NotDenseError("its decoder draws one pixel after the other")
    else:
        raise _NotDenseError("its decoder is not made of dense layers")
    layers.append(_output(decoder.output, layers[-1].output))
    weights = sum(layer.weight.numel() for layer in layers)
    if weights > MOST_WEIGHTS:
        raise _NotDenseError(f"its decoder has {weights / 1e6:.0f} million weights, too many for a browser")
    return layers


def _layer(kind: str, inputs: tuple[str, ...], output: str, linear: nn.Linear, rows: int) -> _Dense:
    """A layer that gives the first `rows` rows of an affine map, or of a gated layer all."""
    weight, bias = linear.weight[:rows].detach().cpu(), linear.bias[:rows].detach().cpu()
    return _Dense(kind, inputs, output, rows // 2 if kind == "gated" else rows, weight, bias)


def _gate(layer: nn.Module, inputs: tuple[str, ...], output: str) -> _Dense:
    if not isinstance(layer, GatedDense):
        raise _NotDenseError("its decoder has layers that are not gated ones")
    return _layer("gated", inputs, output, layer.linear, len(layer.linear.bias))


def _gated(body: nn.Sequential, first: str, name: str) -> list[_Dense]:
    """Gated layers, one after another."""
    layers: list[_Dense] = []
    for i, layer in enumerate(body):
        layers.append(_gate(layer, (layers[-1].output if layers else first,), f"{name}{i}"))
    return layers


def _joined(joined: Joined, first: str, second: str) -> list[_Dense]:
    return [
        _gate(joined.first, (first,), "first"),
        _gate(joined.second, (second,), "second"),
        _gate(joined.both, ("first", "second"), "both"),
    ]


def _output(output: nn.Module, features: str) -> _Dense:
    """The mean of each pixel; of a logistic its location."""
    if not isinstance(output, BinomialOutput | LogisticOutput):
        raise _NotDenseError("its decoder ends in a likelihood that only the server computes")
    return _layer("sigmoid", (features,), "image", output.linear, math.prod(output.shape))
