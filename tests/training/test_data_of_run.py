"""What a run goes on with, and what it is not resumed from."""

import dataclasses
import importlib
import shutil
from pathlib import Path

import pytest

from tests.small_runs import config, digits, few_digits, first, train
from vampcore.checkpoints import CheckpointError, load
from vampcore.checkpoints.destinations import writable_folder
from vampcore.datasets import DataError
from vampcore.training import fit
from vampcore.training.data_of_run import run_to_resume
from vampcore.training.state import read_state

fit_module = importlib.import_module("vampcore.training.fit")


def begun(folder, settings):
    run = fit(settings, few_digits(), folder)
    next(run)
    run.close()
    return folder


def test_a_run_killed_before_its_first_state_can_begin_again(tmp_path, monkeypatch):
    found = tmp_path / "found"

    def killed(folder, *arguments):
        if not found.exists():
            shutil.copytree(folder, found)
        raise KeyboardInterrupt

    monkeypatch.setattr(fit_module, "write_state", killed)
    with pytest.raises(KeyboardInterrupt):
        list(fit(config("sg"), few_digits(), tmp_path / "run"))
    assert {each.name for each in found.iterdir()} == {"status.json", "data.safetensors"}
    (found / "data.safetensors").unlink()
    assert writable_folder(found) == found


def test_exemplars_go_on_with_the_number_of_components_that_was_asked_for(tmp_path):
    """A run counts its training images in place of that number, and a resumed one has to as well."""
    settings = config("exemplar", components=4, neighbours=2, epochs=2)
    folder = begun(tmp_path / "run", settings)
    assert len(list(fit(settings, few_digits(), folder, resume=True))) == 1
    assert load(folder).config.components == len(few_digits().train.images)


def test_exemplars_of_fewer_images_are_refused_by_the_images(tmp_path):
    settings = config("exemplar", components=4, neighbours=2, epochs=2)
    folder = begun(tmp_path / "run", settings)
    fewer = dataclasses.replace(few_digits(), train=first(few_digits().train, 240))
    with pytest.raises(DataError, match="240 images, then 250"):
        run_to_resume(settings, fewer, folder)


def test_another_number_of_components_is_refused(tmp_path):
    folder = begun(tmp_path / "run", config("mog", components=4, epochs=2))
    with pytest.raises(CheckpointError, match="was started with components 4, not 5"):
        run_to_resume(config("mog", components=5, epochs=2), few_digits(), folder)


class TestAState:
    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        return begun(tmp_path / "run", config())

    def test_absent(self, tmp_path):
        with pytest.raises(CheckpointError, match=r"run holds no run to resume: start it without --resume"):
            train(config(), tmp_path / "run", resume=True)

    @pytest.mark.parametrize("content", [b"", b"\0" * 64, b"half"], ids=["empty", "zeros", "foreign"])
    def test_damaged(self, folder, content):
        before = load(folder).sha256
        (folder / "state.safetensors").write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            train(config(), folder, resume=True)
        assert "state.safetensors is damaged" in str(caught.value)
        assert "restore it, or train into another folder with --out" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert load(folder).sha256 == before

    def test_truncated(self, folder):
        content = (folder / "state.safetensors").read_bytes()
        (folder / "state.safetensors").write_bytes(content[:-10])
        with pytest.raises(CheckpointError, match=r"state\.safetensors is damaged"):
            train(config(), folder, resume=True)

    def test_larger_than_its_header_says_is_not_read(self, folder, monkeypatch):
        with (folder / "state.safetensors").open("r+b") as file:
            file.truncate(2**32)
        monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("4 GiB would be read"))
        with pytest.raises(CheckpointError, match=r"is damaged \(its size is not what its header says\)"):
            read_state(folder, config())

    @pytest.mark.parametrize("changes", [{"seed": 1}, {"epochs": 4}, {"learning_rate": 1e-4}, {"components": 5}])
    def test_of_another_configuration(self, folder, changes):
        name = next(iter(changes))
        was, asked = getattr(config(), name), changes[name]
        with pytest.raises(
            CheckpointError, match=rf"was started with {name} {was}, not {asked}: leave it as it was, or"
        ):
            train(config(**changes), folder, resume=True)

    def test_of_other_images(self, folder):
        whole = digits()
        cropped = {
            part: dataclasses.replace(getattr(whole, part), images=getattr(whole, part).images[..., :6, :6].clone())
            for part in ("train", "validation", "test")
        }
        with pytest.raises(DataError, match="is not the data set that the model was trained on"):
            train(config(), folder, dataclasses.replace(whole, **cropped), resume=True)
