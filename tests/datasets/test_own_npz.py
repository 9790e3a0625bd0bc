"""`npz:PATH`."""

from pathlib import Path

import numpy as np
import pytest
import torch

from vampcore.datasets import DataError, available, default_likelihood, download, load

from .small import npz


def grey(count: int = 30, height: int = 6, width: int = 5) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (count, height, width), dtype=np.uint8)


def save(path: Path, **arrays: np.ndarray) -> str:
    np.savez(path / "own.npz", **arrays)
    return f"npz:{path / 'own.npz'}"


def test_one_array_is_split_80_10_10(tmp_path: Path) -> None:
    images = grey(30)
    name = save(tmp_path, images=images)
    own = load(name)
    assert own.name == name
    assert own.shape == (1, 6, 5)
    assert own.likelihood == default_likelihood(name) == "logistic"
    assert own.classes == ()
    parts = (own.train, own.validation, own.test)
    assert [len(part.images) for part in parts] == [24, 3, 3]
    everything = torch.cat([part.images for part in parts])[:, 0].numpy()
    assert sorted(map(bytes, everything)) == sorted(map(bytes, images))
    assert torch.equal(load(name).test.images, own.test.images)
    assert own.pseudo_input_noise == (float(own.train.images.float().mean()) / 255, 0.01)


def test_three_arrays_are_taken_as_they_are(tmp_path: Path) -> None:
    train, validation, test = grey(12), grey(3) // 2, grey(4) // 3
    own = load(
        save(tmp_path, train=train[:, None], validation=validation, test=test, test_labels=np.array([0, 2, 1, 2]))
    )
    assert np.array_equal(own.train.images[:, 0].numpy(), train)
    assert np.array_equal(own.validation.images[:, 0].numpy(), validation)
    assert np.array_equal(own.test.images[:, 0].numpy(), test)
    assert own.train.labels is None
    assert own.test.labels is not None
    assert own.test.labels.tolist() == [0, 2, 1, 2]
    assert own.classes == ("0", "1", "2")


def test_labels_follow_their_images_and_classes_have_names(tmp_path: Path) -> None:
    images = grey(40)
    images[:, 0, 0] = labels = np.arange(40) % 2
    own = load(save(tmp_path, images=images, labels=labels.astype(np.uint8), classes=np.array(["even", "odd"])))
    assert own.classes == ("even", "odd")
    for part in (own.train, own.validation, own.test):
        assert part.labels is not None
        assert torch.equal(part.labels, part.images[:, 0, 0, 0].long())
        assert torch.bincount(part.labels).tolist() == [len(part.images) // 2] * 2


def test_a_single_class_tells_nothing(tmp_path: Path) -> None:
    own = load(save(tmp_path, images=grey(), labels=np.zeros(30, int)))
    assert own.classes == ()
    assert own.train.labels is None


@pytest.mark.parametrize(
    "convert", [lambda bits: bits, lambda bits: bits * 255, lambda bits: bits.astype(bool), np.float32]
)
def test_binary_images_are_bernoulli(tmp_path: Path, convert) -> None:
    bits = np.random.default_rng(5).integers(0, 2, (20, 8, 8), dtype=np.uint8)
    own = load(save(tmp_path, train=convert(bits), validation=convert(bits[:2]), test=convert(bits[2:5])))
    assert own.likelihood == "bernoulli"
    assert own.levels == 1
    assert np.array_equal(own.train.images[:, 0].numpy(), bits)
    assert own.pseudo_input_noise[0] == pytest.approx(bits.mean())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
def test_floats_are_rounded_to_256_levels(tmp_path: Path, dtype: str) -> None:
    levels = np.arange(256).reshape(1, 1, 16, 16)
    images = np.concatenate([levels / 255] * 10).astype(dtype)
    own = load(save(tmp_path, images=images))
    assert own.likelihood == "logistic"
    assert np.array_equal(own.train.images[0].numpy(), levels[0])


def test_channels_are_kept(tmp_path: Path) -> None:
    assert load(save(tmp_path, images=np.stack([grey()] * 3, 1))).shape == (3, 6, 5)


def with_value(value: float) -> np.ndarray:
    images = np.full((12, 8, 8), 0.5)
    images[3, 2, 1] = value
    return images


ok = grey(12)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": ok.astype(np.int64)}, "is int64; save uint8"),
        ({"images": ok.astype(complex)}, "is complex128; save uint8"),
        ({"images": np.array([["a"] * 9] * 9)}, "has shape"),
        ({"images": np.zeros((12, 6, 6), "U1")}, "save uint8"),
        ({"images": np.zeros((12, 6, 6), [("r", "u1")])}, "save uint8"),
        ({"images": np.array([{}, None], dtype=object)}, "pickled Python objects"),
        ({"images": ok, "labels": np.array([object()] * 12)}, "pickled Python objects"),
        ({"images": with_value(np.nan)}, "NaN or infinite"),
        ({"images": with_value(-np.inf)}, "NaN or infinite"),
        ({"images": with_value(255.0)}, "from 0.5 to 255; scale them"),
        ({"images": with_value(-0.01)}, "scale them to 0 to 1"),
        ({"images": ok[0]}, "images are N H W or N C H W"),
        ({"images": ok[None, None]}, "images are N H W or N C H W"),
        ({"images": np.uint8(3)}, "images are N H W"),
        ({"images": ok[:0]}, "holds no images"),
        ({"images": ok[:9]}, "holds 9 images; at least 10"),
        ({"images": ok[:, :3]}, "3 x 5; resize"),
        ({"images": np.zeros((12, 129, 8), np.uint8)}, "129 x 8; resize"),
        ({"images": np.zeros((12, 32, 32, 3), np.uint8)}, r"channels last.*transpose\(0, 3, 1, 2\)"),
        ({"images": np.zeros((12, 0, 8, 8), np.uint8)}, "0 channels"),
        ({"images": np.zeros((12, 7, 8, 8), np.uint8)}, "7 channels"),
        ({}, "holds no images"),
        ({"x": ok}, "unknown arrays x; known are"),
        ({"images": ok, "label": np.zeros(12, int)}, "unknown arrays label"),
        ({"train": ok, "test": ok}, "holds test, train; save"),
        ({"train": ok, "validation": ok, "test": ok, "images": ok}, "holds images, test, train, validation"),
        ({"train": ok, "validation": ok, "test": ok, "labels": np.zeros(12, int)}, "labels does not go with"),
        ({"images": ok, "train_labels": np.zeros(12, int)}, "train_labels does not go with images"),
        ({"train": ok, "validation": ok, "test": ok[:, :4]}, "differ in the shape"),
        ({"train": ok, "validation": ok / 255, "test": ok}, "differ in dtype"),
        ({"train": ok, "validation": ok[:0], "test": ok}, "validation holds no images"),
        ({"images": ok, "labels": np.zeros(12)}, "one integer for each of the 12 images"),
        ({"images": ok, "labels": np.zeros(11, int)}, "one integer for each of the 12 images"),
        ({"images": ok, "labels": np.zeros((12, 1), int)}, "one integer for each of the 12 images"),
        ({"images": ok, "labels": np.arange(12) - 1}, "goes from -1 to 10"),
        ({"images": ok, "labels": np.arange(12) + 10**9}, "below 1000"),
        ({"images": ok, "labels": np.arange(12), "classes": np.array(["a", "b"])}, "one string a class"),
        ({"images": ok, "labels": np.arange(12), "classes": np.arange(12)}, "one string a class"),
        ({"images": ok, "classes": np.array(["a"])}, "beside labels"),
    ],
)
def test_what_does_not_serve_is_one_line_with_the_cure(
    tmp_path: Path, arrays: dict[str, np.ndarray], words: str
) -> None:
    name = save(tmp_path, **arrays)
    with pytest.raises(DataError, match=words) as caught:
        load(name)
    assert str(tmp_path / "own.npz") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.npz", tmp_path):
        with pytest.raises(DataError, match="there is no file"):
            load(f"npz:{path}")


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", grey())
    with pytest.raises(DataError, match="is a single array, not an npz; save arrays"):
        load(f"npz:{tmp_path / 'own.npy'}")


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from vampcore.datasets import own_npz

    monkeypatch.setattr(own_npz, "MAX_BYTES", 1000)
    (tmp_path / "own.npz").write_bytes(npz(images=np.zeros((20, 10, 10), np.uint8)))
    with pytest.raises(DataError, match="unpacks to more than"):
        load(f"npz:{tmp_path / 'own.npz'}")


@pytest.mark.parametrize("compressed", [True, False])
def test_every_cut_and_flip_is_refused_or_read(tmp_path: Path, compressed: bool) -> None:
    name = save(tmp_path, images=grey(12), labels=np.arange(12) % 2)
    path = tmp_path / "own.npz"
    if compressed:
        path.write_bytes(npz(images=grey(12), labels=np.arange(12) % 2))
    whole = path.read_bytes()
    messages = []
    for place in range(0, len(whole), 3):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0x13]) + whole[place + 1 :]):
            path.write_bytes(damaged)
            try:
                own = load(name)
            except DataError as error:
                messages.append(str(error))
            else:
                assert len(own.train.images) == 10
    assert len(messages) > len(whole) / 3
    for message in messages:
        assert str(path) in message
        assert "\n" not in message


def test_availability_and_no_download(tmp_path: Path) -> None:
    name = save(tmp_path, images=grey())
    assert available(name)
    assert not available(f"npz:{tmp_path / 'other.npz'}")
    with pytest.raises(DataError, match="your own images"):
        download(name, tmp_path)
