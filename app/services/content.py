"""What a browser fetches from an address of its own, see `app.addresses`: found by its checkpoint and its digest.

A content begins with a header: its length in bytes (32 bits, little-endian), and JSON with spaces at its end up to a
multiple of four bytes.
"""

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass

from app.services.catalogue import experiments
from app.services.loading import Ref, ServiceError


@dataclass(frozen=True)
class Content:
    """Bytes for a browser.

    Attributes:
        sent: The bytes.
        digest: The first 64 bits of their sha256, in hexadecimal.
    """

    sent: bytes
    digest: str

    @classmethod
    def of(cls, sent: bytes) -> "Content":
        """The content that these bytes are."""
        return cls(sent, hashlib.sha256(sent).hexdigest()[:16])

    @classmethod
    def framed(cls, header: dict[str, object], *parts: bytes) -> "Content":
        """The content of a header and what it describes."""
        head = json.dumps(header, separators=(",", ":")).encode()
        head += b" " * (-len(head) % 4)
        return cls.of(b"".join([struct.pack("<I", len(head)), head, *parts]))


Maker = Callable[[Ref], Content | None]
"""Makes a checkpoint's content, which is kept; None where it has none."""


def find(make: Maker, sha256: str, digest: str) -> bytes | None:
    """The content with this digest of a listed checkpoint; None where there is none."""
    ref = owner(make, sha256, digest)
    content = None if ref is None else make(ref)
    return None if content is None else content.sent


def owner(make: Maker, sha256: str, digest: str) -> Ref | None:
    """The listed checkpoint whose content has this digest; None where there is none.

    Two folders may hold one model, a reduced copy and the whole, whose planes differ: the digest tells them apart.
    """
    for experiment in experiments():
        for ref in experiment.refs:
            if ref.sha256 != sha256:
                continue
            try:
                content = make(ref)
            except ServiceError:
                continue
            if content is not None and content.digest == digest:
                return ref
    return None
