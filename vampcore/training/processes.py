"""The processes that train one model together: this one alone, or those that torchrun or accelerate launch started."""

import os
from collections.abc import Sequence
from datetime import timedelta

import torch
from torch import Tensor


class Processes:
    """What a process has to know of the others: how many there are, its part of the work, and how to add up.

    Every process holds the whole model and all random states, draws the noise of the whole batch and computes its rows,
    so that neither the result nor a state to resume from depends on how many processes there are. They meet through
    Hugging Face Accelerate, which is imported where there is more than one.

    Arguments:
        device: `cpu`, `cuda` or `mps`; several processes with `cuda` take one GPU each.
        count: How many a launcher started to train together; from its environment if None, and 1 for a process that
            trains a model of its own whoever started it.
    """

    def __init__(self, device: str = "cpu", count: int | None = None) -> None:
        self.device, self.rank, self.count = torch.device(device), 0, 1
        if (int(os.environ.get("WORLD_SIZE", "1")) if count is None else count) > 1:
            from accelerate import PartialState  # costs a second to import

            # The others wait while the first one measures a checkpoint.
            state = PartialState(cpu=device == "cpu", timeout=timedelta(hours=6))
            self.device, self.rank, self.count = state.device, state.process_index, state.num_processes

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """This process's part of `count` rows; the parts differ in size by one at most."""
        return slice(count * self.rank // self.count, count * (self.rank + 1) // self.count)

    def sum(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The tensors added up over all processes, in one exchange; every process gets the same sums, bit for bit."""
        if self.count == 1:
            return list(tensors)
        from accelerate.utils import reduce

        flat = reduce(torch.cat([tensor.detach().flatten() for tensor in tensors]), "sum")
        parts = flat.split([tensor.numel() for tensor in tensors])
        return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]

    def any(self, value: bool) -> bool:
        """Whether it is so in any process."""
        return value if self.count == 1 else bool(self.sum([torch.tensor([float(value)], device=self.device)])[0] > 0)

    def end(self) -> None:
        """Part from the others; the last thing that a process does."""
        if self.count > 1:
            torch.distributed.destroy_process_group()
