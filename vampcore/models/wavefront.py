"""Drawing from a PixelCNN without a pass of the network for each pixel.

With kernels of 3 x 3 and masks, what a layer says at row i, column j needs its input at (i, j - 1) and at
(i - 1, j - 1 .. j + 1), and with mask B at (i, j) itself. All these places but the last have a smaller 2 i + j. So the
pixels of one such diagonal are drawn together, each layer is computed once at each pixel, and of its input only the
last four diagonals are kept: an image takes W + 2 (H - 1) short steps and the arithmetic of one pass.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vampcore.models.outputs import Pixels
from vampcore.nn import MaskedConv2d

STEEPNESS = 2
KEPT = 4


class PointwiseLayer(Protocol):
    """A masked convolution of 3 x 3, and what follows it at each pixel alone."""

    convolution: MaskedConv2d

    def at(self, seen: Float[Tensor, "*pixels P"], matrix: Float[Tensor, "F P"]) -> Float[Tensor, "*pixels F"]: ...


class Wavefront:
    """Draws images along the diagonals 2 i + j = t.

    Arguments:
        layers: Of the PixelCNN, `PointwiseLayer`s.
        pixels: From the last layer's features `R B F` to the distribution `R B C 1 1` of single pixels.
        condition: Maps that the first layer sees beside the image.
        u: Uniform noise.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module] | nn.ModuleList,
        pixels: Callable[[Tensor], Pixels],
        condition: Float[Tensor, "B Z H W"],
        u: Float[Tensor, "U B C H W"],
    ) -> None:
        self.layers = [cast(PointwiseLayer, layer) for layer in layers]
        self.matrices = [layer.convolution.matrix() for layer in self.layers]
        self.places = [layer.convolution.places() for layer in self.layers]
        self.pixels, self.condition, self.u = pixels, condition, u
        self.height, self.width = condition.shape[-2:]

    def draw(self) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "B C H W"]]:
        """Images, and each pixel's mean given those before it."""
        images, means = torch.zeros_like(self.u[0]), torch.zeros_like(self.u[0])
        # Inputs of each layer on the last diagonals, the newest last; the first of their rows lies above the image.
        kept = [deque([self._empty(matrix.shape[1] // len(places))] * KEPT, KEPT) for matrix, places in self._seen()]
        for t in range(self.width + STEEPNESS * (self.height - 1)):
            first = max(0, -(-(t - self.width + 1) // STEEPNESS))
            rows = torch.arange(first, min(self.height - 1, t // STEEPNESS) + 1, device=self.u.device)
            columns = t - STEEPNESS * rows
            condition = self.condition[:, :, rows, columns].permute(2, 0, 1)
            unknown = condition.new_zeros(*condition.shape[:-1], images.shape[1])
            features = torch.cat([unknown, condition], -1)
            for i, layer in enumerate(self.layers):
                kept[i].append(self._on_diagonal(features, first))
                features = layer.at(self._around(kept[i], self.places[i], first, len(rows)), self.matrices[i])
            distribution = self.pixels(features)
            drawn = distribution.at(self.u[..., rows, columns].permute(0, 3, 1, 2)[..., None, None])[..., 0, 0]
            images[:, :, rows, columns] = drawn.permute(1, 2, 0)
            means[:, :, rows, columns] = distribution.mean()[..., 0, 0].permute(1, 2, 0)
            kept[0][-1][first + 1 : first + 1 + len(rows), :, : images.shape[1]] = drawn
        return images, means

    def _seen(self) -> Sequence[tuple[Tensor, list[tuple[int, int]]]]:
        return list(zip(self.matrices, self.places, strict=True))

    def _empty(self, channels: int) -> Float[Tensor, "R B I"]:
        return self.u.new_zeros(self.height + 1, self.u.shape[1], channels)

    def _on_diagonal(self, features: Float[Tensor, "r B I"], first: int) -> Float[Tensor, "R B I"]:
        """A diagonal of all rows, 0 where it lies outside the image."""
        whole = self._empty(features.shape[-1])
        whole[first + 1 : first + 1 + len(features)] = features
        return whole

    def _around(
        self, kept: deque[Tensor], places: list[tuple[int, int]], first: int, count: int
    ) -> Float[Tensor, "r B P"]:
        """The inputs at the places that each pixel of the newest diagonal sees."""
        parts = []
        for row, column in places:
            diagonal = kept[KEPT - 1 + STEEPNESS * row + column]
            parts.append(diagonal[first + 1 + row : first + 1 + row + count])
        return torch.cat(parts, -1)
