"""`npz:PATH`."""

from pathlib import Path
from typing import Literal

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
    train, validation, test = grey(22), grey(3) // 2, grey(4) // 3
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


@pytest.mark.parametrize(
    ("copies", "words"),
    [
        ({"train": [0, 0, 0]}, "2 of the 28 images repeat another one, and 0 of the 2 test images"),
        ({"test": [0, 1]}, "2 of the 26 images repeat another one, and 2 of the 2 test images"),
    ],
)
def test_images_that_are_there_twice_are_counted(tmp_path: Path, copies, words: str) -> None:
    images = grey(26)
    parts = {"train": images[:22], "validation": images[22:24], "test": images[24:]}
    assert load(save(tmp_path, **parts)).notes == ()
    parts |= {"train": np.concatenate([images[1:22], images[copies["train"]]])} if "train" in copies else {}
    parts |= {"test": images[copies["test"]]} if "test" in copies else {}
    (note,) = load(save(tmp_path, **parts)).notes
    assert note == f"{words} are also in training or validation: remove copies, or test scores may look too good"


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
    images = np.concatenate([levels / 255] * 20).astype(dtype)
    own = load(save(tmp_path, images=images))
    assert own.likelihood == "logistic"
    assert np.array_equal(own.train.images[0].numpy(), levels[0])


def test_channels_are_kept(tmp_path: Path) -> None:
    assert load(save(tmp_path, images=np.stack([grey()] * 3, 1))).shape == (3, 6, 5)


@pytest.mark.parametrize(
    "arrays",
    [
        {"images": grey(), "label": np.arange(30) % 3},
        {"X": grey(), "y": (np.arange(30) % 3)[:, None]},
        {"arr_0": grey(), "arr_1": np.arange(30) % 3},
        {"data": grey(), "targets": (np.arange(30) % 3).astype(float)},
        {"images": grey(), "labels": np.eye(3)[np.arange(30) % 3]},
        {"images": grey(), "labels": np.array(list("abc"))[np.arange(30) % 3], "extra": np.zeros(7)},
        {"images": grey(), "labels": np.array(list("abc"))[np.arange(30) % 3].astype("S")},
        {"images": grey(), "labels": np.arange(30) % 3 + 5000},
    ],
)
def test_what_is_one_step_away_is_taken(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    own = load(save(tmp_path, **arrays))
    expected = load(save(tmp_path, images=grey(), labels=np.arange(30) % 3))
    for part, like in ((own.train, expected.train), (own.test, expected.test)):
        assert torch.equal(part.images, like.images)
        assert part.labels is not None
        assert like.labels is not None
        assert torch.equal(part.labels, like.labels)
    assert own.classes in (("0", "1", "2"), ("a", "b", "c"), ("5000", "5001", "5002"))


def test_texts_of_several_parts_are_numbered_together(tmp_path: Path) -> None:
    parts = {"train": grey(12), "validation": grey(3), "test": grey(2)}
    labels = {"train_labels": np.array(["b"] * 12), "test_labels": np.array(["c", "a"])}
    own = load(save(tmp_path, **parts, **labels))
    assert own.classes == ("a", "b", "c")
    assert own.train.labels is not None
    assert own.test.labels is not None
    assert own.train.labels.tolist() == [1] * 12
    assert own.test.labels.tolist() == [2, 0]
    assert own.validation.labels is None


def test_keras_and_medmnist_are_known(tmp_path: Path) -> None:
    images, labels = grey(40), np.arange(40) % 2
    keras = load(
        save(
            tmp_path, x_train=images[:30], y_train=labels[:30], x_test=images[30:], y_test=labels[30:].astype(np.uint8)
        )
    )
    assert np.array_equal(keras.test.images[:, 0].numpy(), images[30:])
    assert [len(part.images) for part in (keras.train, keras.validation)] == [27, 3]
    assert keras.notes == ("there is no validation split: 3 of the 30 training images are used for it",)
    colour = np.random.default_rng(3).integers(0, 256, (40, 9, 7, 3), dtype=np.uint8)
    medical = {"train_images": colour[:20], "val_images": colour[20:30], "test_images": colour[30:]}
    medical |= {f"{part}_labels": labels[:count, None] for part, count in (("train", 20), ("val", 10), ("test", 10))}
    own = load(save(tmp_path, **medical))
    assert own.shape == (3, 9, 7)
    assert np.array_equal(own.train.images.numpy(), colour[:20].transpose(0, 3, 1, 2))
    assert np.array_equal(own.validation.images.numpy(), colour[20:30].transpose(0, 3, 1, 2))
    assert own.validation.labels is not None
    assert own.validation.labels.tolist() == labels[:10].tolist()
    assert own.notes == ()


def test_rows_take_the_shape_that_is_asked_for(tmp_path: Path) -> None:
    images = grey(30, 6, 5)
    (tmp_path / "own.npz").write_bytes(npz(images=images.reshape(30, 30)))
    own = load(f"npz,shape=6x5:{tmp_path / 'own.npz'}")
    assert own.shape == (1, 6, 5)
    assert sorted(map(bytes, own.train.images[:, 0].numpy())) == sorted(
        map(bytes, load(save(tmp_path, images=images)).train.images[:, 0].numpy())
    )
    (tmp_path / "own.npz").write_bytes(npz(images=images.reshape(30, 30)))
    assert load(f"npz,shape=1x30:{tmp_path / 'own.npz'}").shape == (1, 1, 30)
    with pytest.raises(DataError, match="30 values per row, but --shape 5,5 needs 25"):
        load(f"npz,shape=5x5:{tmp_path / 'own.npz'}")
    save(tmp_path, images=images)
    with pytest.raises(DataError, match="--shape is only for rows"):
        load(f"npz,shape=6x5:{tmp_path / 'own.npz'}")


def test_one_array_without_a_name_or_of_any_name_is_taken(tmp_path: Path) -> None:
    for name in ("arr_0", "faces"):
        own = load(save(tmp_path, **{name: grey()}))
        assert len(own.train.images) == 24
        assert own.notes == (f"{name} is used as the images",)
    np.save(tmp_path / "own.npy", grey())
    assert torch.equal(load(f"npz:{tmp_path / 'own.npy'}").train.images, own.train.images)


def test_ids_name_the_images_and_other_arrays_are_told(tmp_path: Path) -> None:
    images = grey(30)
    images[:, 0, 0] = np.arange(30)
    ids = np.array([f"patient {number}" for number in range(30)])
    own = load(save(tmp_path, images=images, ids=ids, weights=np.zeros(9), noise=np.zeros((30, 4))))
    assert own.test.names == tuple(f"patient {int(image[0, 0, 0])}" for image in own.test.images)
    assert own.notes == ("unused arrays: noise, weights",)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
def test_arrays_of_any_order_are_read_in_pieces(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, order: Literal["C", "F"], dtype: str
) -> None:
    from vampcore.datasets import arrays

    monkeypatch.setattr(arrays, "_PIECE", 1000)
    images = grey(30).astype(dtype, order=order) / (255 if dtype == "float64" else 1)
    own = load(save(tmp_path, images=np.asarray(images, dtype=dtype, order=order)))
    assert torch.equal(own.test.images, load(save(tmp_path, images=grey(30))).test.images)


def with_value(value: float, dtype: str = "float64") -> np.ndarray:
    images = np.full((22, 8, 8), 0 if np.dtype(dtype).kind == "i" else 0.5, dtype)
    images[3, 2, 1] = value
    return images


def test_what_rounding_leaves_beyond_one_is_taken(tmp_path: Path) -> None:
    own = load(save(tmp_path, images=with_value(1.0000002, "float32")))
    assert int(torch.cat([own.train.images, own.validation.images, own.test.images]).max()) == 255
    assert int(load(save(tmp_path, images=with_value(-1e-7))).train.images.min()) in (0, 128)


def test_availability_and_no_download(tmp_path: Path) -> None:
    name = save(tmp_path, images=grey())
    assert available(name)
    assert not available(f"npz:{tmp_path / 'other.npz'}")
    with pytest.raises(DataError, match="your own images"):
        download(name, tmp_path)
