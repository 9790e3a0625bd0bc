"""A folder is replaced completely or not at all, whatever fails and whenever the process dies."""

import dataclasses
import errno
import itertools
import os
import shutil
import threading
from pathlib import Path

import pytest

from tests.small_runs import FILES, RUN_FILES
from vampcore.checkpoints import CheckpointError, load, save
from vampcore.checkpoints import folder as module
from vampcore.checkpoints.folder import atomic_replace, read_consistently, readable, recover, reserved_name, write_bytes


@pytest.fixture
def run(family, tmp_path) -> Path:
    """A folder that holds a checkpoint and a run's state, alone in its parent."""
    folder = tmp_path / "small" / "vamp"
    shutil.copytree(family / "small" / "vamp", folder)
    return folder


def alone(folder: Path) -> bool:
    return [path.name for path in folder.parent.iterdir()] == [folder.name]


def fail_at(monkeypatch: pytest.MonkeyPatch, name: str, point: int) -> None:
    """Let the call of that number to a method of Path find a full disk."""
    calls, original = itertools.count(1), getattr(Path, name)

    def call(path, *arguments):
        if next(calls) == point:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(path, *arguments)

    monkeypatch.setattr(Path, name, call)


class TestAFailure:
    @pytest.mark.parametrize("name", ["write_bytes", "rename"])
    def test_at_each_point_leaves_the_old_checkpoint_and_nothing_else(self, name, run, family, monkeypatch):
        before, other = load(run).sha256, load(family / "small" / "mog")
        points = {"write_bytes": len(FILES), "rename": 2}[name]
        for point in range(1, points + 1):
            with monkeypatch.context() as patch:
                fail_at(patch, name, point)
                with pytest.raises(CheckpointError) as caught:
                    save(other, run)
            assert "could not be written (No space left on device); its old contents are unchanged" in str(caught.value)
            assert "\n" not in str(caught.value)
            assert alone(run)
            assert load(run).sha256 == before
        fail_at(monkeypatch, name, points + 1)
        save(other, run)
        assert load(run).sha256 == other.sha256

    def test_an_interruption_is_passed_on(self, run):
        def write():
            with atomic_replace(run) as fresh:
                (fresh / "half").write_text("half")
                raise KeyboardInterrupt

        before = load(run).sha256
        with pytest.raises(KeyboardInterrupt):
            write()
        assert alone(run)
        assert load(run).sha256 == before

    def test_a_parent_that_is_a_file(self, family, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(CheckpointError, match=r"could not be written .*choose another folder with --out"):
            save(load(family / "small" / "sg"), tmp_path / "file" / "sg")


class TestADeath:
    """A killed process runs no handler: what is on disk then is built here, point by point."""

    def test_while_the_new_folder_is_filled(self, run):
        before = load(run).sha256
        leftover = run.with_name(f".{run.name}.999.part")
        leftover.mkdir()
        (leftover / "config.json").write_text("half")
        assert load(run).sha256 == before
        with atomic_replace(run) as fresh:
            (fresh / "new").write_text("new")
        assert leftover.exists()  # it may be another's that is writing now
        os.utime(leftover, (0, 0))
        with atomic_replace(run) as fresh:
            (fresh / "new").write_text("new")
        assert alone(run)

    def test_between_the_renames_the_old_one_is_read_and_comes_back(self, run, family):
        before, reserve = load(run), run.with_name(".vamp.old")
        run.rename(reserve)
        assert readable(run) == reserve
        assert load(run).sha256 == before.sha256
        assert load(run).folder == run
        recover(run)
        assert alone(run)
        run.rename(reserve)
        save(load(family / "small" / "mog"), run)
        assert alone(run)
        assert (run / "state.safetensors").exists()

    def test_the_only_copy_is_never_removed(self, run):
        before = {path.name: path.read_bytes() for path in run.iterdir()}
        reserve = run.with_name(".vamp.old")
        run.rename(reserve)
        run.mkdir()
        recover(run)  # an empty folder is no copy
        assert {path.name: path.read_bytes() for path in run.iterdir()} == before
        run.rename(reserve)
        run.mkdir()
        (run / "state.safetensors").write_bytes(b"of a run that was started anew")
        with pytest.raises(FileExistsError, match=r"\.vamp\.old next to it each contain part of a run"):
            recover(run)
        assert {path.name: path.read_bytes() for path in reserve.iterdir()} == before

    def test_what_a_killed_process_was_writing_is_no_part_of_a_run(self, run):
        reserve = run.with_name(".vamp.old")
        shutil.copytree(run, reserve)
        (reserve / ".status.json.999.part").write_bytes(b"{")
        recover(run)
        assert alone(run)

    def test_before_the_old_one_was_removed_the_new_one_counts(self, run, family):
        shutil.copytree(family / "small" / "mog", run.with_name(".vamp.old"))
        assert readable(run) == run
        recover(run)
        assert alone(run)

    def test_names(self):
        assert reserved_name(Path("a/.vamp.old")) == Path("a/vamp")
        assert reserved_name(Path("a/vamp")) == Path("a/vamp")
        assert reserved_name(Path("a/.vamp.9.part")) == Path("a/.vamp.9.part")


class TestTheRunsFiles:
    def test_are_copied_where_there_are_no_hard_links(self, run, monkeypatch):
        def refuse(*names, **options):
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(os, "link", refuse)
        content = {name: (run / name).read_bytes() for name in RUN_FILES}
        with atomic_replace(run, FILES):
            pass
        assert {path.name: path.read_bytes() for path in run.iterdir()} == content

    def test_those_of_its_user_stay_and_what_a_killed_process_left_goes(self, run):
        (run / "notes.txt").write_text("mine")
        (run / "pictures").mkdir()
        (run / "pictures" / "one.png").write_text("png")
        (run / "link").symlink_to("absent")
        (run / ".state.safetensors.99.part").write_text("half")
        save(dataclasses.replace(load(run), film=None), run)  # the film that lies there is of another checkpoint
        kept = FILES - {"film.bin"}
        assert {path.name for path in run.iterdir()} == kept | RUN_FILES | {"notes.txt", "pictures", "link"}
        assert (run / "notes.txt").read_text() == "mine"
        assert (run / "pictures" / "one.png").read_text() == "png"
        assert str((run / "link").readlink()) == "absent"
        assert alone(run)

    def test_a_state_written_afterwards_is_a_file_of_its_own(self, tmp_path):
        write_bytes(tmp_path / "state", b"one")
        os.link(tmp_path / "state", tmp_path / "linked")
        write_bytes(tmp_path / "state", b"two")
        assert (tmp_path / "linked").read_bytes() == b"one"


class TestAFile:
    @pytest.mark.parametrize("at", ["fsync", "replace"])
    def test_that_fails_leaves_the_old_content(self, at, tmp_path, monkeypatch):
        def fail(*arguments):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        path = tmp_path / "state"
        write_bytes(path, b"old")
        monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[at], fail)
        with pytest.raises(OSError, match="No space left") as caught:
            write_bytes(path, b"new")
        assert caught.value.filename == str(path)
        assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("state", b"old")]


class TestReadingMeanwhile:
    def test_every_reading_is_of_one_writing(self, tmp_path):
        """One thread replaces the folder, this one reads two files: they always belong together."""
        folder = tmp_path / "folder"

        def write(number):
            with atomic_replace(folder) as fresh:
                for name in "ab":
                    (fresh / name).write_text(str(number))

        def read(folder):
            try:
                return [(readable(folder) / name).read_text() for name in "ab"]
            except OSError as error:
                raise CheckpointError("gone") from error

        write(0)
        ended = threading.Event()

        def write_on():
            number = 0
            while not ended.wait(0.002):
                write(number := number + 1)

        writer = threading.Thread(target=write_on)
        writer.start()
        try:
            found = []
            while len(found) < 300 or len(set(map(tuple, found))) <= 5:
                found.append(read_consistently(folder, read))
        finally:
            ended.set()
            writer.join()
        assert all(first == second for first, second in found)

    def test_an_error_of_a_folder_at_rest_is_raised_at_once(self, tmp_path):
        calls = []

        def read(folder):
            calls.append(folder)
            raise CheckpointError("broken")

        for folder in (tmp_path, tmp_path / "absent"):
            with pytest.raises(CheckpointError, match="broken"):
                read_consistently(folder, read)
        assert calls == [tmp_path, tmp_path / "absent"]

    def test_a_folder_that_never_rests_is_read_a_few_times(self, tmp_path, monkeypatch):
        moments = iter(range(100))
        monkeypatch.setattr(module, "_identity", lambda folder: next(moments))
        calls = []
        read_consistently(tmp_path, calls.append)
        assert len(calls) == module.MOST_READINGS
