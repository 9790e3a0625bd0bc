"""A state that no run has written is refused with one line, and nothing of it is used."""

import json
import os

import pytest
from safetensors import safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_safetensors

from tests.small_runs import config, train
from vampcore.checkpoints import CheckpointError
from vampcore.training.state import read_state

SETTINGS = config("sg", epochs=3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("state") / "run"
    train(SETTINGS, folder)
    return (folder / "state.safetensors").read_bytes()


@pytest.fixture
def path(trained, tmp_path):
    (tmp_path / "state.safetensors").write_bytes(trained)
    return tmp_path / "state.safetensors"


def put(path, text):
    path.write_bytes(to_safetensors(load_file(path), {"state": text}))


def facts_of(path):
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["state"])


def refused(path, said=""):
    with pytest.raises(CheckpointError) as caught:
        read_state(path.parent, SETTINGS)
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert "restore it" in message
    assert said in message
    assert "\n" not in message
    assert len(message) < len(str(path)) + 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", 1.5),
        ("epoch", True),
        ("epoch", "3"),
        ("epoch", 2),
        ("epoch", -1),
        ("epoch", 10**12),
        ("best_epoch", 1.0),
        ("best_epoch", 4),
        ("best_epoch", -1),
        ("waited", 0.5),
        ("waited", -1),
        ("waited", 10**9),
        ("best_bound", "-3"),
        ("best_bound", None),
        ("best_bound", float("nan")),
        ("best_bound", float("inf")),
        ("history", {}),
        ("history", []),
        ("history", [[1], [2], [3]]),
        ("history", 3),
        ("config", []),
        ("config", None),
    ],
)
def test_facts_of_another_type_or_range(path, name, value):
    put(path, json.dumps(facts_of(path) | {name: value}))
    refused(path)


@pytest.mark.parametrize(
    ("column", "value"), [(0, 2), (0, 1.0), (1, 7.0), (2, 0.0), (3, float("nan")), (9, -7), (9, 1.5), (10, -1.0)]
)
def test_records_of_another_type_or_range(path, column, value):
    facts = facts_of(path)
    facts["history"][0][column] = value
    put(path, json.dumps(facts))
    refused(path)


def test_a_key_that_is_there_twice(path):
    put(path, json.dumps(facts_of(path)).replace("{", '{"epoch": 3, ', 1))
    refused(path, "a key is there twice")


@pytest.mark.parametrize("text", ["", "[]", "3", "null", "[" * 100_000, '{"epoch": 3}'])
def test_facts_that_are_none(path, text):
    put(path, text)
    refused(path)


@pytest.mark.parametrize("kept", [0, 8, -9])
def test_cut_off(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    refused(path)


def test_a_pipe_a_device_or_a_folder_in_its_place_is_not_opened(path):
    path.unlink()
    os.mkfifo(path)
    refused(path, "is not a regular file of at most")
    path.unlink()
    path.symlink_to("/dev/zero")
    refused(path, "is not a regular file of at most")
    path.unlink()
    path.mkdir()
    refused(path, "is not a regular file of at most")


def test_what_was_written_is_read(path):
    state = read_state(path.parent, SETTINGS)
    assert (state.epoch, len(state.history)) == (3, 3)
