"""What a page tells the browser to keep, by address or carried with the page."""

from app import addresses, frontend
from app.services.content import Content
from app.services.loading import Ref


def kept(kind: str, ref: Ref, content: Content) -> frontend.Kept:
    """How components name a content: its digest, and its address where the server has one."""
    return frontend.Kept(content.digest, addresses.address(kind, ref.sha256, content.digest))


def bring(kind: str, ref: Ref, content: Content | None) -> None:
    """Send a content with the page where the server has no address for it; to be called outside of fragments."""
    if content is not None and addresses.address(kind, ref.sha256, content.digest) is None:
        frontend.carry(content.sent, content.digest)
