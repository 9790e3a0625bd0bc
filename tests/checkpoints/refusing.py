"""What every refusal of a bad checkpoint has in common."""

from collections.abc import Callable
from pathlib import Path

import pytest

from vampcore.checkpoints import CheckpointError, load

TENSORS = ("weights.safetensors", "latents.safetensors", "per_image.safetensors", "snapshots.safetensors")
HINTS = ("restore it", "train it again", "evaluate it again", "evaluate the checkpoint again", "upgrade it")


def refused(folder: Path, file: str, said: str, read: Callable[[Path], object] = load) -> None:
    with pytest.raises(CheckpointError) as caught:
        read(folder)
    message = str(caught.value)
    assert message.startswith(str(folder / file))
    assert said in message
    assert "\n" not in message
    assert len(message) < len(str(folder)) + 400
    assert any(hint in message for hint in HINTS)
