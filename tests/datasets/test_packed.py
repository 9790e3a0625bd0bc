"""The packed copy of a large folder."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vampcore.datasets import load, own_folder
from vampcore.datasets.image_files import Form, Images, read_images
from vampcore.datasets.packed import cache_folder, packed_for, read_copy, write_copy


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of the test's own, in which folders of ten images are packed."""
    monkeypatch.setenv("VAMPCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(own_folder, "_MIN_PACKED", 10)
    return tmp_path / "cache" / "images"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(30):
        Image.new("L", (28, 28), number + 2).save(folder / f"{number:02}.png")
    return folder


class Readings:
    """Counts the files that are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0

        def counted(files: list[str], form: Form, progress: object = None) -> Images:
            self.count += len(files)
            return read_images(files, form)

        monkeypatch.setattr(own_folder, "read_images", counted)


def test_files_are_read_once(monkeypatch: pytest.MonkeyPatch, cache: Path, folder: Path) -> None:
    readings = Readings(monkeypatch)
    first, again = load(f"folder:{folder}"), load(f"folder:{folder}")
    assert readings.count == 30
    for ours, theirs in ((first.train, again.train), (first.validation, again.validation), (first.test, again.test)):
        assert torch.equal(ours.images, theirs.images)
        assert ours.names == theirs.names
    assert len(list(cache.iterdir())) == 1


def test_other_files_and_other_options_are_read_anew(
    monkeypatch: pytest.MonkeyPatch, cache: Path, folder: Path
) -> None:
    readings = Readings(monkeypatch)
    load(f"folder:{folder}")
    load(f"folder,size=20x20:{folder}")
    assert readings.count == 60
    assert len(list(cache.iterdir())) == 2  # one for each form
    Image.new("L", (28, 28), 200).save(folder / "00.png")
    os.utime(folder / "00.png", (1, 1))
    own = load(f"folder:{folder}")
    assert readings.count == 90
    assert 200 in torch.cat([part.images for part in (own.train, own.validation, own.test)])
    (folder / "01.png").rename(folder / "zz.png")
    load(f"folder:{folder}")
    assert readings.count == 120
    assert len(list(cache.iterdir())) == 2  # the copy that nothing asks for any more is gone


@pytest.mark.parametrize("place", [0, 9, 200, -1, None])
def test_a_damaged_copy_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, cache: Path, folder: Path, place: int | None
) -> None:
    first = load(f"folder:{folder}")
    (copy,) = cache.iterdir()
    whole = copy.read_bytes()
    damaged = bytearray(whole)
    if place is None:
        damaged = damaged[: len(damaged) // 2]
    else:
        damaged[place] ^= 0x55
    copy.write_bytes(damaged)
    readings = Readings(monkeypatch)
    assert torch.equal(load(f"folder:{folder}").train.images, first.train.images)
    assert readings.count == 30
    assert copy.read_bytes() == whole


def test_bad_files_are_remembered(monkeypatch: pytest.MonkeyPatch, cache: Path, folder: Path) -> None:
    (folder / "03.png").write_bytes(b"")
    first = load(f"folder,skip-bad:{folder}")
    readings = Readings(monkeypatch)
    again = load(f"folder,skip-bad:{folder}")
    assert readings.count == 0
    assert first.notes == again.notes
    assert "1 of 30 image files are skipped: 03.png is not an image" in again.notes


def test_a_cache_that_cannot_be_written_is_done_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VAMPCORE_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(own_folder, "_MIN_PACKED", 10)
    assert len(load(f"folder:{folder}").train.images) == 24


def test_a_copy_is_written_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch, cache: Path, folder: Path) -> None:
    packed = packed_for(folder, sorted(map(str, folder.iterdir())), Form((2, 2)))
    images = Images(np.zeros((30, 1, 2, 2), np.uint8), {})

    def full(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert not write_copy(packed, images)
    assert list(cache.iterdir()) == []
    assert read_copy(packed, (30, 1, 2, 2)) is None
    assert write_copy(packed, images)
    assert read_copy(packed, (29, 1, 2, 2)) is None
    found = read_copy(packed, (30, 1, 2, 2))
    assert found is not None
    assert np.array_equal(found.pixels, images.pixels)


def test_the_cache_lies_where_the_system_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VAMPCORE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in cache_folder().parents


def test_progress_ends_at_the_number_of_files(folder: Path) -> None:
    reported: list[tuple[int, int]] = []
    read_images(
        sorted(map(str, folder.iterdir())) * 5, Form((4, 4)), lambda done, total: reported.append((done, total))
    )
    assert reported[-1] == (150, 150)
    assert reported == sorted(reported)
    assert len(reported) > 1
