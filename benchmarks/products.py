"""Matrix products alone: the floor under whatever is computed with dense layers.

Every product writes into a tensor that is there already and reads operands that have the precision already: no bias, no
activation, no conversion, no allocation.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Dense:
    """A dense layer's products: rows x inputs times inputs x outputs.

    Attributes:
        rows: Images, pseudo-inputs or latent places that pass at once.
        inputs: Units before.
        outputs: Units after.
        dtype: Of all operands.
        to_inputs: Whether the backward pass goes on to the inputs; not so where they are data.
    """

    rows: int
    inputs: int
    outputs: int
    dtype: torch.dtype = torch.float32
    to_inputs: bool = True

    def forward(self) -> Callable[[], Tensor]:
        """y = x W'."""
        return self._product((self.rows, self.inputs), (self.outputs, self.inputs), transpose_second=True)

    def backward(self) -> list[Callable[[], Tensor]]:
        """dW = dy' x and, unless the inputs are data, dx = dy W."""
        to_weights = self._product((self.rows, self.outputs), (self.rows, self.inputs), transpose_first=True)
        if not self.to_inputs:
            return [to_weights]
        return [to_weights, self._product((self.rows, self.outputs), (self.outputs, self.inputs))]

    def _product(
        self,
        first: tuple[int, int],
        second: tuple[int, int],
        transpose_first: bool = False,
        transpose_second: bool = False,
    ) -> Callable[[], Tensor]:
        a, b = torch.randn(first).to(self.dtype), torch.randn(second).to(self.dtype)
        a, b = (a.mT if transpose_first else a), (b.mT if transpose_second else b)
        out = torch.empty(a.shape[0], b.shape[1], dtype=self.dtype)
        return lambda: torch.mm(a, b, out=out)


def gated_body(rows: int, inputs: int, hidden: int, layers: int, dtype: torch.dtype, to_inputs: bool) -> list[Dense]:
    """The layers of a gated body; value and gate are one product of twice the width, as we compute them."""
    first = Dense(rows, inputs, 2 * hidden, dtype, to_inputs)
    return [first, *(Dense(rows, hidden, 2 * hidden, dtype) for _ in range(layers - 1))]


def forward_and_backward(layers: Iterable[Dense]) -> Callable[[], None]:
    """A call that makes the products of a training step."""
    layers = list(layers)
    products = [layer.forward() for layer in layers]
    products += [product for layer in reversed(layers) for product in layer.backward()]

    def call() -> None:
        for product in products:
            product()

    return call
