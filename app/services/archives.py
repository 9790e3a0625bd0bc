"""Zip files of strangers: bounded before they are listed, while they are unpacked, and in what they hold."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.services.loading import ServiceError

MOST_ENTRIES = 5_000
MOST_BYTES = 64_000_000
"""Of a file that is uploaded, and of all that it unpacks to."""

# Each entry of the directory has 46 bytes and its name. 200,000 empty entries take Python 13 s to list.
_MOST_OF_DIRECTORY = MOST_ENTRIES * 300
_END, _END_BYTES, _LARGE, _LARGE_BYTES = b"PK\x05\x06", 22, b"PK\x06\x07", 20
_ENCRYPTED = 1
# Of the other methods some unpack a thousandfold, and slowly.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
NO_ZIP = "this is no zip file that can be read: pack it again, as a plain zip without a password"


@dataclass(frozen=True)
class Entry:
    """A file in an archive.

    Attributes:
        parts: Its path, folder by folder.
        content: Its bytes.
    """

    parts: tuple[str, ...]
    content: bytes


@contextmanager
def opened(content: bytes) -> Iterator[zipfile.ZipFile]:
    """A zip file that is within the limits.

    Raises:
        ServiceError: If it is none, is not within them, or is damaged.
    """
    if len(content) > MOST_BYTES:
        raise ServiceError(f"the file has more than {MOST_BYTES // 10**6} MB: upload a smaller one")
    _check_directory(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_entries(archive.infolist())
            yield archive
    except ServiceError:
        raise
    except _BROKEN as error:
        raise ServiceError(NO_ZIP) from error


def entries(content: bytes) -> Iterator[Entry]:
    """The files of an archive, one after the other; folders and what systems add to archives are left out.

    Raises:
        ServiceError: If it is not within the limits, or is damaged.
    """
    with opened(content) as archive:
        for info in archive.infolist():
            parts = tuple(part for part in info.filename.replace("\\", "/").split("/") if part)
            if info.is_dir() or not parts or any(part.startswith((".", "__MACOSX")) for part in parts):
                continue
            yield Entry(parts, archive.read(info))


def _check_directory(content: bytes) -> None:
    """Refuse a directory that takes long to list, before anything lists it.

    Python looks for its end first in the last bytes, then backwards.
    """
    at = len(content) - _END_BYTES
    if not (at >= 0 and content[at:].startswith(_END) and content.endswith(b"\0\0")):
        at = content.rfind(_END, max(0, len(content) - 2**16 - _END_BYTES))
    if at < 0 or at + _END_BYTES > len(content):
        raise ServiceError(NO_ZIP)
    count, size = struct.unpack("<HI", content[at + 10 : at + 16])
    large = content[max(0, at - _LARGE_BYTES) : at].startswith(_LARGE)
    if large or count > MOST_ENTRIES or size > _MOST_OF_DIRECTORY:
        raise ServiceError(f"the archive has more than {MOST_ENTRIES:,} files: leave some out")


def _check_entries(found: list[zipfile.ZipInfo]) -> None:
    """Refuse what would unpack to too much. No entry unpacks to more than it says."""
    if len(found) > MOST_ENTRIES:
        raise ServiceError(f"the archive has more than {MOST_ENTRIES:,} files: leave some out")
    if sum(info.file_size for info in found) > MOST_BYTES:
        raise ServiceError(f"the archive unpacks to more than {MOST_BYTES // 10**6} MB: leave some files out")
    if any(info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS for info in found):
        raise ServiceError(NO_ZIP)
