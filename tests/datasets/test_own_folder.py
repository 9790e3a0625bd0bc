"""`folder:PATH`."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vampcore.datasets import DataError, available, default_likelihood, download, load
from vampcore.datasets.own_folder import ImageFolder, read_image


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
    write_images(tmp_path / "everything", 10)
    own = load(f"folder:{tmp_path}")
    assert own.classes == ()
    assert own.train.labels is None


def test_black_and_white_images_are_bernoulli(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    drawn = random.integers(0, 2, (12, 28, 28), dtype=np.uint8)
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
    write_images(tmp_path, 10)
    own = load(f"folder:{tmp_path}", likelihood="bernoulli")
    assert own.levels == own.test.levels == 1
    assert own.train.levels == 255


def test_images_are_fitted_and_cropped_around_the_centre(tmp_path: Path) -> None:
    image = Image.new("L", (120, 40), 0)
    image.paste(200, (40, 0, 80, 40))
    image.save(tmp_path / "wide.png")
    small = read_image(tmp_path / "wide.png", (20, 20))
    assert small.shape == (20, 20)
    assert (small[:, 3:-3] == 200).all()  # the black sides were cut off; the filter may ring at the border
    assert read_image(tmp_path / "wide.png", (8, 24)).shape == (8, 24)


def test_modes_become_grey(tmp_path: Path) -> None:
    def grey(image: Image.Image) -> int:
        image.save(tmp_path / "image.png")
        return int(read_image(tmp_path / "image.png", (4, 4))[1, 1])

    assert grey(Image.new("L", (8, 8), 77)) == 77
    assert grey(Image.new("RGB", (8, 8), (50, 50, 50))) == 50
    assert grey(Image.new("RGBA", (8, 8), (0, 0, 0, 0))) == 255  # nothing on white
    assert grey(Image.new("RGBA", (8, 8), (0, 0, 0, 255))) == 0
    assert grey(Image.new("LA", (8, 8), (0, 0))) == 255
    assert grey(Image.new("1", (8, 8), 1)) == 255
    assert grey(Image.fromarray(np.full((8, 8), 300 * 100, np.uint16))) == 30000 >> 8


def test_an_image_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    image = Image.new("L", (8, 8), 0)
    image.paste(255, (0, 0, 8, 4))  # white above
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    image.save(tmp_path / "turned.png", exif=exif)
    turned = read_image(tmp_path / "turned.png", (8, 8))
    assert turned[0, 0] == 0
    assert turned[7, 0] == 255


def broken_png(path: Path) -> None:
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("page.png", lambda path: path.write_text("<html>"), "is not an image"),
        ("empty.png", lambda path: path.write_bytes(b""), "is not an image"),
        ("cut.png", broken_png, "cannot be read"),
        ("float.tiff", lambda path: Image.new("F", (9, 9), 0.5).save(path), "32 bits"),
    ],
)
def test_a_broken_image_is_named(tmp_path: Path, name: str, make, words: str) -> None:
    write_images(tmp_path, 12)
    make(tmp_path / name)
    with pytest.raises(DataError, match=words) as caught:
        load(f"folder:{tmp_path}")
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folders_that_do_not_serve_are_refused(tmp_path: Path) -> None:
    def refused(path: Path, words: str) -> None:
        with pytest.raises(DataError, match=words) as caught:
            load(f"folder:{path}")
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)

    refused(tmp_path / "nowhere", "there is no folder")
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "there is no folder")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "holds no images; their names end in")
    write_images(tmp_path / "few", 9)
    refused(tmp_path / "few", "holds 9 images; at least 10")
    write_images(tmp_path / "mixed", 10)
    write_images(tmp_path / "mixed" / "class", 10)
    refused(tmp_path / "mixed", "beside folders of images")


def test_availability_and_no_download(tmp_path: Path) -> None:
    assert available(f"folder:{tmp_path}")
    assert not available(f"folder:{tmp_path}/nowhere")
    with pytest.raises(DataError, match="your own images"):
        download(f"folder:{tmp_path}", tmp_path)


def test_another_size_can_be_had(tmp_path: Path) -> None:
    write_images(tmp_path, 10)
    assert ImageFolder(tmp_path, size=(16, 12)).read(tmp_path).shape == (1, 16, 12)


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_images(tmp_path / "faces", 10)
    assert len(load("folder:~/faces").train.images) == 8
