"""What every command does: exit status, one line for a mistake, and a quick start."""

import json

import pytest

from tests.processes import run_python
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


def test_json_alone_goes_to_standard_output(family, capfd):
    assert main(["evaluate", str(family / "small" / "sg"), "--samples", "2", "--json"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["format"] == 2
    assert "Traceback" not in err
