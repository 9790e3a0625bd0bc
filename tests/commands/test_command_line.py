"""What every command does: exit status, one line for a mistake, and a quick start."""

import json
import subprocess
import sys

import pytest

from tests.processes import run_python
from tools.patience import patience
from vampcore.commands import main


def test_starting_imports_nothing_that_takes_seconds():
    script = (
        "import sys, vampcore.commands; print(*{'torchvision', 'torch._dynamo', 'sklearn', 'pandas'} & {*sys.modules})"
    )
    assert run_python(script).split() == []


def test_an_unknown_data_set_is_bad_usage():
    with pytest.raises(SystemExit) as ended:
        main(["data", "imagenet"])
    assert ended.value.code == 2


def test_json_alone_goes_to_standard_output(family):
    command = [sys.executable, "-m", "vampcore", "evaluate", str(family / "small" / "sg"), "--samples", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience(300), check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["format"] == 2
    assert "Traceback" not in done.stderr
