"""`results`: rows of a table shared among processes, and one line for each that fails."""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.processes import run_python, run_together
from tests.results.tables import TINY, held, write_table
from tests.small_runs import train
from vampcore import datasets
from vampcore.checkpoints import load
from vampcore.commands import main
from vampcore.commands import results as results_command
from vampcore.results import read_table, work

ROWS = ('prior = "sg"', 'prior = "mog"', 'prior = "vamp"', 'prior = "vamp-data"')
# Runs the command, and keeps a line for every training that it starts.
TOGETHER = """
import os, sys, time
from pathlib import Path
from vampcore.commands import main
from vampcore.commands import results as results_command
from vampcore.results import work
fit = work.fit
def noted(config, *arguments):
    with (Path(sys.argv[2]) / "trained").open("a") as file:
        file.write(f"{config.prior} {os.getpid()}\\n")
    # Each holds its first row until the other has one, however quick it is.
    while len({line.split()[1] for line in (Path(sys.argv[2]) / "trained").read_text().splitlines()}) < 2:
        time.sleep(0.01)
    yield from fit(config, *arguments)
work.fit = noted
folder = Path(sys.argv[2])
options = ["--runs", str(folder / "runs"), "--out", str(folder / "out.md"), "--samples", "3"]
# They begin together, however long the imports of one took.
(folder / f"ready-{os.environ['RANK']}").touch()
while len(list(folder.glob("ready-*"))) < 2:
    time.sleep(0.01)
status = main(["results", sys.argv[1], *options, "--compile", "off", "--device", "cpu"])
assert status == 0, status
"""
# Runs the command, which dies after two epochs; a state is saved after each.
DYING = """
import os, sys
from vampcore.commands import main
from vampcore.commands import results as results_command
from vampcore.training import Run
import vampcore.training.fit
sys.modules["vampcore.training.fit"].SECONDS_BETWEEN_STATES = -1
sys.modules["vampcore.training.fit"].SHARE_FOR_STATES = 1e9
keep = Run._epoch
def dying(run, stop):
    if run.state.epoch == 2:
        os.kill(os.getpid(), 9)
    return keep(run, stop)
Run._epoch = dying
main(sys.argv[1:])
"""


def options(folder: Path) -> list[str]:
    return ["--runs", str(folder / "runs"), "--out", str(folder / "out.md"), "--samples", "3", "--compile", "off"]


def test_a_table_says_how_the_likelihood_is_estimated_unless_the_command_does(tmp_path):
    table = write_table(tmp_path, 'prior = "sg"', defaults="samples = 2\nimages = 25\n" + TINY)
    command = ["results", str(table), *options(tmp_path)]
    at = command.index("--samples")
    assert main(command[:at] + command[at + 2 :]) == 0
    found = load(tmp_path / "runs" / "tiny" / "sg").metric("log_likelihood")
    assert (found.samples, found.n) == (2, 25)
    assert main(command) == 0
    found = load(tmp_path / "runs" / "tiny" / "sg").metric("log_likelihood")
    assert (found.samples, found.n) == (3, 25)


def test_two_processes_share_four_rows_and_a_second_call_trains_nothing(tmp_path, trainings, capsys):
    table = write_table(tmp_path, *ROWS)
    run_together(2, tmp_path, TOGETHER, str(table), str(tmp_path))
    lines = [line.split() for line in (tmp_path / "trained").read_text().splitlines()]
    assert sorted(prior for prior, _ in lines) == ["mog", "sg", "vamp", "vamp-data"]
    assert len({pid for _, pid in lines}) == 2
    written = (tmp_path / "out.md").read_text()
    assert "not finished yet" not in written
    assert main(["results", str(table), *options(tmp_path)]) == 0
    assert (tmp_path / "out.md").read_text() == written
    assert trainings == []
    assert capsys.readouterr().out.count("trained and measured") == 4
    # Each trained alone: to the bit what one process trains, which it would not be had they shared the batches.
    config = read_table(table).rows[2]
    train(config, tmp_path / "alone", datasets.load("digits"))
    assert load(tmp_path / "runs" / "tiny" / "vamp").sha256 == load(tmp_path / "alone").sha256


def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been(tmp_path, capsys):
    table = write_table(tmp_path, 'prior = "vamp"')
    with pytest.raises(AssertionError, match=f"exit status -{signal.SIGKILL.value}"):
        run_python(DYING, "results", str(table), *options(tmp_path))
    folder = tmp_path / "runs" / "tiny" / "vamp"
    assert json.loads((folder / "status.json").read_text())["epoch"] == 2
    assert main(["results", str(table), *options(tmp_path)]) == 0
    (config,) = read_table(table).rows
    train(config, tmp_path / "alone", datasets.load("digits"))
    assert load(folder).sha256 == load(tmp_path / "alone").sha256
    one, other = load(folder).model.state_dict(), load(tmp_path / "alone").model.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_row_that_fails_does_not_hide_the_others(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path))
    table = write_table(tmp_path, 'prior = "sg"\ndata = "static_mnist"\nexperiment = "absent"', 'prior = "mog"')
    assert main(["results", str(table), *options(tmp_path)]) == 1
    said = capsys.readouterr()
    (line,) = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: absent/sg: no static_mnist in the data folder")
    assert "tiny/mog: trained and measured" in said.out
    assert "1 of 2 rows are not finished yet" in (tmp_path / "out.md").read_text()


def test_a_row_that_cannot_be_trained_does_not_end_the_table(tmp_path, capsys):
    table = write_table(tmp_path, 'prior = "mog"\ngrow_from = 2\nepochs = 1\ncomponents = 4', 'prior = "sg"')
    assert main(["results", str(table), *options(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "error: tiny/mog: grow_every is 5" in said.err
    assert "tiny/sg: trained and measured" in said.out


def test_a_report_that_cannot_be_written_is_named_before_anything_is_trained(tmp_path, capsys, trainings):
    out = ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "nowhere" / "out.md")]
    assert main(["results", str(write_table(tmp_path, 'prior = "sg"')), *out]) == 1
    assert "nowhere" in capsys.readouterr().err
    assert trainings == []


def test_of_a_launcher_a_process_that_failed_waits_for_the_others(tmp_path, capsys, monkeypatch):
    """For the launcher ends them when one ends with an error."""
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path))
    monkeypatch.setenv("WORLD_SIZE", "2")
    table = write_table(tmp_path, 'prior = "sg"\ndata = "static_mnist"\nexperiment = "absent"', 'prior = "mog"')
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:  # the other process ends
            monkeypatch.setattr(results_command, "is_locked", lambda folder: False)

    monkeypatch.setattr(results_command, "time", SimpleNamespace(sleep=sleep))
    with held(tmp_path / "runs" / "tiny" / "mog"):
        assert main(["results", str(table), *options(tmp_path)]) == 1
    assert waited == [1, 1]
    assert "tiny/mog: another process works on it" in capsys.readouterr().out


def test_control_c_stops_after_a_step_and_leaves_the_rest(tmp_path, capsys, monkeypatch):
    fit = work.fit

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return fit(*arguments)

    monkeypatch.setattr(work, "fit", interrupted)
    assert main(["results", str(write_table(tmp_path, *ROWS[:2])), *options(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "tiny/sg: stopped before its end" in said.out
    assert "tiny/mog" not in said.out
    assert "2 of 2 rows are not finished yet" in (tmp_path / "out.md").read_text()


@pytest.mark.parametrize("content", ["", "row = 3", "[[row]]\ndata = 'digits'\nhidden = 'x'"])
def test_a_table_that_is_none_is_bad_usage(tmp_path, content, capsys):
    (tmp_path / "table.toml").write_text(content)
    with pytest.raises(SystemExit) as ended:
        main(["results", str(tmp_path / "table.toml")])
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
