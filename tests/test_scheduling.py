"""Which tests share a worker, and that a run on two workers keeps to it."""

import json
import subprocess
import sys

from tests.processes import environment
from tests.scheduling import group_of, longest_first

SHARED, ALONE = "tests/test_zoo.py", "tests/test_config.py"
JOURNEYS = "tests/browser/test_theme.py", "tests/browser/test_harness.py"
CONFTEST = """
import json, os
from pathlib import Path
import pytest
from tests.scheduling import Scheduler

def pytest_xdist_make_scheduler(config, log):
    return Scheduler(config, log)

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    with Path(os.environ["PYTEST_XDIST_WORKER"]).open("a") as file:
        file.write(json.dumps(item.nodeid) + "\\n")
    return True  # not run
"""
FIXTURE = 'import pytest\n\n@pytest.fixture(scope="module")\ndef made():\n    pass\n\n'
TESTS = "".join(f"def test_{name}():\n    pass\n\n" for name in "abcdef")


def test_journeys_and_modules_with_fixtures_of_their_own_stay_together():
    assert {group_of(f"{file}::test_{number}") for file in JOURNEYS for number in range(3)} == {"browser"}
    assert group_of(f"{SHARED}::test_a") == group_of(f"{SHARED}::TestB::test_c[1-x]") == SHARED
    assert group_of(f"{ALONE}::test_a") == f"{ALONE}::test_a"
    assert group_of(f"{ALONE}::test_a[1]") != group_of(f"{ALONE}::test_a[2]")


def test_journeys_come_first_then_groups_then_single_tests_each_in_their_order():
    single = [f"{ALONE}::test_{number}" for number in (3, 1, 2)]
    shared = [f"{SHARED}::test_{number}" for number in (2, 1)]
    journeys = [f"{file}::test" for file in JOURNEYS]
    mixed = [single[0], shared[0], journeys[0], single[1], journeys[1], shared[1], single[2]]
    assert longest_first(mixed) == [*journeys, *shared, *single]


def test_two_workers_share_single_tests_and_no_group(tmp_path):
    for name, text in {SHARED: FIXTURE + TESTS, ALONE: TESTS, **dict.fromkeys(JOURNEYS, TESTS)}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-n2", "-p", "no:cacheprovider"]
    variables = environment() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # other plugins take longer than the run
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    ran = [[json.loads(line) for line in (tmp_path / name).read_text().splitlines()] for name in ("gw0", "gw1")]
    assert all(ran), done.stdout
    workers = [{group_of(test, tmp_path) for test in tests} for tests in ran]
    assert workers[0] & workers[1] == set()
    together = ran[0] + ran[1]
    assert len(set(together)) == len(together) == 24
    assert {test.partition("::")[0] for test in together} == {SHARED, ALONE, *JOURNEYS}
