"""Shapes and types of the library are checked while its tests run, in every worker of pytest-xdist too."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.processes import ROOT, environment
from vampcore.distributions import DiagNormal

WORKERS = 1  # all are started in the same way


def test_a_call_of_a_wrong_shape_is_refused():
    """A log-variance of three dimensions for a mean of two: torch alone would notice later, or never."""
    with pytest.raises(TypeError, match=r"type-check|shape|logvar"):
        DiagNormal(torch.zeros(4, 2), torch.zeros(4, 3))


def test_it_is_refused_in_every_worker():
    this = Path(__file__).relative_to(ROOT)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:cov", "--dist=each"]
    command += [f"--tx={WORKERS}*popen", f"{this}::test_a_call_of_a_wrong_shape_is_refused"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"{WORKERS} passed" in done.stdout
