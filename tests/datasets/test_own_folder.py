"""`folder:PATH`."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vampcore.datasets import DataError, Split, available, default_likelihood, download, load
from vampcore.datasets.image_files import Form, read_image


def write_images(
    folder: Path, count: int, value: int = 100, size: tuple[int, int] = (40, 40), ending: str = ".png"
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("L", size, value + number).save(folder / f"{number:03}{ending}")


def test_loose_images_have_no_classes_and_split_80_10_10(tmp_path: Path) -> None:
    write_images(tmp_path, 30)
    own = load(f"folder:{tmp_path}")
    assert own.name == f"folder:{tmp_path}"
    assert own.shape == (1, 28, 28)
    assert own.classes == ()
    assert own.likelihood == default_likelihood(f"folder:{tmp_path}") == "logistic"
    assert own.levels == 255
    parts = (own.train, own.validation, own.test)
    assert [len(part.images) for part in parts] == [24, 3, 3]
    assert all(part.labels is None for part in parts)
    values = [int(image[0, 0, 0]) for part in parts for image in part.images]
    assert sorted(values) == list(range(100, 130))  # every image once: its one grey value came through
    assert all((part.images == part.images[:, :, :1, :1]).all() for part in parts)
    assert torch.equal(load(f"folder:{tmp_path}").test.images, own.test.images)


def test_folders_are_classes(tmp_path: Path) -> None:
    write_images(tmp_path / "cats", 20, value=10)
    write_images(tmp_path / "dogs" / "small", 10, value=100, ending=".PNG")
    write_images(tmp_path / "dogs" / "large", 10, value=110)
    (tmp_path / "empty").mkdir()
    (tmp_path / "cats" / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden").mkdir()
    write_images(tmp_path / ".hidden", 3)
    own = load(f"folder:{tmp_path}")
    assert own.classes == ("cats", "dogs")
    for part, count in ((own.train, 32), (own.validation, 4), (own.test, 4)):
        assert part.labels is not None
        assert torch.bincount(part.labels).tolist() == [count // 2] * 2
        assert torch.equal(part.labels == 1, part.images[:, 0, 0, 0] >= 100)


def test_one_folder_is_no_class(tmp_path: Path) -> None:
    write_images(tmp_path / "everything", 20)
    own = load(f"folder:{tmp_path}")
    assert own.classes == ()
    assert own.train.labels is None


def test_black_and_white_images_are_bernoulli(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    drawn = random.integers(0, 2, (22, 28, 28), dtype=np.uint8)
    for number, bits in enumerate(drawn):
        Image.fromarray(bits * 255).save(tmp_path / f"{number:02}.png")
    own = load(f"folder:{tmp_path}")
    assert own.likelihood == "bernoulli"
    assert own.train.levels == own.levels == 1
    everything = torch.cat([own.train.images, own.validation.images, own.test.images])[:, 0].numpy()
    assert sorted(map(bytes, everything)) == sorted(map(bytes, drawn))
    with pytest.raises(DataError, match="use bernoulli or binomial"):
        load(f"folder:{tmp_path}", likelihood="logistic")


def test_grey_images_can_be_binarised(tmp_path: Path) -> None:
    write_images(tmp_path, 20)
    own = load(f"folder:{tmp_path}", likelihood="bernoulli")
    assert own.levels == own.test.levels == 1
    assert own.train.levels == 255


def broken_png(path: Path) -> None:
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:200])


def damaged_tiff(path: Path) -> None:
    """The place of the pixels is a fraction: Pillow ends in a TypeError."""
    Image.effect_noise((8, 8), 50).save(path)
    path.write_bytes(path.read_bytes().replace(struct.pack("<HH", 273, 4), struct.pack("<HH", 273, 12)))


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("page.png", lambda path: path.write_text("<html>"), "is not an image"),
        ("empty.png", lambda path: path.write_bytes(b""), "is not an image"),
        ("cut.png", broken_png, "cannot be read"),
        ("float.tiff", lambda path: Image.new("F", (9, 9), 0.5).save(path), "has 32 bits"),
        ("tags.tiff", damaged_tiff, "cannot be read"),
    ],
)
def test_a_broken_image_is_named(tmp_path: Path, name: str, make, words: str) -> None:
    write_images(tmp_path, 22)
    make(tmp_path / name)
    with pytest.raises(DataError, match=rf"1 of 23 image files cannot be read: {name} {words}.* --skip-bad") as caught:
        load(f"folder:{tmp_path}")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match=rf"{name} .*{words}"):
        read_image(tmp_path / name, Form((28, 28)))
    own = load(f"folder,skip-bad:{tmp_path}")
    assert sum(len(part.images) for part in (own.train, own.validation, own.test)) == 22
    assert f"1 of 23 image files are skipped: {name} {words}" in own.notes[0]


def test_folders_that_do_not_serve_are_refused(tmp_path: Path) -> None:
    def refused(path: Path, words: str) -> None:
        with pytest.raises(DataError, match=words) as caught:
            load(f"folder:{path}")
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)

    refused(tmp_path / "nowhere", "there is no folder")
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "is a file, not a folder; it is an empty file")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "contains no images; supported file endings are")
    write_images(tmp_path / "few", 9)
    refused(tmp_path / "few", "holds 9 images; at least 20")
    write_images(tmp_path / "mixed", 10)
    write_images(tmp_path / "mixed" / "class", 10)
    refused(tmp_path / "mixed", "contains both images and folders of images")


def test_ten_bad_files_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    write_images(tmp_path, 22)
    for number in range(13):
        (tmp_path / f"bad{number:02}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"13 of 35 image files .*bad09.png is not an image; and 3 more; ") as caught:
        load(f"folder:{tmp_path}")
    assert "bad10" not in str(caught.value)


def write_numbered(folder: Path, numbers: range) -> None:
    """Images of one grey value each, so that each tells where it was."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.new("L", (28, 28), number).save(folder / f"{number:03}.png")


def values(part: Split) -> list[int]:
    return sorted(part.images[:, 0, 0, 0].tolist())


@pytest.mark.parametrize("validation", ["val", "valid", "Validation", "dev"])
def test_folders_of_parts_are_taken_as_the_parts(tmp_path: Path, validation: str) -> None:
    write_numbered(tmp_path / "train" / "cats", range(2, 12))
    write_numbered(tmp_path / "train" / "dogs", range(12, 20))
    write_numbered(tmp_path / validation / "dogs", range(20, 23))
    write_numbered(tmp_path / "test" / "cats", range(30, 32))
    write_numbered(tmp_path / "test" / "dogs", range(32, 34))
    own = load(f"folder:{tmp_path}")
    assert own.classes == ("cats", "dogs")
    assert [values(part) for part in (own.train, own.validation, own.test)] == [
        list(range(2, 20)),
        [20, 21, 22],
        [30, 31, 32, 33],
    ]
    assert own.train.labels is not None
    assert own.train.labels.tolist() == [0] * 10 + [1] * 8
    assert own.validation.labels is not None
    assert own.validation.labels.tolist() == [1, 1, 1]
    assert own.test.names == ("test/cats/030.png", "test/cats/031.png", "test/dogs/032.png", "test/dogs/033.png")
    assert f"the splits are read from the folders train, {validation}, test" in own.notes


def test_a_missing_part_is_drawn_from_the_training_images(tmp_path: Path) -> None:
    write_numbered(tmp_path / "train", range(2, 42))
    write_numbered(tmp_path / "test", range(50, 55))
    own = load(f"folder:{tmp_path}")
    assert own.classes == ()
    assert values(own.test) == list(range(50, 55))
    assert len(values(own.validation)) == 4
    assert sorted(values(own.train) + values(own.validation)) == list(range(2, 42))
    assert "there is no validation split: 4 of the 40 training images are used for it" in own.notes
    (tmp_path / "test").rename(tmp_path / "val")
    own = load(f"folder:{tmp_path}")
    assert values(own.validation) == list(range(50, 55))
    assert sorted(values(own.train) + values(own.test)) == list(range(2, 42))


def test_parts_that_cannot_be_are_refused(tmp_path: Path) -> None:
    def refused(folder: str, counts: dict[str, int], words: str) -> None:
        for name, count in counts.items():
            write_numbered(tmp_path / folder / name, range(count))
        with pytest.raises(DataError, match=words):
            load(f"folder:{tmp_path / folder}")

    refused("a", {"train": 20, "test": 1}, "test has 1 images; at least 2 are needed")
    refused("b", {"train": 19, "test": 2}, "train has 19 images; at least 20 are needed, because a tenth")
    refused("c", {"train": 20, "test": 5, "more": 5}, "contains more in addition to the splits")
    refused("d", {"val": 20, "test": 5}, "no folder train")
    refused("e", {"train": 20, "val": 5, "valid": 5, "test": 5}, "val and valid, which name the same split")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    write_numbered(tmp_path / "train", range(2, 12))
    write_numbered(tmp_path / "plane", range(12, 22))
    assert load(f"folder:{tmp_path}").classes == ("plane", "train")


def test_a_folder_around_all_is_looked_through(tmp_path: Path) -> None:
    write_numbered(tmp_path / "unpacked" / "cats", range(2, 12))
    write_numbered(tmp_path / "unpacked" / "dogs", range(12, 22))
    own = load(f"folder:{tmp_path}")
    assert own.classes == ("cats", "dogs")
    assert "the data set is read from the only folder, unpacked" in own.notes


@pytest.mark.parametrize("hidden", [".ipynb_checkpoints", "__MACOSX", ".Trash", "@eaDir"])
def test_what_systems_leave_is_left_out_at_every_depth(tmp_path: Path, hidden: str) -> None:
    write_numbered(tmp_path / "cats" / "old", range(2, 12))
    write_numbered(tmp_path / "dogs", range(12, 22))
    for place in (tmp_path, tmp_path / "cats", tmp_path / "cats" / "old"):
        write_numbered(place / hidden, range(100, 103))
        (place / "Thumbs.db").write_bytes(b"x")
        (place / "._1.png").write_bytes(b"x")
    own = load(f"folder:{tmp_path}")
    assert own.classes == ("cats", "dogs")
    assert sorted(values(own.train) + values(own.validation) + values(own.test)) == list(range(2, 22))


def test_links_that_go_round_end(tmp_path: Path) -> None:
    write_numbered(tmp_path / "cats", range(2, 12))
    write_numbered(tmp_path / "dogs", range(12, 22))
    (tmp_path / "cats" / "again").symlink_to(tmp_path / "cats")
    assert len(load(f"folder:{tmp_path}").train.images) == 16


def test_names_follow_their_images(tmp_path: Path) -> None:
    write_numbered(tmp_path / "cats", range(2, 30))
    write_numbered(tmp_path / "dogs", range(30, 58))
    own = load(f"folder:{tmp_path}")
    for part in (own.train, own.validation, own.test):
        assert part.names is not None
        assert [int(Path(name).stem) for name in part.names] == part.images[:, 0, 0, 0].tolist()


def test_colour_is_kept_when_asked_for(tmp_path: Path) -> None:
    for number in range(20):
        Image.new("RGB", (30, 30), (200, number, 7)).save(tmp_path / f"{number:02}.png")
    own = load(f"folder,size=8x12,colour=rgb:{tmp_path}")
    assert own.shape == (3, 8, 12)
    assert own.likelihood == "logistic"
    assert own.train.names is not None
    assert own.train.images[0, :, 0, 0].tolist() == [200, int(own.train.names[0][:2]), 7]
    assert own.notes == ()
    assert "grey and 28 x 28" in load(f"folder:{tmp_path}").notes[0]


@pytest.mark.parametrize("size", ["3", "129", "28,200"])
def test_sizes_that_do_not_serve_are_refused(tmp_path: Path, size: str) -> None:
    write_images(tmp_path, 20)
    with pytest.raises(DataError, match="each side must have 4 to 128 pixels"):
        load(f"folder,size={size.replace(',', 'x')}:{tmp_path}")


def test_too_many_pixels_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("vampcore.datasets.own.MAX_VALUES", 20 * 28 * 28 - 1)
    write_images(tmp_path, 20)
    with pytest.raises(DataError, match="15,680 values of pixels, more than 15,679; choose a smaller --size"):
        load(f"folder:{tmp_path}")


def test_availability_and_no_download(tmp_path: Path) -> None:
    assert available(f"folder:{tmp_path}")
    assert not available(f"folder:{tmp_path}/nowhere")
    with pytest.raises(DataError, match="your own images"):
        download(f"folder:{tmp_path}", tmp_path)


def test_another_size_can_be_had(tmp_path: Path) -> None:
    write_images(tmp_path, 20)
    assert load(f"folder,size=16x12:{tmp_path}").shape == (1, 16, 12)


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_images(tmp_path / "faces", 20)
    assert len(load("folder:~/faces").train.images) == 16


def test_a_link_that_leads_to_itself_is_to_be_removed(tmp_path: Path) -> None:
    write_numbered(tmp_path / "c0", range(20))
    (tmp_path / "c0" / "self.png").symlink_to("self.png")
    with pytest.raises(DataError, match=r"self.png cannot be listed \(Too many levels .*\); remove this link"):
        load(f"folder:{tmp_path}")
