"""Processes of their own: for what the shape-checking hook forbids, and for training in several."""

import os
import subprocess
import sys
from pathlib import Path

from tools.patience import patience

ROOT = Path(__file__).resolve().parents[1]
ABORTED = -6
LEAVE = "\nimport os, sys\nsys.stdout.flush()\nos._exit(0)\n"
"""End of a script: at once, since to take PyTorch down takes a second."""


def run_python(script: str, *arguments: str) -> str:
    """What a script prints, run in a fresh interpreter; fails if it does."""
    return _run([sys.executable, "-c", script + LEAVE, *arguments])


def run_together(count: int, folder: Path, script: str, *arguments: str, torchrun: bool = False) -> str:
    """What a script prints, run by `count` processes: under torchrun, or forked from one, which takes a quarter of it.

    Two gloo processes on one machine abort now and then as they exit, with a bare linear layer too: then once more.
    """
    path = folder / "together.py"
    path.write_text(script)
    launcher = ["torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    command = [sys.executable, "-m", *(launcher if torchrun else ["tests.together", str(count)]), str(path)]
    return _run([*command, *arguments], attempts=3)


def environment() -> dict[str, str]:
    """Variables of a process of its own: this tree's code, one thread, and nothing of the worker that starts it.

    torch.compile takes the processor's instructions as given, which it would else try by ten programs, and compiles in
    the process itself, where it would else start another.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    compiling = {"TORCHINDUCTOR_VEC_ISA_OK": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    return inherited | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | compiling


def _run(command: list[str], attempts: int = 1) -> str:
    for left in reversed(range(attempts)):
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=patience(300), check=False
        )
        if done.returncode == 0:
            return done.stdout
        aborted = done.returncode == ABORTED or "SIGABRT" in done.stderr
        if not (aborted and left):
            break
    raise AssertionError(f"exit status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
