"""pythae 0.1.2 as a peer: from the registry into an environment of its own, run as a process that takes turns.

The environment sees ours (torch, numpy and what else pythae needs and we have) through a path file, and holds pythae
and what we do not have. Nothing of it is ever imported into our process.
"""

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.plain import PlainVampVAE
from benchmarks.timing import Seconds

VERSION = "0.1.2"
ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-pythae"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / f".installed-{VERSION}"
STEPS_PER_TURN = 6


class Unavailable(RuntimeError):
    """pythae cannot be had here; the message is one line that says why."""


def install() -> None:
    """Make the environment, unless it is there.

    Raises:
        Unavailable: If pythae cannot be installed.
    """
    if STAMP.exists():
        return
    _run(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT))
    (packages,) = ENVIRONMENT.glob("lib/python*/site-packages")
    (packages / "ours.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    pip = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    _run(*pip, f"pythae=={VERSION}")
    STAMP.touch()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise Unavailable(f"pythae {VERSION} could not be installed: {reason[-1]}")


class Peer:
    """A running process that times pythae's model when asked."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.torch_version: str = self._read()["torch"]

    def step(self, threads: int) -> Seconds:
        """Seconds a training step."""
        return Seconds(self._ask(do="step", threads=threads, calls=STEPS_PER_TURN)["seconds"])

    def log_likelihood(self, threads: int, samples: int) -> tuple[Seconds, float]:
        """Seconds that the first image's log p(x) takes, and its estimate in nats."""
        answer = self._ask(do="nll", threads=threads, samples=samples)
        return Seconds(answer["seconds"]), answer["log_likelihood"]

    def _ask(self, **question: str | int) -> dict[str, Any]:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended, and `_read` says so
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Unavailable(f"pythae {VERSION} does not run here: exit status {self._process.wait()}")
        return json.loads(line)


@contextmanager
def peer(plain: PlainVampVAE, images: Tensor, learning_rate: float = 5e-4) -> Iterator[Peer]:
    """pythae's model with the weights of a plain one and a batch of binary images, N x pixels.

    Raises:
        Unavailable: If pythae cannot be installed or run.
    """
    install()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.pt"
        torch.save({"state": plain.state_dict(), "images": images, "learning_rate": learning_rate}, file)
        with subprocess.Popen(
            [str(PYTHON), "-m", "benchmarks.pythae_process", str(file)],
            cwd=ROOT,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield Peer(process)
            finally:
                assert process.stdin is not None
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()  # which ends it
