"""Caltech 101 Silhouettes."""

from dataclasses import replace
from pathlib import Path

import pytest
import scipy.io

from vampcore.datasets import DataError, load

from .small import everything_below, mat, sha256, small_caltech


def test_images_are_upright_and_inverted_and_labels_count_from_zero(tmp_path: Path) -> None:
    published = small_caltech()
    caltech = published.write(tmp_path).read(tmp_path)
    assert caltech.shape == (1, 28, 28)
    assert caltech.classes == ("anchor", "bonsai", "crab")
    assert caltech.pseudo_input_noise == (0.5, 0.02)
    for part, name in ((caltech.train, "train"), (caltech.validation, "val"), (caltech.test, "test")):
        raw, labels = published.arrays[f"{name}_data"], published.arrays[f"{name}_labels"]
        assert part.labels is not None
        assert part.labels.tolist() == [int(label) - 1 for label in labels[:, 0]]
        assert len(part.images) == len(raw)
        for row, column in ((0, 1), (5, 20), (27, 3)):
            assert part.images[:, 0, row, column].tolist() == [1 - int(bit) for bit in raw[:, 28 * column + row]]


@pytest.mark.parametrize("place", [0, 126, 130, 500, -1])
def test_an_altered_file_is_refused(tmp_path: Path, place: int) -> None:
    kind = small_caltech().write(tmp_path)
    (path,) = kind.files(tmp_path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is not the published file.*vampcore data caltech101_silhouettes") as caught:
        kind.read(tmp_path)
    assert str(path) in str(caught.value)


def test_a_file_without_the_arrays_is_refused(tmp_path: Path) -> None:
    arrays = dict(small_caltech().arrays)
    for change in ("no classnames", "no labels", "label 9", "values 2", "not uint8", "not MATLAB"):
        changed = {key: value.copy() for key, value in arrays.items()}
        if change == "no classnames":
            del changed["classnames"]
        if change == "no labels":
            del changed["test_labels"]
        if change == "label 9":
            changed["val_labels"][0] = 9
        if change == "values 2":
            changed["train_data"][0, 0] = 2
        if change == "not uint8":
            changed["train_data"] = changed["train_data"].astype("float64")
        content = mat(**changed) if change != "not MATLAB" else b"nothing of the kind" * 20
        kind = small_caltech().kind
        kind = replace(kind, remote=replace(kind.remote, sha256=sha256(content)))
        (path,) = kind.files(tmp_path)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        with pytest.raises(DataError, match="run: python -m vampcore data") as caught:
            kind.read(tmp_path)
        assert "\n" not in str(caught.value)


def test_a_download_is_the_file(tmp_path: Path, server) -> None:
    published = small_caltech()
    for name, content in published.sources.items():
        server.publish(name, content)
    published.kind.download(tmp_path, None, server.url)
    (path,) = published.kind.files(tmp_path)
    assert path.read_bytes() == published.contents[0]
    assert len(everything_below(tmp_path)) == 2


@pytest.mark.data
def test_real_silhouettes(real_data: Path) -> None:
    caltech = load("caltech101_silhouettes", real_data)
    assert [len(part.images) for part in (caltech.train, caltech.validation, caltech.test)] == [4100, 2264, 2307]
    assert len(caltech.classes) == len(set(caltech.classes)) == 101
    raw = scipy.io.loadmat(real_data / "caltech101_silhouettes" / "caltech101_silhouettes_28_split1.mat")
    upright = 1 - raw["test_data"][17].reshape(28, 28).T
    assert caltech.test.images[17, 0].tolist() == upright.tolist()
    for part in (caltech.train, caltech.validation, caltech.test):
        assert part.labels is not None
        assert part.labels.unique().tolist() == list(range(101))
        # The object fills the middle and leaves the corners: more ink there says that it was inverted.
        assert part.images[:, 0, 10:18, 10:18].float().mean() > part.images[:, 0, :3, :3].float().mean()
