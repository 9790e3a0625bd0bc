"""Rows are trained and measured once, whoever does it and however often it is asked for."""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from filelock import FileLock

from tests.processes import run_python, run_together
from tests.results.tables import TINY, write_table
from tests.small_runs import train
from vampcore import datasets, zoo
from vampcore.checkpoints import CheckpointError, load
from vampcore.commands import main
from vampcore.commands import results as results_command
from vampcore.results import Estimate, Status, complete, read_table, work

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


def options(folder: Path) -> list[str]:
    return ["--runs", str(folder / "runs"), "--out", str(folder / "out.md"), "--samples", "3", "--compile", "off"]


@pytest.fixture
def row(tmp_path):
    return read_table(write_table(tmp_path, 'prior = "vamp"')).rows[0]


@pytest.fixture
def trainings(monkeypatch) -> list[str]:
    """Priors of the trainings that were begun."""
    begun, fit = [], work.fit

    def noted(config, *arguments):
        begun.append(config.prior)
        return fit(config, *arguments)

    monkeypatch.setattr(work, "fit", noted)
    return begun


def test_a_row_is_trained_and_measured_and_then_left_alone(row, tmp_path, trainings):
    folder = tmp_path / "runs" / "tiny" / "vamp"
    assert complete(row, tmp_path / "runs", Estimate(3), compile="off") is Status.DONE
    found = load(folder)
    assert (found.progress.epochs, found.metric("log_likelihood").samples) == (3, 3)
    assert len(found.per_image.log_likelihood) == 300
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert complete(row, tmp_path / "runs", Estimate(3), compile="off") is Status.DONE
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert trainings == ["vamp"]
    assert complete(row, tmp_path / "runs", Estimate(4), compile="off") is Status.DONE
    assert load(folder).metric("log_likelihood").samples == 4
    assert trainings == ["vamp"]


@pytest.mark.parametrize("root", ["SHIPPED", "OTHERS"])
def test_a_model_that_is_at_hand_is_not_trained_again(row, tmp_path, trainings, monkeypatch, root):
    complete(row, tmp_path / "shipped", Estimate(3), compile="off")
    monkeypatch.setattr(zoo, root, tmp_path / "shipped")
    assert complete(row, tmp_path / "runs", Estimate(3), compile="off") is Status.DONE
    assert trainings == ["vamp"]
    assert not (tmp_path / "runs").exists()


def test_a_shipped_model_that_is_measured_again_is_kept_among_ones_own(row, tmp_path, trainings, monkeypatch):
    complete(row, tmp_path / "shipped", Estimate(3), compile="off")
    monkeypatch.setattr(zoo, "SHIPPED", tmp_path / "shipped")
    assert complete(row, tmp_path / "runs", Estimate(4), compile="off") is Status.DONE
    assert trainings == ["vamp"]
    for root, samples in (("shipped", 3), ("runs", 4)):
        assert load(tmp_path / root / "tiny" / "vamp").metric("log_likelihood").samples == samples


def test_more_samples_than_asked_for_will_do(row, tmp_path, trainings):
    complete(row, tmp_path / "runs", Estimate(5), compile="off")
    assert complete(row, tmp_path / "runs", Estimate(3), compile="off") is Status.DONE
    assert load(tmp_path / "runs" / "tiny" / "vamp").metric("log_likelihood").samples == 5


def test_the_likelihood_of_a_part_is_completed_where_the_whole_is_asked_for(row, tmp_path, trainings):
    complete(row, tmp_path / "runs", Estimate(3, images=40), compile="off")
    found = load(tmp_path / "runs" / "tiny" / "vamp")
    known = found.per_image.log_likelihood.isfinite()
    assert (int(known.sum()), len(known), len(found.per_image.elbo)) == (40, 300, 300)
    log_p = found.metric("log_likelihood")
    assert (log_p.n, found.metric("elbo").n) == (40, 300)
    bounds = found.per_image
    extended = bounds.elbo.mean() + (bounds.log_likelihood - bounds.elbo)[known].mean()
    assert log_p.value == pytest.approx(extended.item(), abs=1e-3)
    assert complete(row, tmp_path / "runs", Estimate(3, images=39), compile="off") is Status.DONE
    assert load(found.folder).metric("log_likelihood") == log_p
    # More images and fewer samples: nothing that is known is lost, and the part holds the part.
    assert complete(row, tmp_path / "runs", Estimate(2, images=60), compile="off") is Status.DONE
    wider = load(found.folder)
    assert (wider.metric("log_likelihood").n, wider.metric("log_likelihood").samples) == (60, 3)
    assert wider.per_image.log_likelihood.isfinite()[known].all()
    assert complete(row, tmp_path / "runs", Estimate(3, images=1000), compile="off") is Status.DONE
    again = load(tmp_path / "runs" / "tiny" / "vamp")
    assert again.per_image.log_likelihood.isfinite().all()
    assert again.metric("log_likelihood").n == 300
    assert trainings == ["vamp"]


def test_exemplars_are_known_again_whatever_the_row_says_of_their_number(tmp_path, trainings):
    (row,) = read_table(write_table(tmp_path, 'prior = "exemplar"\ncomponents = 7')).rows
    for _ in range(2):
        assert complete(row, tmp_path / "runs", Estimate(2), compile="off") is Status.DONE
    assert trainings == ["exemplar"]
    assert load(tmp_path / "runs" / "tiny" / "exemplar").config.components == 1197


def test_a_measurement_can_be_stopped(row, tmp_path):
    seen = []
    found = complete(
        row,
        tmp_path / "runs",
        Estimate(2),
        stop=lambda: bool(seen),
        measured=lambda *done: seen.append(done),
        compile="off",
    )
    assert found is Status.STOPPED
    assert len(seen) == 1
    kept = load(tmp_path / "runs" / "tiny" / "vamp")
    assert (kept.progress.epochs, kept.metric("log_likelihood")) == (3, None)


def held(folder: Path) -> FileLock:
    """The lock of a run, as another process would hold it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(folder.with_name(f".{folder.name}.lock"))


def test_what_another_process_holds_is_left_alone(row, tmp_path, trainings):
    with held(tmp_path / "runs" / "tiny" / "vamp"):
        assert complete(row, tmp_path / "runs", Estimate(3)) is Status.ELSEWHERE
    assert trainings == []


def test_a_stopped_run_goes_on_where_it_was(row, tmp_path):
    asked = iter([False] * 5 + [True] * 100)
    assert complete(row, tmp_path / "runs", Estimate(3), stop=lambda: next(asked), compile="off") is Status.STOPPED
    done = []
    complete(row, tmp_path / "runs", Estimate(3), trained=lambda record: done.append(record.epoch), compile="off")
    assert done == [2, 3]


def test_a_folder_with_another_model_is_named_and_left_alone(row, tmp_path, trainings):
    folder = tmp_path / "runs" / "tiny" / "vamp"
    train(row, folder, datasets.load("digits"))
    before = load(folder).sha256
    trainings.clear()
    (other,) = read_table(write_table(tmp_path, 'prior = "vamp"\nhidden = 9')).rows
    with pytest.raises(CheckpointError, match=r"tiny/vamp holds another model.*move it away, or give the row another"):
        complete(other, tmp_path / "runs", Estimate(3))
    assert load(folder).sha256 == before
    assert trainings == []


class TestTheCommand:
    def test_a_table_says_how_the_likelihood_is_estimated_unless_the_command_does(self, tmp_path):
        table = write_table(tmp_path, 'prior = "sg"', defaults="samples = 2\nimages = 25\n" + TINY)
        command = ["results", str(table), *options(tmp_path)]
        at = command.index("--samples")
        assert main(command[:at] + command[at + 2 :]) == 0
        found = load(tmp_path / "runs" / "tiny" / "sg").metric("log_likelihood")
        assert (found.samples, found.n) == (2, 25)
        assert main(command) == 0
        found = load(tmp_path / "runs" / "tiny" / "sg").metric("log_likelihood")
        assert (found.samples, found.n) == (3, 25)

    def test_two_processes_share_four_rows_and_a_second_call_trains_nothing(self, tmp_path, trainings, capsys):
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

    def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been(self, tmp_path, capsys):
        table = write_table(tmp_path, 'prior = "vamp"')
        script = """
import os, sys
from vampcore.commands import main
from vampcore.commands import results as results_command
from vampcore.training import Run
import vampcore.training.fit
sys.modules["vampcore.training.fit"].SECONDS_BETWEEN_STATES = -1
keep = Run._epoch
def dying(run, stop):
    if run.state.epoch == 2:
        os.kill(os.getpid(), 9)
    return keep(run, stop)
Run._epoch = dying
main(sys.argv[1:])
"""
        with pytest.raises(AssertionError, match=f"exit status -{signal.SIGKILL.value}"):
            run_python(script, "results", str(table), *options(tmp_path))
        folder = tmp_path / "runs" / "tiny" / "vamp"
        assert json.loads((folder / "status.json").read_text())["epoch"] == 2
        assert main(["results", str(table), *options(tmp_path)]) == 0
        (config,) = read_table(table).rows
        train(config, tmp_path / "alone", datasets.load("digits"))
        assert load(folder).sha256 == load(tmp_path / "alone").sha256
        one, other = load(folder).model.state_dict(), load(tmp_path / "alone").model.state_dict()
        assert all(torch.equal(one[name], other[name]) for name in one)

    def test_a_row_that_fails_does_not_hide_the_others(self, tmp_path, capsys, monkeypatch):
        monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path))
        table = write_table(tmp_path, 'prior = "sg"\ndata = "static_mnist"\nexperiment = "absent"', 'prior = "mog"')
        assert main(["results", str(table), *options(tmp_path)]) == 1
        said = capsys.readouterr()
        (line,) = [line for line in said.err.splitlines() if line.startswith("error: ")]
        assert line.startswith("error: absent/sg: no static_mnist in the data folder")
        assert "tiny/mog: trained and measured" in said.out
        assert "1 of 2 rows are not finished yet" in (tmp_path / "out.md").read_text()

    def test_a_row_that_cannot_be_trained_does_not_end_the_table(self, tmp_path, capsys):
        table = write_table(tmp_path, 'prior = "mog"\ngrow_from = 2\nepochs = 1\ncomponents = 4', 'prior = "sg"')
        assert main(["results", str(table), *options(tmp_path)]) == 1
        said = capsys.readouterr()
        assert "error: tiny/mog: grow_every is 5" in said.err
        assert "tiny/sg: trained and measured" in said.out

    def test_a_report_that_cannot_be_written_is_named_before_anything_is_trained(self, tmp_path, capsys, trainings):
        out = ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "nowhere" / "out.md")]
        assert main(["results", str(write_table(tmp_path, 'prior = "sg"')), *out]) == 1
        assert "nowhere" in capsys.readouterr().err
        assert trainings == []

    def test_of_a_launcher_a_process_that_failed_waits_for_the_others(self, tmp_path, capsys, monkeypatch):
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

    def test_control_c_stops_after_a_step_and_leaves_the_rest(self, tmp_path, capsys, monkeypatch):
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
    def test_a_table_that_is_none_is_bad_usage(self, tmp_path, content, capsys):
        (tmp_path / "table.toml").write_text(content)
        with pytest.raises(SystemExit) as ended:
            main(["results", str(tmp_path / "table.toml")])
        assert ended.value.code == 2
        assert "Traceback" not in capsys.readouterr().err
