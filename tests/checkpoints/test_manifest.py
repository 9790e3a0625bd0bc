"""A checkpoint of format 2 is what its manifest lists, to the bit; one of format 1 loads unchecked."""

import json
import os
import random

import pytest

from tests.small_runs import as_format_1, seal
from vampcore.checkpoints import CheckpointError, load, save
from vampcore.checkpoints.manifest import MANIFEST, OURS, check_folder, manifest_of, read_manifest
from vampcore.checkpoints.reading import read_bytes
from vampcore.config import dumps

UNLISTED = {MANIFEST, "README.md", "state.safetensors", "status.json"}


def listed_files(folder):
    return sorted(path.name for path in folder.iterdir() if path.name not in UNLISTED)


def test_lists_every_file_but_itself_and_the_card(sealed):
    manifest = read_manifest(sealed)
    assert manifest is not None
    assert sorted(manifest) == listed_files(sealed)
    assert load(sealed).checked


def test_any_flipped_bit_is_refused(sealed):
    draw = random.Random(20261128)
    for name in (*listed_files(sealed), MANIFEST):
        is_valid = (sealed / name).read_bytes()
        for _ in range(12):
            damaged = bytearray(is_valid)
            damaged[draw.randrange(len(is_valid))] ^= 1 << draw.randrange(8)
            (sealed / name).write_bytes(damaged)
            with pytest.raises(CheckpointError, match=r"restore it|upgrade it|train it again"):
                load(sealed)
        (sealed / name).write_bytes(is_valid)
    assert load(sealed).checked


@pytest.mark.parametrize("cut", [0, 1])
def test_a_file_cut_off_or_missing_is_refused(sealed, cut):
    for name in listed_files(sealed):
        is_valid = (sealed / name).read_bytes()
        if cut:
            (sealed / name).write_bytes(is_valid[:-1])
        else:
            (sealed / name).unlink()
        with pytest.raises(CheckpointError, match=name):
            load(sealed)
        (sealed / name).write_bytes(is_valid)


@pytest.mark.parametrize("flip", range(8))
def test_any_bit_of_the_manifest_counts(sealed, flip):
    """It is refused, or the file is of which that place tells."""
    path = sealed / MANIFEST
    is_valid = path.read_bytes()
    told = {is_valid.index(f'"{name}"'.encode()): name for name in listed_files(sealed)}
    name = min(told.items())[1]
    with path.open("r+b", buffering=0) as file:
        for place in range(len(is_valid)):
            name = told.get(place, name)
            os.pwrite(file.fileno(), bytes([is_valid[place] ^ 1 << flip]), place)
            with pytest.raises(CheckpointError):
                check(sealed, name)
            os.pwrite(file.fileno(), is_valid[place : place + 1], place)
    assert load(sealed).checked


def check(folder, *names):
    check_folder(folder)
    for name in names:
        read_bytes(folder, name)


@pytest.mark.parametrize("name", OURS)
def test_a_file_of_ours_that_is_not_listed_is_refused(sealed, name):
    fields = json.loads((sealed / MANIFEST).read_text())
    if fields["files"].pop(name, None) is None:
        (sealed / name).write_bytes(b"put there later")
    (sealed / MANIFEST).write_text(dumps(fields))
    with pytest.raises(CheckpointError, match=rf"{name} is not in manifest\.json"):
        load(sealed)


def test_files_of_others_are_left_alone(sealed):
    (sealed / "notes.txt").write_text("mine")
    assert load(sealed).checked


def test_a_listed_file_that_nothing_reads_is_checked(sealed):
    (sealed / "sound.bin").write_bytes(b"sound")
    files = {name: (sealed / name).read_bytes() for name in (*listed_files(sealed), "sound.bin")}
    (sealed / MANIFEST).write_bytes(manifest_of(files))
    assert load(sealed).checked
    (sealed / "sound.bin").write_bytes(b"soudn")
    with pytest.raises(CheckpointError, match=r"sound\.bin has changed since it was saved"):
        load(sealed)


def test_one_line_says_which_file_to_restore(sealed):
    path = sealed / "latents.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        load(sealed)
    assert str(caught.value) == (
        f"{path} has changed since it was saved (size or sha256 differ from manifest.json): restore it or train again"
    )


def test_the_files_of_a_run_and_the_card_may_change(sealed):
    (sealed / "README.md").write_text("notes of a reader")
    (sealed / "status.json").write_text("{}")
    (sealed / "state.safetensors").write_bytes(b"")
    assert load(sealed).checked


def test_format_2_without_a_manifest_is_refused(sealed):
    (sealed / MANIFEST).unlink()
    with pytest.raises(CheckpointError, match=r"manifest\.json is missing, so that config\.json cannot be checked"):
        load(sealed)


def test_format_1_loads_unchecked_and_is_written_as_format_2(sealed, tmp_path):
    weights = (sealed / "weights.safetensors").read_bytes()
    as_format_1(sealed)
    earlier = load(sealed)
    assert not earlier.checked
    save(earlier, tmp_path / "again")
    assert load(tmp_path / "again").checked
    assert (tmp_path / "again" / "weights.safetensors").read_bytes() == weights


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields["files"].pop("config.json"),
        lambda fields: fields["files"]["config.json"].update(sha256="0" * 64),
        lambda fields: fields["files"]["config.json"].update(sha256=0),
        lambda fields: fields["files"]["config.json"].update(size=-1),
        lambda fields: fields["files"]["config.json"].update(size=1.0),
        lambda fields: fields["files"].update({"../config.json": fields["files"]["config.json"]}),
        lambda fields: fields["files"].update({"README.md": fields["files"]["config.json"]}),
        lambda fields: fields["files"].update({f"a{i}.json": fields["files"]["config.json"] for i in range(100)}),
        lambda fields: fields.update(files=[]),
        lambda fields: fields.update(more=1),
    ],
)
def test_a_manifest_that_is_not_valid_is_refused(sealed, change):
    fields = json.loads((sealed / MANIFEST).read_text())
    change(fields)
    (sealed / MANIFEST).write_text(dumps(fields))
    with pytest.raises(CheckpointError, match="restore it"):
        check(sealed, *listed_files(sealed))


def test_a_key_that_is_there_twice_is_refused(sealed):
    text = (sealed / "metrics.json").read_text()
    (sealed / "metrics.json").write_text(text.replace("{", '{"format": 2, ', 1))
    seal(sealed)
    with pytest.raises(CheckpointError, match=r"metrics\.json"):
        load(sealed)
