"""Small data sets in the formats of the real ones, with the checksums of what was written."""

import bz2
import gzip
import hashlib
import pickle
import tarfile
import zipfile
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import scipy.io

from vampcore.datasets import svhn, usps
from vampcore.datasets.caltech101_silhouettes import REMOTE, Caltech101Silhouettes
from vampcore.datasets.cifar10 import BATCHES, CIFAR10
from vampcore.datasets.digit_files import DigitFiles
from vampcore.datasets.emnist import EMNIST, EMNIST_LETTERS
from vampcore.datasets.frey_faces import FreyFaces
from vampcore.datasets.idx_images import KMNIST, MNIST, IdxImages
from vampcore.datasets.static_mnist import REMOTES, StaticMNIST
from vampcore.datasets.svhn import SVHN
from vampcore.datasets.usps import USPS

K = TypeVar("K", IdxImages, StaticMNIST, Caltech101Silhouettes, FreyFaces, EMNIST, DigitFiles, CIFAR10)


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


def small_kmnist() -> Published[IdxImages]:
    mnist = small_mnist()
    remotes = tuple(
        replace(remote, sha256=None, md5=md5(mnist.sources[remote.name]), size=len(mnist.sources[remote.name]))
        for remote in KMNIST.remotes
    )
    kind = replace(KMNIST, remotes=remotes, counts=(20, 8), validation=5)
    return Published(kind, mnist.sources, mnist.contents, mnist.arrays)


def small_emnist() -> Published[EMNIST]:
    random = np.random.default_rng(5)
    arrays = {
        "train": random.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        "train_labels": random.integers(1, 27, 20, dtype=np.uint8),
        "test": random.integers(0, 256, (8, 28, 28), dtype=np.uint8),
        "test_labels": random.integers(1, 27, 8, dtype=np.uint8),
    }
    contents = tuple(idx(array) for array in arrays.values())
    names = [path.name for path in EMNIST_LETTERS.files(Path("nowhere"))]
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in zip(names, contents, strict=True):
            archive.writestr(f"gzip/{name}.gz", gzip.compress(content))
    source = buffer.getvalue()
    remote = replace(EMNIST_LETTERS.remote, md5=md5(source), size=len(source))
    kind = replace(EMNIST_LETTERS, counts=(20, 8), validation=5, remote=remote)
    return Published(kind, {"gzip.zip": source}, contents, arrays)


def small_usps() -> Published[DigitFiles]:
    random = np.random.default_rng(6)
    contents, arrays, rows = [], {}, (30, 7)
    for part, count in zip(("train", "test"), rows, strict=True):
        arrays[part] = random.integers(0, 256, (count, 16, 16), dtype=np.uint8)
        arrays[f"{part}_labels"] = labels = np.arange(count) % 10
        shares = arrays[part].reshape(count, -1) / 255 * 2 - 1
        lines = [
            f"{label + 1} " + " ".join(f"{place}:{value:.6f}" for place, value in enumerate(row, 1))
            for label, row in zip(labels, shares, strict=True)
        ]
        contents.append(bz2.compress("\n".join(lines).encode()))
    remotes = tuple(
        replace(remote, md5=md5(content), size=len(content))
        for remote, content in zip(usps.REMOTES, contents, strict=True)
    )
    sources = {remote.name: content for remote, content in zip(remotes, contents, strict=True)}
    return Published(replace(USPS, rows=rows, validation=10, remotes=remotes), sources, tuple(contents), arrays)


def small_svhn() -> Published[DigitFiles]:
    random = np.random.default_rng(7)
    contents, arrays, rows = [], {}, (30, 7)
    for part, count in zip(("train", "test"), rows, strict=True):
        arrays[part] = random.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
        arrays[f"{part}_labels"] = np.arange(count) % 10
        stored = np.where(arrays[f"{part}_labels"] == 0, 10, arrays[f"{part}_labels"]).astype(np.uint8)
        contents.append(mat(X=arrays[part].transpose(2, 3, 1, 0), y=stored[:, None]))
    remotes = tuple(
        replace(remote, md5=md5(content), size=len(content))
        for remote, content in zip(svhn.REMOTES, contents, strict=True)
    )
    sources = {remote.name: content for remote, content in zip(remotes, contents, strict=True)}
    return Published(replace(SVHN, rows=rows, validation=10, remotes=remotes), sources, tuple(contents), arrays)


def small_cifar10(rows: int = 20) -> Published[CIFAR10]:
    random = np.random.default_rng(8)
    contents, parts = [], []
    for name, _ in BATCHES:
        images, labels = random.integers(0, 256, (rows, 3072), dtype=np.uint8), (np.arange(rows) % 10).tolist()
        batch = {
            "batch_label": name,
            "labels": labels,
            "data": images,
            "filenames": [f"{name}_{row}.png" for row in range(rows)],
        }
        contents.append(pickle.dumps(batch, protocol=2))
        parts.append(images.reshape(rows, 3, 32, 32))
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for (name, _), content in zip(BATCHES, contents, strict=True):
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    source = buffer.getvalue()
    kind = CIFAR10(
        rows=rows,
        validation=10,
        batches=tuple((name, md5(content)) for (name, _), content in zip(BATCHES, contents, strict=True)),
        remote=replace(CIFAR10().remote, md5=md5(source), size=len(source)),
    )
    arrays = {"train": np.concatenate(parts[:-1]), "train_labels": np.tile(np.arange(rows) % 10, 5)}
    arrays |= {"test": parts[-1], "test_labels": np.arange(rows) % 10}
    return Published(kind, {"cifar-10-python.tar.gz": source}, tuple(contents), arrays)


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


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
