"""Frey Faces: 1965 grey video frames of one face, 28 x 20.

By Brendan Frey and Sam Roweis, https://cs.nyu.edu/~roweis/data.html.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vampcore.datasets.base import Dataset
from vampcore.datasets.fetching import Progress, Remote, fetch, install, workspace
from vampcore.datasets.files import check_array, check_sha256, download_hint, open_npz, parse_mat, require
from vampcore.datasets.splits import split

HEIGHT, WIDTH = 28, 20
LEVELS = 255

# As published. No checksum of this file is known to us, so that what is made of it is verified instead. The size only
# scales the progress bar until the server has answered.
REMOTE = Remote("frey_rawface.mat", ("https://cs.nyu.edu/~roweis/data",), 1 << 20, None)


@dataclass(frozen=True)
class FreyFaces:
    """The data set `frey_faces`: frames shuffled with a fixed seed, then 1565 / 200 / 200, without classes.

    The VampPrior paper's split has these sizes but an unknown shuffle.

    Attributes:
        frames: Images in all.
        held_out: Images for validation, and as many for testing.
        digest: SHA-256 of all frames' bytes in their original order.
        remote: The MATLAB file that they are made of.
    """

    name: str = "frey_faces"
    title: str = "Frey Faces"
    subject: str = "pictures of a face"
    likelihood: str = "logistic"
    frames: int = 1965
    held_out: int = 200
    digest: str = "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78"
    remote: Remote = REMOTE

    def files(self, root: Path) -> tuple[Path, ...]:
        """The one npz."""
        return (root / "frey_faces" / "frey_faces.npz",)

    def read(self, root: Path) -> Dataset:
        """The three splits, grey."""
        (path,) = self.files(root)
        require(self.name, root, (path,))
        hint = download_hint(self.name)
        with open_npz(path, hint) as archive:
            images = archive["images"]
        check_array(path, "images", images, (self.frames, HEIGHT, WIDTH), hint)
        check_sha256(path, images.tobytes(), self.digest, hint)
        parts = split(images[:, None], None, LEVELS, validation=self.held_out, test=self.held_out)
        return Dataset(self.name, *parts, (), "logistic", (0.5, 0.02))

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetches the MATLAB file, whose columns are the frames, and leaves an npz."""
        with workspace(root, self.name) as folder:
            (source,) = fetch((self.remote,), folder, progress, base_url)
            hint = "try again later"
            (columns,) = parse_mat(Path(source.name), source.read_bytes(), ("ff",), hint)
            check_array(Path(source.name), "ff", columns, (HEIGHT * WIDTH, self.frames), hint)
            images = np.ascontiguousarray(columns.T).reshape(self.frames, HEIGHT, WIDTH)
            check_sha256(Path(source.name), images.tobytes(), self.digest, hint)
            packed = folder / "packed.npz"
            np.savez_compressed(packed, images=images)
            install(packed, self.files(root)[0])
