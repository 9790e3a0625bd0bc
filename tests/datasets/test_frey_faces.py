"""Frey Faces."""

from pathlib import Path

import numpy as np
import pytest
import torch

from vampcore.datasets import DataError, load

from .small import everything_below, mat, npz, small_frey


def test_frames_are_shuffled_and_split(tmp_path: Path) -> None:
    published = small_frey(frames=11)
    frey = published.write(tmp_path).read(tmp_path)
    assert frey.shape == (1, 28, 20)
    assert frey.likelihood == "logistic"
    assert frey.levels == 255
    assert frey.classes == ()
    assert frey.pseudo_input_noise == (0.5, 0.02)
    parts = (frey.train, frey.validation, frey.test)
    assert [len(part.images) for part in parts] == [7, 2, 2]
    assert all(part.labels is None for part in parts)
    order = np.random.RandomState(777).permutation(11)
    shuffled = published.arrays["images"][order]
    assert np.array_equal(frey.test.images[:, 0].numpy(), shuffled[:2])
    assert np.array_equal(frey.validation.images[:, 0].numpy(), shuffled[2:4])
    assert np.array_equal(frey.train.images[:, 0].numpy(), shuffled[4:])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npz(images=np.zeros((11, 28, 20), np.uint8)), "not the published file"),
        (npz(images=np.zeros((10, 28, 20), np.uint8)), "not uint8"),
        (npz(faces=np.zeros((11, 28, 20), np.uint8)), "images is not a file"),
        (npz(images=np.array([None] * 11)), "pickled"),
        (b"\x80\x04N.", "pickled|not a complete npz"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    kind = small_frey().kind
    (path,) = kind.files(tmp_path)
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        kind.read(tmp_path)
    assert str(caught.value).endswith("run: python -m vampcore data frey_faces")


def test_a_download_is_converted(tmp_path: Path, server) -> None:
    published = small_frey()
    server.publish("frey_rawface.mat", published.sources["frey_rawface.mat"])
    published.kind.download(tmp_path, None, server.url)
    assert everything_below(tmp_path) == ["frey_faces", "frey_faces/frey_faces.npz"]
    with np.load(published.kind.files(tmp_path)[0]) as archive:
        assert np.array_equal(archive["images"], published.arrays["images"])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (mat(ff=np.zeros((560, 11), np.uint8)), "not the published file"),
        (mat(ff=np.zeros((11, 560), np.uint8)), "not uint8"),
        (mat(faces=np.zeros((560, 11), np.uint8)), "does not hold the array ff"),
        (b"<html>moved</html>" * 30, "not a complete MATLAB file"),
        (small_frey().sources["frey_rawface.mat"][:-50], "not a complete MATLAB file"),
    ],
)
def test_a_foreign_source_leaves_nothing(tmp_path: Path, server, source: bytes, words: str) -> None:
    server.publish("frey_rawface.mat", source)
    with pytest.raises(DataError, match=words):
        small_frey().kind.download(tmp_path, None, server.url)
    assert everything_below(tmp_path) == []


@pytest.mark.data
def test_real_faces(real_data: Path) -> None:
    frey = load("frey_faces", real_data)
    parts = (frey.train, frey.validation, frey.test)
    assert [len(part.images) for part in parts] == [1565, 200, 200]
    with np.load(real_data / "frey_faces" / "frey_faces.npz") as archive:
        frames = torch.from_numpy(archive["images"])
    everything = torch.cat([part.images for part in parts])[:, 0]
    assert sorted(map(bytes, everything.numpy())) == sorted(map(bytes, frames.numpy()))
    assert int(everything.min()) == 8
    assert int(everything.max()) == 238
