"""The engine of this machine: one race at a time, a queue on disk, and nothing lost by a kill."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from app.engines.engine import EngineError
from app.engines.limits import Limits
from app.engines.local import Local
from app.engines.supervising import Supervisor
from app.engines.trainer import AtWork, Started, together
from tests.app.engines.conftest import FAKE, FOREVER, ask, ended, reads, until
from tests.processes import ROOT, environment
from vampcore.training import race_folder


def steps(folder):
    path = folder / "steps.txt"
    return int(path.read_text() or 0) if path.exists() else 0


def test_torchrun_starts_several_processes_and_none_is_prepared(root):
    command = ("python", "-m", "vampcore", "race")
    assert together(command, 1) == command
    local = Local(root, Limits(processes=4), command)
    torchrun = "python -m torch.distributed.run --standalone --nproc-per-node=4 -m vampcore race"
    assert " ".join(local._prepared._command) == torchrun
    local.prepare()
    assert local._prepared._waiting is None


def test_a_race_runs_and_ends(engine, root):
    local, folder = engine(), ask(root, "a")
    handle = local.submit(folder)
    until(lambda: local.state(handle) == "gone")
    assert race_folder.race_state(folder) == "finished"
    assert (steps(folder), local.tickets.read("a").why) == (5, "")


def test_races_run_one_at_a_time_in_the_order_in_which_they_came(engine, root):
    local = engine("--steps", "8")
    names = ["c", "a", "b"]
    for name in names:
        local.submit(ask(root, name))
    until(lambda: all(local.state(name) == "gone" for name in names))
    turns = [line.split() for line in (root / "turns.txt").read_text().splitlines()]
    assert [name for name, _, _ in turns] == names
    times = [float(time) for turn in turns for time in turn[1:]]
    assert times == sorted(times)


def test_a_fourth_race_may_not_wait(engine, root):
    local = engine(*FOREVER)
    local.submit(ask(root, "first"))
    until(lambda: local.state("first") == "running")
    for name in ("a", "b", "c"):
        local.submit(ask(root, name))
    with pytest.raises(EngineError, match="3 races wait already, which is the limit here: try again"):
        local.submit(ask(root, "d"))
    assert [local.state(name) for name in ("first", "a", "b", "c", "d")] == ["running", *3 * ["queued"], "gone"]
    with pytest.raises(EngineError, match="a is in the queue or trains already"):
        local.submit(root / "a")
    local.stop("b")
    assert (local.state("b"), local.tickets.read("b").why) == ("gone", "taken out of the queue before it began")
    local.submit(root / "d")
    for name in ("first", "a", "c", "d"):
        until(lambda name=name: local.state(name) == "running")
        local.stop(name)
    until(lambda: local.state("d") == "gone")
    assert not (root / "b" / "who.json").exists()


def test_a_trainer_is_nice_and_in_a_group_of_its_own(engine, root):
    engine(*FOREVER).submit(ask(root, "a"))
    who = reads(root / "a", "who.json")
    assert who["nice"] == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19) or who["nice"] == 10
    assert (who["group"], who["session"]) == (who["pid"], os.getsid(0))


def test_a_stop_is_heeded_also_while_the_trainer_imports(engine, root):
    local = engine(*FOREVER, "--late", "0.5")
    local.submit(ask(root, "a"))
    until(lambda: local.state("a") == "running")
    local.stop("a")
    assert not (root / "a" / "progress.json").exists()
    until(lambda: local.state("a") == "gone")
    assert (race_folder.race_state(root / "a"), local.tickets.read("a").why) == ("stopped", "")


def test_a_killed_trainer_loses_nothing(engine, root):
    local, folder = engine("--steps", "40"), ask(root, "a")
    local.submit(folder)
    who = reads(folder, "who.json")
    until(lambda: steps(folder) > 3)
    os.kill(who["pid"], signal.SIGKILL)
    until(lambda: local.state("a") == "gone")
    assert race_folder.race_state(folder) == "interrupted"
    assert local.tickets.read("a").why.startswith("the trainer was ended by SIGKILL, as the system does")
    before = steps(folder)
    local.submit(folder)
    until(lambda: local.state("a") == "gone")
    assert 3 < before < 40
    assert (race_folder.race_state(folder), steps(folder)) == ("finished", 40)


SERVER = """
import sys, time
from pathlib import Path
from app.engines.limits import Limits
from app.engines.local import Local

local = Local(Path(sys.argv[1]), Limits(), sys.argv[2:])
local.submit(Path(sys.argv[1]) / "first")
while local.state("first") != "running":
    time.sleep(0.02)
local.submit(Path(sys.argv[1]) / "second")
local.prepare()
print(local._prepared._waiting.pid, flush=True)
time.sleep(1000)
"""


def test_a_killed_server_loses_nothing(engine, root):
    first, second = ask(root, "first"), ask(root, "second")
    command = [sys.executable, "-c", SERVER, str(root), *FAKE]
    with subprocess.Popen(
        [*command, *FOREVER], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as server:
        waiting = int(server.stdout.readline())
        pid, before = reads(first, "who.json")["pid"], steps(first)
        server.kill()
    until(lambda: ended(waiting))
    until(lambda: steps(first) > before + 2)
    os.kill(pid, signal.SIGKILL)
    until(lambda: race_folder.race_state(first) == "interrupted")
    assert race_folder.race_state(second) == "waiting"
    enough = str(steps(first) + 10)
    local = engine("--steps", enough)
    until(lambda: local.state("first") == local.state("second") == "gone")
    assert [race_folder.race_state(each) for each in (first, second)] == ["finished", "finished"]
    assert [steps(each) for each in (first, second)] == [int(enough)] * 2
    assert [line.split()[0] for line in (root / "turns.txt").read_text().splitlines()] == ["first", "second"]


def test_a_race_at_work_is_taken_up_by_the_next_server(engine, root):
    before, trainers = engine("--steps", "60"), []
    hand_over = before._prepared.hand_over
    before._prepared.hand_over = lambda folder: trainers.append(hand_over(folder)) or trainers[-1]
    before.submit(ask(root, "first"))
    who = reads(root / "first", "who.json")
    before.submit(ask(root, "second"))
    before.end()
    after = engine("--steps", "60")
    assert (after.state("first"), after.state("second")) == ("running", "queued")
    until(lambda: after.state("second") == "gone")
    trainers[0].wait()
    assert reads(root / "first", "who.json") == who
    assert [line.split()[0] for line in (root / "turns.txt").read_text().splitlines()] == ["first", "second"]


def test_a_limit_ends_a_trainer_of_an_earlier_server(root):
    folder = ask(root, "a")
    trainer = Started([*FAKE, *FOREVER, "--deaf", "--out", str(folder), "--resume"])
    reads(folder, "who.json")
    supervisor = Supervisor(folder, Limits(minutes=1), time.time() - 60, grace=0.2)
    assert supervisor.watch(AtWork(folder, trainer.pid), threading.Event()) == Limits(minutes=1).out_of_time()
    trainer.wait()
    assert trainer.poll() == -signal.SIGKILL


def test_a_race_that_ended_is_not_begun_again(engine, root):
    local = engine()
    local.submit(ask(root, "a"))
    until(lambda: local.state("a") == "gone")
    local.end()
    ticket = local.tickets.read("a")
    local.tickets.change(ticket, state="running")
    again = engine("--fail")
    until(lambda: again.state("a") == "gone")
    assert again.tickets.read("a") == ticket


def test_servers_share_a_queue(engine, root):
    first, second = engine("--steps", "20"), engine("--steps", "20")
    first.submit(ask(root, "a"))
    second.submit(ask(root, "b"))
    until(lambda: first.state("b") == second.state("a") == "gone")
    times = [float(time) for line in (root / "turns.txt").read_text().splitlines() for time in line.split()[1:]]
    assert times == sorted(times)


def test_a_race_that_a_command_trains_is_left_alone(engine, root):
    local, folder = engine(*FOREVER), ask(root, "a")
    command = Started([*FAKE, *FOREVER, "--out", str(folder), "--resume"])
    reads(folder, "who.json")
    with pytest.raises(EngineError, match="a is in the queue or trains already"):
        local.submit(folder)
    (folder / "stop").touch()
    command.wait()


def test_the_time_limit_says_what_to_do(engine, root):
    local, folder = engine(*FOREVER, minutes=0.01), ask(root, "a")
    local.submit(folder)
    until(lambda: local.state("a") == "gone")
    assert race_folder.race_state(folder) == "stopped"
    assert local.tickets.read("a").why == (
        "stopped after 0.01 minutes, the limit of a race here: its models are kept as they are. Continue the race for "
        "another 0.01 minutes, or start one with fewer epochs; VAMPSCOPE_TRAIN_MINUTES sets the limit"
    )


def test_the_limit_of_the_disk_stops_a_race(engine, root):
    local, folder = engine(*FOREVER, megabytes=0.5), ask(root, "a")
    (folder / "big").write_bytes(bytes(600_000))
    local.submit(folder)
    until(lambda: local.state("a") == "gone")
    assert race_folder.race_state(folder) == "stopped"
    assert local.tickets.read("a").why == (
        "stopped: races, uploads and saved edits together may take 0.5 MB on disk: delete some, or raise "
        "VAMPSCOPE_TRAIN_MB"
    )


def test_a_trainer_that_does_not_heed_a_limit_is_ended(root):
    folder = ask(root, "a")
    trainer = Started([*FAKE, *FOREVER, "--deaf", "--out", str(folder), "--resume"])
    reads(folder, "who.json")
    began = time.time() - 60
    why = Supervisor(folder, Limits(minutes=1), began, grace=0.3).watch(trainer, threading.Event())
    assert (trainer.poll(), why) == (-signal.SIGKILL, Limits(minutes=1).out_of_time())


def test_a_trainer_that_fails_says_why(engine, root):
    local = engine("--fail")
    local.submit(ask(root, "a"))
    until(lambda: local.state("a") == "gone")
    assert local.tickets.read("a").why == "race: there is no such device"


def test_without_a_trainer_the_race_says_so(root):
    local = Local(root, Limits(), ("/no/such/python",))
    local.submit(ask(root, "a"))
    until(lambda: local.state("a") == "gone")
    local.end()
    assert local.tickets.read("a").why.startswith("no trainer could be started: [Errno 2]")


def test_a_queue_from_elsewhere_runs_no_code(engine, root):
    """The queue holds JSON: pickles would run what they name."""
    local = engine(*FOREVER)
    local.submit(ask(root, "a"))
    until(lambda: local.state("a") == "running")
    local.submit(ask(root, "b"))
    (stored,) = local._queue.storage.enqueued_items()
    assert json.loads(stored)[6] == ["b"]
    local.stop("b")
