"""Fetching published files by pooch: with progress and mirrors, verified by checksum, completely or not at all."""

import gzip
import hashlib
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from vampcore.datasets.errors import DataError

Progress = Callable[[int, int], None]
"""Called with the bytes received so far and the bytes expected, over all files of a data set."""

CHUNK = 1 << 18
TIMEOUT = 30.0  # seconds without a byte
LATER = "check the network and try again later"


@dataclass(frozen=True)
class Remote:
    """A published file.

    Attributes:
        name: File name at the source; with the ending .gz (but not .tar.gz) it is unpacked when it has arrived.
        bases: Addresses of the folders that publish it, tried in this order.
        size: Bytes to be received, for the progress bar until the server has said.
        sha256: Of the unpacked content; None where it is not known.
        md5: Of the file as it travels, where its publisher or torchvision states that; None if not.
    """

    name: str
    bases: tuple[str, ...]
    size: int
    sha256: str | None
    md5: str | None = None

    @property
    def is_packed(self) -> bool:
        """Whether it is unpacked when it has arrived."""
        return self.name.endswith(".gz") and not self.name.endswith(".tar.gz")

    @property
    def content_name(self) -> str:
        """File name once unpacked."""
        return self.name.removesuffix(".gz") if self.is_packed else self.name

    @property
    def known_hash(self) -> str | None:
        """Checksum of the file as it travels, in pooch's form; None if only that of its content is known."""
        if self.md5 is not None:
            return f"md5:{self.md5}"
        return None if self.is_packed or self.sha256 is None else f"sha256:{self.sha256}"


class _SourceError(Exception):
    """A source failed; another may not."""


@contextmanager
def workspace(root: Path, name: str) -> Iterator[Path]:
    """A temporary folder inside the data folder, so that a finished file can be renamed into its place.

    Raises:
        DataError: If something in it cannot be written (no permission, disk full).
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{name}-", dir=root) as folder:
            yield Path(folder)
    except OSError as error:
        raise DataError(
            f"{name} could not be written to {root.absolute()} ({error.strerror or error}); "
            "free some space or choose another folder with --data-root"
        ) from error


def install(file: Path, target: Path) -> None:
    """Renames a finished file into its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    file.replace(target)


def fetch(
    remotes: tuple[Remote, ...], folder: Path, progress: Progress | None = None, base_url: str | None = None
) -> tuple[Path, ...]:
    """Downloads files into a folder.

    Arguments:
        remotes: What to fetch.
        folder: Where to; made by `workspace`, so that a failure leaves nothing behind.
        progress: Called with every piece that arrives.
        base_url: Address of a folder to fetch from instead of the published ones, for instance a mirror.

    Returns:
        The files, unpacked, in the order of `remotes`.

    Raises:
        DataError: If no source delivers the complete, unaltered file.
        OSError: If it cannot be written.
    """
    paths = []
    done, total = 0, sum(remote.size for remote in remotes)
    for remote in remotes:
        target = folder / remote.content_name
        received, expected = _fetch_from_any(remote, target, base_url, progress, done, total)
        done, total = done + received, total - remote.size + expected
        paths.append(target)
    return tuple(paths)


def _fetch_from_any(
    remote: Remote, target: Path, base_url: str | None, progress: Progress | None, done: int, total: int
) -> tuple[int, int]:
    failures = []
    for base in (base_url,) if base_url is not None else remote.bases:
        try:
            return _fetch_one(remote, f"{base.rstrip('/')}/{remote.name}", target, progress, done, total)
        except _SourceError as error:
            failures.append(str(error))
    raise DataError(f"{remote.name} could not be downloaded: {'; '.join(failures)}; {LATER}")


def _fetch_one(
    remote: Remote, url: str, target: Path, progress: Progress | None, done: int, total: int
) -> tuple[int, int]:
    """Bytes received and expected, both of the file as it travels."""
    import pooch  # slow to import, and only downloads need it
    import requests

    pooch.get_logger().setLevel("WARNING")
    bar = _Bar(remote, progress, done, total)
    downloader = pooch.HTTPDownloader(
        progressbar=bar, chunk_size=CHUNK, timeout=TIMEOUT, headers={"User-Agent": "vampcore"}
    )
    travelling = f"{target.name}.received"
    try:
        received = Path(pooch.retrieve(url, remote.known_hash, travelling, target.parent, downloader=downloader))
    except requests.HTTPError as error:
        answer = error.response
        status = "with an error" if answer is None else f"{answer.status_code} {answer.reason}"
        raise _SourceError(f"{url} answered {status}") from error
    except requests.RequestException as error:
        raise _SourceError(f"{url} cannot be reached ({_reason(error)})") from error
    except ValueError as error:  # a checksum
        raise _SourceError(f"{url} is not the published file, by its checksum") from error
    size = received.stat().st_size
    if remote.is_packed:
        try:
            _unpack(received, target, url)
        finally:  # pooch would take it for the next source's
            received.unlink()
    else:
        received.replace(target)
    if remote.sha256 is not None and _sha256(target) != remote.sha256:
        raise _SourceError(f"{url} is not the published file, by its checksum")
    return size, size


class _Bar:
    """What pooch tells of a download, for a progress over all files of a data set."""

    def __init__(self, remote: Remote, progress: Progress | None, done: int, total: int) -> None:
        self.total, self._received = 0, 0
        self._remote, self._progress, self._done, self._all = remote, progress, done, total

    def update(self, received: int) -> None:
        """So many bytes more, rounded up to a piece."""
        expected = self.total or self._remote.size
        self._received = min(self._received + received, expected)
        if self._progress is not None and received:
            self._progress(self._done + self._received, self._all - self._remote.size + expected)

    def reset(self) -> None:
        """The end: pooch then gives the full length."""
        self._received = 0

    def close(self) -> None:
        """Nothing to close."""


def _reason(error: Exception) -> str:
    """The innermost reason of a failure of requests, which wraps those of two libraries."""
    found: BaseException = error
    while (inner := getattr(found, "reason", None) or next(iter(found.args), None)) is not None:
        if not isinstance(inner, BaseException):
            break
        found = inner
    return " ".join(str(found).split())[:200]


def _unpack(packed: Path, target: Path, url: str) -> None:
    try:
        with gzip.open(packed) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, CHUNK)
    except EOFError as error:
        raise _SourceError(f"{url} ended before the gzip stream did") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _SourceError(f"{url} is not a complete gzip file ({error})") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
