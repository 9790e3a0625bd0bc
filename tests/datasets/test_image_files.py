"""Read one image file: its modes, its turn and its fit."""

from pathlib import Path

import numpy as np
from PIL import Image

from vampcore.datasets.image_files import Form, read_image


def test_images_are_fitted_and_cropped_around_the_centre(tmp_path: Path) -> None:
    image = Image.new("L", (120, 40), 0)
    image.paste(200, (40, 0, 80, 40))
    image.save(tmp_path / "wide.png")
    small = read_image(tmp_path / "wide.png", Form((20, 20)))[0]
    assert small.shape == (20, 20)
    assert (small[:, 3:-3] == 200).all()  # the black sides were cut off; the filter may ring at the border
    assert read_image(tmp_path / "wide.png", Form((8, 24)))[0].shape == (8, 24)


def test_modes_become_grey(tmp_path: Path) -> None:
    def grey(image: Image.Image) -> int:
        image.save(tmp_path / "image.png")
        return int(read_image(tmp_path / "image.png", Form((4, 4)))[0][1, 1])

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
    turned = read_image(tmp_path / "turned.png", Form((8, 8)))[0]
    assert turned[0, 0] == 0
    assert turned[7, 0] == 255


def test_images_of_another_shape_are_cut_padded_or_stretched(tmp_path: Path) -> None:
    image = Image.new("L", (40, 20), 0)
    image.paste(200, (0, 0, 20, 20))  # the left half is light
    image.save(tmp_path / "wide.png")

    def read(fit: str) -> np.ndarray:
        return read_image(tmp_path / "wide.png", Form((20, 20), fit=fit))[0]

    assert (read("crop")[:, :8] == 200).all()
    assert (read("crop")[:, 12:] == 0).all()
    assert (read("stretch")[:, :6] == 200).all()
    assert (read("stretch")[:, 14:] == 0).all()
    padded = read("pad")
    assert (padded[:4] == 0).all()
    assert (padded[-4:] == 0).all()
    assert (padded[7:13, :7] == 200).all()
    assert not np.array_equal(read("crop"), padded)
