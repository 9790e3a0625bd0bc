"""A checkpoint of an earlier format, rewritten in this one."""

import pytest

from tests.small_runs import as_format_1
from vampcore.checkpoints import CheckpointError, load
from vampcore.checkpoints.upgrading import upgrade
from vampcore.commands import main

KEPT = ("weights.safetensors", "latents.safetensors", "per_image.safetensors", "snapshots.safetensors", "history.csv")


def test_tensors_and_history_keep_their_bytes(sealed):
    content = {name: (sealed / name).read_bytes() for name in (*KEPT, "state.safetensors", "status.json")}
    before = {path.name: path.read_bytes() for path in sealed.iterdir()}
    as_format_1(sealed)
    assert not load(sealed).checked
    assert upgrade(sealed) == ["config.json", "manifest.json", "metrics.json"]
    assert load(sealed).checked
    assert {path.name: path.read_bytes() for path in sealed.iterdir()} == before
    assert {name: before[name] for name in content} == content


def test_what_is_of_this_format_is_not_written(sealed):
    before = sealed.stat().st_ino
    assert upgrade(sealed) == []
    assert sealed.stat().st_ino == before


def test_what_is_not_sound_is_not_sealed(sealed):
    as_format_1(sealed)
    (sealed / "history.csv").write_text("")
    with pytest.raises(CheckpointError, match=r"history\.csv"):
        upgrade(sealed)
    assert not (sealed / "manifest.json").exists()


def test_from_the_command_line(sealed, capsys):
    as_format_1(sealed)
    assert main(["upgrade", str(sealed), str(sealed)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(": config.json, manifest.json, metrics.json")
    assert second.endswith(": nothing to change")
