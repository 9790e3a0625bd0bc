"""The folder of a race: its request, what it says of itself, and what may be done with it."""

import dataclasses
import json

import pytest

from tests.small_runs import config
from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.locking import run_lock
from vampcore.config import ConfigError
from vampcore.training import race_folder
from vampcore.training.race_folder import Progress, Request, RunProgress

RUNS = (config("sg"), config("mog"), config("vamp"))


def test_a_request_is_read_as_it_was_written(tmp_path):
    request = Request(RUNS, "elsewhere", "cpu", "auto")
    race_folder.write_request(tmp_path / "new" / "race", request)
    assert race_folder.read_request(tmp_path / "new" / "race") == request
    assert request.priors == ("sg", "mog", "vamp")


def test_runs_differ_in_their_prior_only():
    for runs in ((), (RUNS[0], RUNS[0]), (RUNS[0], config("mog", seed=1))):
        with pytest.raises(ConfigError):
            Request(runs)
    with pytest.raises(ConfigError, match="device"):
        Request(RUNS, device="tpu")


def test_a_folder_holds_one_race_and_no_model_of_another(tmp_path):
    race_folder.write_request(tmp_path / "a", Request(RUNS))
    with pytest.raises(CheckpointError, match="already contains a race: continue it with --resume"):
        race_folder.write_request(tmp_path / "a", Request(RUNS))
    (tmp_path / "b" / "mog").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="already exists"):
        race_folder.write_request(tmp_path / "b", Request(RUNS))
    with pytest.raises(CheckpointError, match="contains no race"):
        race_folder.read_request(tmp_path / "b")


@pytest.mark.parametrize("change", [{"format": 2}, {"runs": 3}, {"runs": [{}]}, {"data_root": 1}, {"other": 1}])
def test_a_request_that_is_not_sound_is_refused_in_one_line(tmp_path, change):
    race_folder.write_request(tmp_path, Request(RUNS))
    fields = json.loads((tmp_path / "race.json").read_text())
    (tmp_path / "race.json").write_text(json.dumps(fields | change))
    with pytest.raises(CheckpointError, match="is not the request of a race") as refused:
        race_folder.read_request(tmp_path)
    assert "\n" not in str(refused.value)


def test_what_trains_and_is_not_locked_was_interrupted(tmp_path):
    race_folder.write_request(tmp_path, Request(RUNS))
    assert race_folder.race_state(tmp_path) == "waiting"
    runs = tuple(RunProgress(prior, 1.5, 3, -200.0) for prior in ("sg", "mog", "vamp"))
    progress = Progress("training", runs, 12.0, 3.0, 7)
    race_folder.write_progress(tmp_path, progress)
    assert race_folder.read_progress(tmp_path) == progress
    assert race_folder.race_state(tmp_path) == "interrupted"
    with run_lock(race_folder.lock_of(tmp_path)):
        assert race_folder.race_state(tmp_path) == "training"
    for phase in ("stopped", "finished", "failed"):
        race_folder.write_progress(tmp_path, dataclasses.replace(progress, phase=phase))
        assert race_folder.race_state(tmp_path) == phase


@pytest.mark.parametrize("content", ["", "[]", '{"phase": "training"}', '{"phase": "flying", "runs": []}'])
def test_progress_that_is_not_sound_says_nothing(tmp_path, content):
    race_folder.write_request(tmp_path, Request(RUNS))
    (tmp_path / "progress.json").write_text(content)
    assert race_folder.read_progress(tmp_path).phase == "waiting"
    assert [each.epochs for each in race_folder.read_progress(tmp_path).runs] == [3, 3, 3]


def test_keeping_leaves_the_models_and_deleting_leaves_nothing(tmp_path):
    for name in ("kept", "deleted"):
        folder = tmp_path / name
        race_folder.write_request(folder, Request(RUNS))
        race_folder.ask_to_stop(folder)
        for path in (folder / "sg", race_folder.staged(folder, "mog"), race_folder.live_file(folder, "sg").parent):
            path.mkdir(parents=True)
    race_folder.keep(tmp_path / "kept")
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"sg", ".race.lock"}
    race_folder.delete(tmp_path / "deleted")
    assert not (tmp_path / "deleted").exists()
