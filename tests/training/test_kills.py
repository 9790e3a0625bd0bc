"""A run that is killed again and again ends as one that was left alone."""

import json
import subprocess
import sys
from pathlib import Path

from tools.patience import patience

ROOT = Path(__file__).resolve().parents[2]


def test_killed_at_random_moments_equals_left_alone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.kills", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience(170),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 6
    assert sum(run["kills"] for run in found) >= 15
    assert sum(run["readings"] for run in found) >= 5
    for run in found:
        assert run["epochs"] == [4, 4]
        assert run["weights"], run
        assert run["best"], run
        assert run["optimizer"], run
        assert run["film"], run
        assert run["checkpoint"], run
    for prior in ("sg", "mog", "vamp", "vamp-weighted", "vamp-data", "exemplar"):
        assert not (tmp_path / "killed" / f".{prior}.old").exists()
