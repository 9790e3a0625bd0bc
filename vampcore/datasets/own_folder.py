"""`folder:PATH`: a user's own image files, one folder a class, made grey and small."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from vampcore.datasets.base import Dataset
from vampcore.datasets.errors import DataError
from vampcore.datasets.own import dataset_from_one

ENDINGS = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"),
)


@dataclass(frozen=True)
class ImageFolder:
    """Images in PATH, or in one folder below PATH for each class (with everything in that folder).

    The classes are the folders' names where there is more than one. Images are turned as their camera says, laid on
    white where they are transparent, made grey, and fitted into `size`: scaled, then cropped around the centre.

    Attributes:
        path: The folder.
        size: Height and width.
        likelihood: None: logistic for grey images, Bernoulli where every pixel is black or white.
    """

    path: Path
    size: tuple[int, int] = (28, 28)
    likelihood: str | None = None

    @property
    def name(self) -> str:
        """As the command line knows it."""
        return f"folder:{self.path}"

    def files(self, root: Path) -> tuple[Path, ...]:
        """The folder."""
        return (self.path.expanduser(),)

    def read(self, root: Path) -> Dataset:
        """All images, split 80 / 10 / 10 with a fixed seed.

        Raises:
            DataError: If there is no such folder, it holds too few images, or one cannot be read.
        """
        (path,) = self.files(root)
        if not path.is_dir():
            raise DataError(f"there is no folder {path.absolute()}; give the path of a folder of images")
        try:
            loose = [file for file in sorted(path.iterdir()) if _is_image(file)]
            folders = {
                folder.name: [file for file in sorted(folder.rglob("*")) if _is_image(file)]
                for folder in sorted(path.iterdir())
                if folder.is_dir() and not folder.name.startswith(".")
            }
        except OSError as error:
            raise DataError(f"{path} cannot be listed ({error.strerror}); check its permissions") from error
        folders = {name: files for name, files in folders.items() if files}
        if loose and folders:
            raise DataError(
                f"{path} holds images beside folders of images; move each image into the folder of its class"
            )
        files = loose + [file for members in folders.values() for file in members]
        if not files:
            raise DataError(f"{path} holds no images; their names end in one of {', '.join(sorted(ENDINGS))}")
        images = np.stack([read_image(file, self.size) for file in files])[:, None]
        if len(folders) < 2:
            return dataset_from_one(self.name, path, images, None, ())
        labels = np.repeat(np.arange(len(folders)), [len(members) for members in folders.values()])
        return dataset_from_one(self.name, path, images, labels, tuple(folders))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file()


def read_image(path: Path, size: tuple[int, int]) -> UInt8[np.ndarray, "H W"]:
    """An image file, grey, 0 to 255, in the size asked for (height, width).

    Raises:
        DataError: If it cannot be read, or has more than 16 bits a pixel and channel.
    """
    cure = "repair it or take it out of the folder"
    try:
        with Image.open(path) as file:
            image = _grey(ImageOps.exif_transpose(file), path)
        fitted = ImageOps.fit(image, (size[1], size[0]), Image.Resampling.LANCZOS)
    except UnidentifiedImageError as error:
        raise DataError(f"{path} is not an image; {cure}") from error
    except DataError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read ({' '.join(str(error).split())}); {cure}") from error
    return np.array(fitted, dtype=np.uint8)


def _grey(image: Image.Image, path: Path) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow would cut 16 bits off at 255 instead of scaling them.
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise DataError(f"{path} has 32 bits a pixel; save it with 8")
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("L")
