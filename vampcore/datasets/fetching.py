"""Fetching published files: streamed, verified by SHA-256, whole or not at all."""

import hashlib
import http.client
import urllib.error
import urllib.request
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
        name: File name at the source; with the ending .gz it is unpacked while it arrives.
        bases: Addresses of the folders that publish it, tried in this order.
        size: Bytes to be received, for the progress bar until the server has said.
        sha256: Of the unpacked content; None where only what is made of the file can be verified.
    """

    name: str
    bases: tuple[str, ...]
    size: int
    sha256: str | None

    @property
    def content_name(self) -> str:
        """File name once unpacked."""
        return self.name.removesuffix(".gz")


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
        progress: Told of every piece that arrives.
        base_url: Address of a folder to fetch from instead of the published ones, for instance a mirror.

    Returns:
        The files, unpacked, in the order of `remotes`.

    Raises:
        DataError: If no source delivers the whole, unaltered file.
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
    digest = hashlib.sha256()
    inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if remote.name.endswith(".gz") else None
    received, expected = 0, remote.size
    with target.open("wb") as file:
        for chunk, length in _chunks(url):
            expected = length if length is not None else expected
            received += len(chunk)
            content = _inflated(inflate, chunk, url) if inflate else chunk
            digest.update(content)
            file.write(content)
            if progress is not None:
                progress(done + received, max(total - remote.size + expected, done + received))
    if inflate is not None and not inflate.eof:
        raise _SourceError(f"{url} ended before the gzip stream did, after {received} bytes")
    if remote.sha256 is not None and digest.hexdigest() != remote.sha256:
        raise _SourceError(f"{url} has sha256 {digest.hexdigest()[:12]}.., not {remote.sha256[:12]}..")
    return received, received


def _inflated(inflate: "zlib._Decompress", chunk: bytes, url: str) -> bytes:
    try:
        return inflate.decompress(chunk)
    except zlib.error as error:
        raise _SourceError(f"{url} is not a whole gzip file ({error})") from error


def _chunks(url: str) -> Iterator[tuple[bytes, int | None]]:
    """Pieces of the body, each with the length that the server announced, if it did."""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "vampcore"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            announced = response.headers.get("Content-Length") or ""
            length = int(announced) if announced.isdecimal() else None
            received = 0
            while chunk := response.read(CHUNK):
                received += len(chunk)
                yield chunk, length
    except urllib.error.HTTPError as error:
        raise _SourceError(f"{url} answered {error.code} {error.reason}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise _SourceError(f"{url} cannot be reached ({reason})") from error
    # http.client takes an early end of the connection for the end of the body.
    if length is not None and received != length:
        raise _SourceError(f"{url} ended after {received} of {length} bytes")
