"""Small data sets in the formats of the real ones, with the checksums of what was written."""

import gzip
import hashlib
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import scipy.io

from vampcore.datasets.caltech101_silhouettes import REMOTE, Caltech101Silhouettes
from vampcore.datasets.frey_faces import FreyFaces
from vampcore.datasets.idx_images import MNIST, IdxImages
from vampcore.datasets.static_mnist import REMOTES, StaticMNIST

K = TypeVar("K", IdxImages, StaticMNIST, Caltech101Silhouettes, FreyFaces)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
    return header + array.tobytes()


@dataclass(frozen=True)
class Published(Generic[K]):
    """A kind of data set, what its source publishes (name, content), its files, and the arrays inside."""

    kind: K
    sources: dict[str, bytes]
    contents: tuple[bytes, ...]
    arrays: dict[str, np.ndarray]

    def write(self, root: Path) -> K:
        for path, content in zip(self.kind.files(root), self.contents, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return self.kind


def small_mnist(train: int = 20, test: int = 8, validation: int = 5) -> Published[IdxImages]:
    random = np.random.default_rng(1)
    arrays = {
        "train": random.integers(0, 256, (train, 28, 28), dtype=np.uint8),
        "train_labels": random.integers(0, 10, train, dtype=np.uint8),
        "test": random.integers(0, 256, (test, 28, 28), dtype=np.uint8),
        "test_labels": random.integers(0, 10, test, dtype=np.uint8),
    }
    contents = tuple(idx(array) for array in arrays.values())
    sources = {remote.name: gzip.compress(content) for remote, content in zip(MNIST.remotes, contents, strict=True)}
    remotes = tuple(
        replace(remote, sha256=sha256(content), size=len(sources[remote.name]))
        for remote, content in zip(MNIST.remotes, contents, strict=True)
    )
    kind = replace(MNIST, remotes=remotes, counts=(train, test), validation=validation)
    return Published(kind, sources, contents, arrays)


def small_static_mnist(rows: tuple[int, int, int] = (12, 4, 6)) -> Published[StaticMNIST]:
    random = np.random.default_rng(2)
    arrays = {
        part: random.integers(0, 2, (count, 784), dtype=np.uint8)
        for part, count in zip(("train", "valid", "test"), rows, strict=True)
    }
    packed = {part: np.packbits(bits, axis=1, bitorder="big") for part, bits in arrays.items()}
    texts = tuple("".join(" ".join(map(str, row)) + "\n" for row in bits).encode() for bits in arrays.values())
    kind = StaticMNIST(
        rows=rows,
        digests=tuple(sha256(part.tobytes()) for part in packed.values()),
        class_counts=(1, 3, 2),
        remotes=tuple(
            replace(remote, sha256=sha256(text), size=len(text)) for remote, text in zip(REMOTES, texts, strict=True)
        ),
    )
    sources = {remote.name: text for remote, text in zip(REMOTES, texts, strict=True)}
    return Published(kind, sources, (npz(**packed),), arrays)


def small_caltech() -> Published[Caltech101Silhouettes]:
    random = np.random.default_rng(3)
    rows = (9, 5, 4)
    arrays: dict[str, np.ndarray] = {}
    for part, count in zip(("train", "val", "test"), rows, strict=True):
        arrays[f"{part}_data"] = random.integers(0, 2, (count, 784), dtype=np.uint8)
        arrays[f"{part}_labels"] = random.integers(1, 4, (count, 1), dtype=np.uint8)
    arrays["classnames"] = np.array([["anchor", "bonsai", "crab"]], dtype=object)
    content = mat(**arrays)
    kind = Caltech101Silhouettes(rows=rows, remote=replace(REMOTE, sha256=sha256(content), size=len(content)))
    return Published(kind, {REMOTE.name: content}, (content,), arrays)


def small_frey(frames: int = 11) -> Published[FreyFaces]:
    images = np.random.default_rng(4).integers(8, 239, (frames, 28, 20), dtype=np.uint8)
    kind = FreyFaces(frames=frames, held_out=2, digest=sha256(images.tobytes()))
    source = mat(ff=images.reshape(frames, -1).T)
    return Published(kind, {"frey_rawface.mat": source}, (npz(images=images),), {"images": images})


def npz(**arrays: np.ndarray) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def mat(**arrays: np.ndarray) -> bytes:
    buffer = BytesIO()
    scipy.io.savemat(buffer, arrays)
    return buffer.getvalue()


def everything_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
