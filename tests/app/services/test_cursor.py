"""What the cursor over several maps is given: the same test images for every prior, their means and themselves."""

import json
import struct
import zlib

import numpy as np
import pytest

from app.services import images
from app.services.images import Images
from app.services.latent_plane import encoding


def read(sent: bytes) -> tuple[dict, bytes]:
    (length,) = struct.unpack_from("<I", sent)
    return json.loads(sent[4 : 4 + length]), sent[4 + length :]


@pytest.mark.parametrize("name", ["tiny-2d/vamp", "tiny-5d/vamp-weighted"])
def test_means_are_those_of_the_checkpoint(refs, monkeypatch, name):
    from app.services import cursor

    monkeypatch.setattr(cursor, "MOST", 7)
    ref = refs[name]
    header, numbers = read(cursor.packed_means(ref).sent)
    known = encoding.latents(ref)
    count, dims = len(header["ids"]), known.mean.shape[1]
    assert (count, header["latent"]) == (7, dims)
    assert (header["ids"][0], header["ids"][-1]) == (known.ids[0], known.ids[-1])
    rows = [int(np.flatnonzero(known.ids == number)[0]) for number in header["ids"]]
    floats = np.frombuffer(numbers, "<f4")
    np.testing.assert_array_equal(floats[: count * dims].reshape(count, dims), known.mean[rows])
    placed = floats[count * dims :].reshape(2, count, 2)
    np.testing.assert_array_equal(placed[0], encoding.points(ref, True)[rows])
    np.testing.assert_array_equal(placed[1], encoding.points(ref)[rows])
    assert [header["classes"][label] for label in header["labels"]] == [str(each) for each in known.labels[rows]]


def test_all_priors_have_the_same_images_and_originals_where_at_hand(refs, monkeypatch):
    from app.services import cursor

    family = [refs[f"tiny-2d/{prior}"] for prior in ("sg", "mog", "vamp")]
    ids = [read(cursor.packed_means(ref).sent)[0]["ids"] for ref in family]
    assert ids[0] == ids[1] == ids[2]
    header, deflated = read(cursor.packed_originals(family[0]).sent)
    assert header["ids"] == ids[0]
    pixels = np.frombuffer(zlib.decompress(deflated), np.uint8).reshape(-1, *header["shape"])
    rows = tuple(cursor.cursor_rows(family[0]).tolist())
    np.testing.assert_array_equal(pixels, images.from_test_set(family[0], rows).pixels)
    absent = Images(images.reconstructions(family[0], rows), originals=False)
    monkeypatch.setattr(cursor, "from_test_set", lambda ref, rows: absent)
    cursor.packed_originals.clear()
    assert cursor.packed_originals(family[0]) is None
