"""The desk: what the operator chose, whose race it is, and what is refused."""

import os
import subprocess
import time

import pytest

from app import ready
from app.engines import desk
from app.engines.engine import EngineError
from app.engines.limits import Limits, clean_up, used
from app.engines.local import Local
from app.engines.tickets import Ticket, Tickets
from tests.app.engines.conftest import FAKE, FOREVER, ask, request, stop_all, until
from tests.processes import ROOT
from vampcore import zoo
from vampcore.checkpoints import CheckpointError
from vampcore.training import race_folder


@pytest.fixture
def local(root, monkeypatch):
    """Races of fake trainers that go on until they are stopped."""
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "local")
    monkeypatch.setattr(zoo, "RUNS", root)
    monkeypatch.setattr(desk, "Local", lambda root, limits: Local(root, limits, (*FAKE, *FOREVER)))
    yield
    stop_all(desk._engine())
    desk.end()


def test_training_is_off_unless_it_is_turned_on(root, monkeypatch):
    monkeypatch.delenv("VAMPSCOPE_TRAIN", raising=False)
    monkeypatch.setattr(zoo, "RUNS", root)
    assert desk.mode() == "off"
    desk.begin()
    desk.prepare()
    with pytest.raises(EngineError, match=r"training from this page is off on this server: .*VAMPSCOPE_TRAIN=local"):
        desk.start(root / "a", request("a"))
    assert desk.standing(root / "a").state == "gone"
    assert list(root.iterdir()) == []
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "yes")
    with pytest.raises(EngineError, match="VAMPSCOPE_TRAIN is 'yes': make it one of off, local, slurm, or unset it"):
        desk.mode()


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ([], "local"),
        (["ADDRESS=localhost"], "local"),
        (["ADDRESS=::1"], "local"),
        (["ADDRESS=0.0.0.0"], "off"),
        (["ADDRESS=192.168.1.5"], "off"),
        (["VAMPSCOPE_TRAIN=off"], "off"),
        (["ADDRESS=0.0.0.0", "VAMPSCOPE_TRAIN=slurm"], "slurm"),
    ],
)
def test_make_app_trains_only_for_this_machine(given, mode):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VAMPSCOPE_", "MAKE"))}
    # All that is to be made is taken for made, so that nothing is installed.
    made = [each for name in ("requirements.txt", ".venv/.installed", ".venv/bin/python") for each in ("-o", name)]
    command = ["make", "--dry-run", "--no-print-directory", *made, "app", *given]
    told = subprocess.run(command, cwd=ROOT, env=inherited, capture_output=True, text=True, check=True).stdout
    assert f"VAMPSCOPE_TRAIN={mode} .venv/bin/streamlit run app/asgi.py" in told


def test_only_the_owner_stops_keeps_and_deletes(root, local):
    folder = root / "a"
    token = desk.start(folder, request("a"))
    until(lambda: desk.standing(folder).state == "running" and (folder / "who.json").exists())
    assert (desk.owns(folder, token), desk.owns(folder, "x"), desk.owns(folder, "")) == (True, False, False)
    for action in (desk.stop, desk.keep, desk.delete, desk.resume):
        with pytest.raises(EngineError, match="only whoever started this race can do that"):
            action(folder, "x")
    for action in (desk.keep, desk.delete):
        with pytest.raises(EngineError, match="a waits or trains: stop it first"):
            action(folder, token)
    assert race_folder.race_state(folder) == "training"
    desk.stop(folder, token)
    until(lambda: desk.standing(folder).state == "gone")
    assert desk.resume(folder, token) == token
    until(lambda: race_folder.race_state(folder) == "training")
    desk.stop(folder, token)
    until(lambda: desk.standing(folder).state == "gone")
    desk.keep(folder, token)
    assert not (folder / "race.json").exists()
    assert not desk.owns(folder, token)


def test_tokens_are_kept_as_digests(root, local):
    token = desk.start(root / "a", request("a"))
    kept = b"".join(path.read_bytes() for path in (root / ".races").iterdir())
    assert len(token) == 16
    assert token.encode() not in kept


def test_who_continues_a_race_without_owner_owns_it(root, local):
    token = desk.resume(ask(root, "a"), "")
    assert desk.owns(root / "a", token)
    with pytest.raises(EngineError, match="only whoever"):
        desk.resume(root / "a", "")


def test_the_queue_tells_how_many_are_before(root, local):
    for name in ("a", "b", "c"):
        desk.start(root / name, request(name))
        until(lambda: desk.standing(root / "a").state == "running")
    assert [desk.standing(root / name).before for name in ("a", "b", "c")] == [0, 0, 1]


def test_a_race_that_is_not_taken_leaves_nothing_and_no_gap(root, local):
    (root / "a" / "vamp").mkdir(parents=True)
    for name in ("first", "b", "c", "d"):
        desk.start(root / name, request(name))
        until(lambda: desk.standing(root / "first").state == "running")
    with pytest.raises(EngineError, match="3 races wait already"):
        desk.start(root / "a", request("a"))
    with pytest.raises(EngineError, match="3 races wait already"):
        desk.start(root / "e", request("e"))
    assert [path.name for path in (root / "a").iterdir()] == ["vamp"]
    assert not (root / "e").exists()
    assert not list((root / ".races").glob("[ae].*"))


@pytest.mark.parametrize("name", ["../a", ".hidden", "a/b", ".."])
def test_a_race_is_directly_under_the_runs(root, local, name):
    with pytest.raises(EngineError, match="is not directly under"):
        desk.start(root / name, request("a"))


def test_a_name_that_is_taken_is_refused(root, local):
    desk.start(root / "a", request("a"))
    with pytest.raises(CheckpointError, match="already contains a race"):
        desk.start(root / "a", request("a"))
    assert desk.standing(root / "a").state in ("queued", "running")


def test_no_race_is_taken_where_the_disk_is_used_up(root, local, monkeypatch):
    (ask(root, "old") / "big").write_bytes(bytes(1_200_000))
    (root / "elsewhere").write_bytes(bytes(5_000_000))
    assert used(root) == pytest.approx(1.2, abs=0.01)
    monkeypatch.setenv("VAMPSCOPE_TRAIN_MB", "1")
    with pytest.raises(
        EngineError, match="races, uploads and saved edits together may take 1 MB on disk: delete some, or raise"
    ):
        desk.start(root / "a", request("a"))
    assert not (root / "a").exists()


def test_saved_edits_and_their_test_images_count_and_models_of_commands_do_not(root):
    ask(root, "race")
    before = used(root)
    for folder, file in (("digits/mine", "edit.json"), ("digits/trained", "config.json"), ("race/mine", "edit.json")):
        (root / folder).mkdir(parents=True)
        (root / folder / file).write_bytes(bytes(300_000))
    assert used(root) - before == pytest.approx(0.6, abs=0.01), "one within a race counts once"
    (root / "digits" / "test.safetensors").write_bytes(bytes(200_000))
    assert used(root) - before == pytest.approx(0.8, abs=0.01)


def test_limits_are_set_by_variables(monkeypatch):
    assert Limits.of_environment() == Limits(minutes=10, megabytes=2000, days=None, waiting=3)
    for name, value in {"MINUTES": "2.5", "MB": "100", "DAYS": "7", "PROCESSES": "2"}.items():
        monkeypatch.setenv(f"VAMPSCOPE_TRAIN_{name}", value)
    assert Limits.of_environment() == Limits(minutes=2.5, megabytes=100, days=7, waiting=3, processes=2)
    monkeypatch.setenv("VAMPSCOPE_TRAIN_PROCESSES", "2.5")
    with pytest.raises(EngineError, match=r"VAMPSCOPE_TRAIN_PROCESSES is 2\.5: make it a whole number"):
        Limits.of_environment()
    monkeypatch.setenv("VAMPSCOPE_TRAIN_PROCESSES", "2")
    for wrong in ("-1", "0", "nan", "inf", "ten"):
        monkeypatch.setenv("VAMPSCOPE_TRAIN_DAYS", wrong)
        with pytest.raises(EngineError, match=f"VAMPSCOPE_TRAIN_DAYS is '{wrong}': make it a positive number"):
            Limits.of_environment()


def test_old_races_are_deleted_where_that_is_asked_for(root):
    tickets = Tickets(root)
    for name, state in {"old": "gone", "new": "gone", "waits": "queued", "kept": "gone"}.items():
        ask(root, name)
        tickets.write(Ticket(name, "local", state))
    ask(root, "by-command")
    ten_days_ago = time.time() - 10 * 86400
    for name in ("old", "waits", "kept", "by-command"):
        os.utime(root / name / "race.json", (ten_days_ago, ten_days_ago))
    (root / "kept" / "sg").mkdir()
    race_folder.keep(root / "kept")
    assert clean_up(tickets, Limits()) == []
    assert clean_up(tickets, Limits(days=7)) == ["old"]
    assert sorted(path.name for path in root.iterdir()) == [".races", "by-command", "kept", "new", "waits"]
    assert [each.name for each in tickets.all()] == ["new", "waits"]


def test_a_starting_server_takes_up_what_was_unfinished(root, local, models):
    Tickets(root).write(Ticket("a", "local", "running"))
    ask(root, "a")
    ready.start_up()
    until(lambda: desk.standing(root / "a").state == "running" and race_folder.race_state(root / "a") == "training")


def test_a_server_starts_with_a_variable_that_makes_no_sense(models, monkeypatch, capsys):
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "yes")
    ready.start_up()
    assert capsys.readouterr() == ("", "")


def test_a_ticket_that_is_not_sound_is_none(root):
    tickets = Tickets(root)
    tickets.write(Ticket("a", "local"))
    for text in ("{", "[]", '{"name": 1}', "[" * 5000):
        (root / ".races" / "a.json").write_text(text)
        assert tickets.read("a") is None
        assert tickets.all() == []
