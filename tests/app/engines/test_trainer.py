"""A trainer's process: signalled, asked for its last words, and prepared before it is needed."""

import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from app.engines.trainer import AtWork, Prepared, Started
from tests.app.engines.conftest import FAKE, FOREVER, ask, ended, reads, until
from vampcore.training import race_folder


def test_a_launcher_is_ended_with_the_trainer_that_it_started(root):
    folder = ask(root, "a")
    trainer = [*FAKE, *FOREVER, "--deaf", "--out", str(folder), "--resume"]
    launcher = Started(["sh", "-c", '"$@" & wait', "sh", *trainer])
    pid = reads(folder, "who.json")["pid"]
    AtWork(folder, launcher.pid).signal(signal.SIGKILL)
    launcher.wait()
    until(lambda: ended(pid))


def test_no_other_process_is_ended_in_its_place(root):
    """The number of a process that has ended may be that of another one."""
    other = Started([*FAKE, "--wait"])
    AtWork(ask(root, "a"), other.pid).signal(signal.SIGKILL)
    assert other.poll() is None
    other.say()
    other.wait()
    assert other.poll() == 0


def test_an_error_is_found_before_what_a_launcher_says_of_it(root):
    said = "error: no such data\nTraceback\nChildFailedError:\n====="
    launcher = Started([sys.executable, "-c", f"import sys; sys.exit({said!r})"])
    launcher.wait()
    assert launcher.last_words() == "error: no such data"


def test_several_threads_may_ask_at_once_whether_it_has_ended(root, monkeypatch):
    read, times = Started._read_last_words, []

    def read_slowly(self):
        times.append(time.monotonic())
        time.sleep(0.05)
        return read(self)

    monkeypatch.setattr(Started, "_read_last_words", read_slowly)
    trainer = Started([sys.executable, "-c", "import sys; sys.exit('error: no such data')"])
    trainer._process.wait()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: trainer.poll(), range(4))) == [1] * 4
    assert trainer.last_words() == "error: no such data"
    assert len(times) == 1


def test_a_prepared_trainer_takes_the_race(root):
    prepared, folder = Prepared(FAKE), ask(root, "a")
    prepared.prepare()
    waiting = prepared._waiting
    prepared.prepare()
    trainer = prepared.hand_over(folder)
    trainer.wait()
    assert trainer is waiting
    assert reads(folder, "who.json")["pid"] == trainer.pid
    assert race_folder.race_state(folder) == "finished"


def test_a_prepared_trainer_that_died_is_replaced(root):
    prepared, folder = Prepared(FAKE), ask(root, "a")
    prepared.prepare()
    prepared._waiting.signal(signal.SIGKILL)
    prepared._waiting.wait()
    prepared.hand_over(folder).wait()
    assert race_folder.race_state(folder) == "finished"


def test_an_unused_trainer_ends(root):
    prepared = Prepared(FAKE, idle_seconds=0.1)
    prepared.prepare()
    waiting = prepared._waiting
    until(lambda: waiting.poll() is not None)
    assert waiting.poll() == 0
