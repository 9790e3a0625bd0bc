"""The image of one dot: itself or its reconstruction, and nothing for a row or a checkpoint that is not there."""

import numpy as np
import pytest

from tests.app.services.test_cursor import read


def test_an_image_is_the_original_of_its_row_where_that_is_at_hand(refs):
    from app.services import cursor, dot_image, images

    ref = refs["tiny-2d/vamp"]
    digest = cursor.packed_means(ref).digest
    header, pixels = read(dot_image.find(ref.sha256, f"{digest}-17"))
    expected = images.from_test_set(ref, (17,))
    assert header == {"shape": [1, 8, 8], "original": True}
    assert expected.originals
    np.testing.assert_array_equal(np.frombuffer(pixels, np.uint8), expected.pixels.ravel())


def test_the_reconstruction_stands_in_and_says_so(refs, monkeypatch):
    from app.services import dot_image, images
    from app.services.loading import DataMissing

    def missing(*args):
        raise DataMissing("not here")

    monkeypatch.setattr(dot_image, "observations", missing)
    ref = refs["tiny-5d/vamp-weighted"]
    header, pixels = read(dot_image.of(ref, 3).sent)
    assert header["original"] is False
    np.testing.assert_array_equal(np.frombuffer(pixels, np.uint8), images.reconstructions(ref, (3,)).ravel())


@pytest.mark.parametrize("row", ["300", "-1", "", "1e3", "abc"])
def test_no_image_is_found_for_what_is_no_row(refs, row):
    from app.services import cursor, dot_image

    ref = refs["tiny-2d/vamp"]
    digest = cursor.packed_means(ref).digest
    assert dot_image.find(ref.sha256, f"{digest}-{row}") is None
    assert dot_image.find(ref.sha256, f"{'0' * 16}-3") is None
    assert dot_image.find("ab" * 32, f"{digest}-3") is None
