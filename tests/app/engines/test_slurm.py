"""Races as jobs: submitit's executor of this machine stands in for Slurm's."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.engines import slurm
from app.engines.engine import EngineError
from app.engines.limits import Limits
from app.engines.slurm import Slurm
from app.engines.tickets import Ticket
from tests.app.engines.conftest import FAKE, FOREVER, ask, until
from vampcore.training import race_folder


@pytest.fixture
def jobs(root):
    """Makes engines whose jobs are processes of this machine, and waits for these at the end."""
    made = []

    def make(*arguments, **limits):
        made.append(Slurm(root, Limits(**limits), (*FAKE, *arguments), cluster="local"))
        return made[-1]

    yield make
    for job in [job for each in made for job in each._jobs.values()]:
        if job._process is not None:
            job._process.wait()


def test_jobs_run_stop_and_are_lost(jobs, root):
    """One is stopped, one ends, the trainer of one is killed; two in threads, since each process imports PyTorch."""
    engine = jobs(*FOREVER)
    engine.submit(ask(root, "stopped"))
    with pytest.raises(EngineError, match="stopped is in the queue or trains already"):
        engine.submit(root / "stopped")
    with ThreadPoolExecutor(2) as threads:
        for name, command in (("ends", FAKE), ("killed", (*FAKE, *FOREVER))):
            ask(root, name)
            engine.tickets.write(Ticket(name, "slurm"))
            threads.submit(slurm.train, root, name, command, Limits())
        until(lambda: (root / "killed" / "who.json").exists())
        assert engine.state("killed") == "running"
        os.kill(json.loads((root / "killed" / "who.json").read_text())["pid"], signal.SIGKILL)
        until(lambda: (root / "stopped" / "who.json").exists())
        engine.stop("stopped")
        until(lambda: engine.state("ends") == engine.state("stopped") == engine.state("killed") == "gone")
    states = [race_folder.race_state(root / name) for name in ("ends", "stopped", "killed")]
    assert states == ["finished", "stopped", "interrupted"]
    whys = [engine.tickets.read(name).why for name in ("ends", "stopped", "killed")]
    assert whys[:2] == ["", ""]
    assert whys[2].startswith("the trainer was ended by SIGKILL")


def test_a_job_that_vanished_is_gone_and_says_so(jobs, root):
    """As where the node fails: nobody is left to write the ticket."""
    engine = jobs()
    ask(root, "a")
    engine.tickets.write(Ticket("a", "slurm", state="running", job="12345"))
    assert engine.state("a") == "gone"
    assert engine.tickets.read("a").why == (
        "the job ended (no process and no result): no whole epoch is lost, continue the race"
    )


def test_a_fourth_job_may_not_wait(jobs, root, monkeypatch):
    engine = jobs()
    monkeypatch.setattr(Slurm, "_job", lambda self, ticket: type("Pending", (), {"state": "PENDING"}))
    for name in ("a", "b", "c"):
        ask(root, name)
        engine.tickets.write(Ticket(name, "slurm", job=name))
    with pytest.raises(EngineError, match="3 races wait already"):
        engine.submit(ask(root, "d"))


def test_a_job_taken_out_of_the_queue_is_cancelled(jobs, root, monkeypatch):
    cancelled = []
    engine = jobs()
    pending = type("Pending", (), {"state": "PENDING", "cancel": lambda self, check: cancelled.append(check)})()
    monkeypatch.setattr(Slurm, "_job", lambda self, ticket: pending)
    ask(root, "a")
    engine.tickets.write(Ticket("a", "slurm", job="7"))
    assert engine.state("a") == "queued"
    engine.stop("a")
    assert (engine.state("a"), cancelled) == ("gone", [False])
    slurm.train(root, "a", FAKE, Limits())
    assert not (root / "a" / "who.json").exists()


def test_without_slurm_the_refusal_says_what_to_see_to(root, monkeypatch):
    monkeypatch.setenv("PATH", "")
    engine = Slurm(root, Limits())
    with pytest.raises(EngineError, match=r"Slurm did not take the race .*: see that sbatch works here"):
        engine.submit(ask(root, "a"))
    assert engine.state("a") == "gone"


def test_what_slurm_is_asked_for(monkeypatch):
    monkeypatch.setenv("VAMPSCOPE_SLURM", "slurm_partition=gpu gpus_per_node=1")
    assert slurm.parameters() == {"slurm_partition": "gpu", "gpus_per_node": 1}
    monkeypatch.setenv("VAMPSCOPE_SLURM", "gpu")
    with pytest.raises(EngineError, match="VAMPSCOPE_SLURM has 'gpu': write name=value"):
        slurm.parameters()
