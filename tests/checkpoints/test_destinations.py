"""Where commands may write: regular files and run folders, and nothing else is replaced."""

import os
import stat
from pathlib import Path

import pytest

from tests.small_runs import QUICK_RUN
from vampcore.checkpoints.destinations import writable_file, writable_folder
from vampcore.checkpoints.folder import write_bytes
from vampcore.commands import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    return tmp_path / "in"


class TestFiles:
    def test_a_new_name_and_a_regular_file_are_written(self, here):
        (here / "old").write_text("old")
        for name in ("new", "old"):
            write_bytes(Path(name), b"written")
            assert (here / name).read_bytes() == b"written"

    def test_a_pipe_is_left_alone(self, here):
        os.mkfifo(here / "pipe")
        with pytest.raises(FileExistsError, match="not a regular file"):
            write_bytes(here / "pipe", b"x")
        assert stat.S_ISFIFO((here / "pipe").lstat().st_mode)
        assert [path.name for path in here.iterdir()] == ["pipe"]

    def test_a_device_is_no_place_for_a_file(self):
        with pytest.raises(FileExistsError, match="not a regular file"):
            writable_file(Path("/dev/null"))

    def test_a_link_stays_and_its_target_is_written(self, here):
        (here / "kept").write_text("old")
        (here / "link").symlink_to("kept")
        (here / "dangling").symlink_to("later")
        for name in ("link", "dangling"):
            write_bytes(here / name, b"new")
            assert (here / name).is_symlink()
        assert (here / "kept").read_bytes() == (here / "later").read_bytes() == b"new"

    def test_a_link_to_a_pipe_or_to_itself_is_refused(self, here):
        os.mkfifo(here / "pipe")
        (here / "to_pipe").symlink_to("pipe")
        (here / "loop").symlink_to("loop")
        for name in ("to_pipe", "loop"):
            with pytest.raises(FileExistsError, match="not a regular file"):
                write_bytes(here / name, b"x")

    @pytest.mark.parametrize("name", [".", "..", "/", "folder"])
    def test_a_folder_is_no_file(self, here, name):
        (here / "folder").mkdir()
        with pytest.raises(IsADirectoryError, match="is a folder"):
            writable_file(Path(name))

    def test_a_nul_is_one_line(self):
        for check in (writable_file, writable_folder):
            with pytest.raises(OSError, match="NUL"):
                check(Path("a\0b"))

    def test_a_path_that_is_too_deep_is_one_short_line(self):
        """Python makes missing folders by recursion, and would end in a traceback."""
        for check in (writable_file, writable_folder):
            with pytest.raises(OSError, match="nested more than 200 folders deep: choose a shorter path") as caught:
                check(Path("b/" * 1000))
            assert caught.value.filename == "b/b/b/b/b/..."


class TestFolders:
    @pytest.mark.parametrize("name", [".", "..", "/", "../in", "../in/../.."])
    def test_the_working_folder_and_those_above_it_are_never_replaced(self, here, name):
        with pytest.raises(OSError, match="would be replaced with all its contents"):
            writable_folder(Path(name))

    def test_the_home_folder_is_never_replaced(self, here, tmp_path, monkeypatch):
        (tmp_path / "home").mkdir()
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        with pytest.raises(OSError, match="would be replaced with all its contents"):
            writable_folder(tmp_path / "home")

    def test_a_folder_of_other_files_is_left_alone(self, here):
        (here / "photos").mkdir()
        (here / "photos" / "first.png").write_bytes(b"x")
        with pytest.raises(OSError, match="other files, which would be lost"):
            writable_folder(Path("photos"))

    def test_a_run_an_empty_folder_and_a_new_name_are_taken(self, here):
        (here / "empty").mkdir()
        (here / "run").mkdir()
        (here / "run" / "status.json").write_text("{}")
        for name in ("empty", "run", "new/deep"):
            assert writable_folder(Path(name)) == Path(name)

    def test_a_link_leads_to_its_folder(self, here):
        (here / "real").mkdir()
        (here / "link").symlink_to("real")
        assert writable_folder(Path("link")) == here / "real"
        (here / "up").symlink_to("..")
        with pytest.raises(OSError, match="would be replaced with all its contents"):
            writable_folder(Path("up"))

    def test_a_file_is_no_folder(self, here):
        (here / "file").write_text("mine")
        with pytest.raises(NotADirectoryError, match="not a folder"):
            writable_folder(Path("file"))


@pytest.mark.parametrize("out", [".", "..", "/", "photos", "file"])
def test_training_refuses_such_a_folder_before_the_first_step(here, monkeypatch, capsys, out):
    from vampcore.commands import train

    monkeypatch.setattr(train, "fit", lambda *_: pytest.fail("a training was begun"))
    (here / "photos").mkdir()
    (here / "photos" / "first.png").write_bytes(b"x")
    (here / "file").write_text("mine")
    assert main(["train", "--data", "digits", *QUICK_RUN, f"--out={out}"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {out}: ")
    assert (here / "photos" / "first.png").read_bytes() == b"x"


def test_a_picture_refuses_a_pipe_before_the_model_is_read(here, capsys):
    os.mkfifo(here / "pipe")
    assert main(["sample", "no-such-model", "--out", "pipe"]) == 1
    assert "pipe: is not a regular file" in capsys.readouterr().err


def test_evaluate_does_not_replace_the_folder_that_one_is_in(family, here, monkeypatch, capsys):
    import shutil

    shutil.copytree(family / "small" / "sg", here / "model")
    monkeypatch.chdir(here / "model")
    assert main(["evaluate", ".", "--samples", "0", "--save"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "would be replaced with all its contents" in line
