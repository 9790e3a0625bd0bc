"""What a run goes on with."""

import dataclasses
import importlib
import shutil

import pytest

from tests.small_runs import config, few_digits, first
from vampcore.checkpoints import CheckpointError, load
from vampcore.checkpoints.destinations import writable_folder
from vampcore.datasets import DataError
from vampcore.training import fit
from vampcore.training.data_of_run import run_to_resume

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
    with pytest.raises(CheckpointError, match="another components"):
        run_to_resume(config("mog", components=5, epochs=2), few_digits(), folder)
