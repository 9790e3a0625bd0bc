"""The test image of one dot of the plane, for a browser that points at it."""

import torch

from app.services.content import Content, owner
from app.services.cursor import packed_means
from app.services.images import reconstructions
from app.services.latent_plane.encoding import latents
from app.services.loading import DataMissing, Ref, loaded, to_bytes
from app.services.originals import observations


def of(ref: Ref, row: int) -> Content:
    """The image of a row of the latents, a byte for each value; its reconstruction where it is not at hand.

    The header says which of the two it is.
    """
    model = loaded(ref)
    try:
        with torch.inference_mode():
            pixels, original = to_bytes(observations(model, torch.tensor([row]))), True
    except DataMissing:
        pixels, original = reconstructions(ref, (row,)), False
    return Content.framed({"shape": pixels.shape[1:], "original": original}, pixels.tobytes())


def find(sha256: str, version: str) -> bytes | None:
    """An image of a listed checkpoint by the digest of its means and the image's row, "0123abcd-17"; else None."""
    digest, _, row = version.partition("-")
    ref = owner(packed_means, sha256, digest)
    if ref is None or not row.isdecimal() or int(row) >= len(latents(ref).ids):
        return None
    return of(ref, int(row)).sent
