"""What tests of several commands run and read."""

from pathlib import Path

import numpy as np

from vampcore.commands import main

QUICK = ("--components=4", "--latent-dim=2", "--hidden=16", "--layers=1", "--epochs=2", "--warmup=1")
QUICK += ("--experiment=quick",)


def failed(capsys, arguments: list[str]) -> str:
    """The one error of a command that must fail."""
    assert main(arguments) == 1
    return only_error(capsys)


def only_error(capsys) -> str:
    """The one error line that was printed."""
    said = capsys.readouterr().err
    (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in said
    return line


def own_images(path: Path, count: int = 60, size: int = 8) -> None:
    """Write random grey images."""
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (count, size, size), dtype=np.uint8))
