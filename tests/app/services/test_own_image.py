"""Drawings and uploads: centred and scaled as the data are, read pixel for pixel, and refused in one line."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from app.services import own_image
from app.services.explained import explained
from app.services.latent_plane import encoding
from app.services.loading import ServiceError, loaded
from app.services.originals import test_part as images_of
from tests.app.reading import ref_of
from tests.app.services.test_uploads import head_of_a_png, png


@pytest.fixture
def mnist(shipped):
    return ref_of("mnist-2d", "vamp")


@pytest.fixture
def digits(shipped):
    return ref_of("digits-2d", "vamp")


def enlarged_in_a_corner(image, by, left, top, side=own_image.SIDE):
    """An image of shares with each pixel enlarged, its ink moved to a place of a canvas."""
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    canvas = np.zeros((side, side), np.uint8)
    ink = np.rint(255 * np.kron(cut, np.ones((by, by)))).astype(np.uint8)
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return canvas


def shares_of(ref, rows):
    part = images_of(loaded(ref)).split
    return part.images[loaded(ref).checkpoint.latents.ids[list(rows)]].numpy()[:, 0] / part.levels


def middle(image):
    """The centre of mass in pixels from the middle, down and right."""
    return [
        np.average(np.arange(len(each)), weights=each) - (len(each) - 1) / 2 for each in (image.sum(1), image.sum(0))
    ]


def test_digits_of_mnist_drawn_small_in_a_corner_lie_as_those_of_mnist_do(mnist):
    known = [image for image in shares_of(mnist, range(40)) if max(np.ptp(np.nonzero(image), 1)) == 19]
    found = []
    for image in known:
        canvas = enlarged_in_a_corner(image, 3, left=20, top=3)
        found.append(own_image.shares(mnist, own_image.from_canvas(mnist, canvas.tobytes()))[0, 0])
        grey = own_image.centred(canvas, (28, 28)) / 255
        assert middle(grey) == pytest.approx([0.5, 0.5], abs=0.2)
        assert grey.sum() == pytest.approx(image.sum(), rel=0.1)
        assert max(np.ptp(np.nonzero(found[-1]), 1)) in (18, 19, 20)  # an edge may be lost at one half
    np.testing.assert_allclose(*(np.mean([middle(each) for each in images], 0) for images in (known, found)), atol=0.2)


def test_a_drawing_lies_in_the_middle_and_takes_20_of_28_pixels():
    canvas = np.zeros((own_image.SIDE, own_image.SIDE), np.uint8)
    canvas[5:65, 80:88] = 255
    canvas[60:65, 70:98] = 255
    found = own_image.centred(canvas, (28, 28))
    rows = np.flatnonzero(found.any(1))
    assert rows[-1] - rows[0] + 1 in (20, 21)  # 20 pixels that need not begin at the edge of one
    assert found.sum() / 255 == pytest.approx(canvas.sum() / 255 / 9, rel=0.01)
    # Half a pixel right of the middle and below, where MNIST's digits have their mass.
    assert middle(found) == pytest.approx([0.5, 0.5], abs=0.2)
    moved = own_image.centred(np.roll(canvas, (30, -50), (0, 1)), (28, 28))
    np.testing.assert_array_equal(moved, found)


def test_where_the_mass_is_at_an_end_nothing_is_cut_off():
    canvas = np.zeros((own_image.SIDE, own_image.SIDE), np.uint8)
    canvas[10:110, 50] = 1
    canvas[10:14, 30:71] = 255
    found = own_image.centred(canvas, (28, 28))
    assert found[:, 14].astype(int).sum() > 0
    rows = np.flatnonzero(np.array(own_image.centred(np.where(canvas > 0, 255, 0).astype(np.uint8), (28, 28))).any(1))
    assert rows[-1] - rows[0] + 1 in (20, 21)


def test_a_drawing_fills_a_small_image_as_the_digits_of_scikit_learn_do(digits):
    for image in shares_of(digits, (3, 77)):
        content = own_image.from_canvas(digits, enlarged_in_a_corner(image, 7, left=30, top=40).tobytes())
        (found,) = own_image.shares(digits, content)[0]
        assert found.any(1).all()
        assert np.abs(found - image).mean() < 0.08


def test_nothing_drawn_is_no_image(digits):
    assert own_image.from_canvas(digits, bytes(own_image.SIDE**2)) is None


def test_a_canvas_has_the_form_of_the_images():
    assert own_image.canvas_size((1, 28, 28)) == (112, 112)
    assert own_image.canvas_size((1, 28, 20)) == (112, 80)
    tall = own_image.centred(np.full((112, 80), 255, np.uint8), (28, 20))
    assert tall.shape == (28, 20)


@pytest.mark.parametrize(("experiment", "rows"), [("mnist-2d", (5,)), ("digits-2d", (3, 77))])
def test_a_test_image_that_is_uploaded_has_its_stored_score_and_place(shipped, experiment, rows):
    ref = ref_of(experiment, "vamp")
    known = encoding.latents(ref)
    for row, image in zip(rows, shares_of(ref, rows), strict=True):
        content = own_image.from_file(ref, png(np.rint(255 * image).astype(np.uint8)), False)
        np.testing.assert_array_equal(own_image.shares(ref, content)[0, 0], image.astype(np.float32))
        assert content == own_image.from_test_set(ref, row)
        found = explained(ref, content)
        assert found.log_likelihood.error is None
        assert found.log_likelihood.value == pytest.approx(known.log_likelihood[row], abs=0.01)
        np.testing.assert_allclose(found.mean, known.mean[row], atol=2e-3)
        np.testing.assert_allclose(found.scale, known.scale[row], rtol=2e-3)
        assert found.place == pytest.approx(encoding.points(ref, means=True)[row].tolist(), abs=2e-3)
        below = (known.log_likelihood < found.log_likelihood.value).mean()
        assert found.log_likelihood.below == pytest.approx(below, abs=0.002)


def test_the_components_are_those_with_the_highest_responsibilities_at_the_mean(digits):
    found = explained(digits, own_image.from_test_set(digits, 3))
    mixture = loaded(digits).mixture
    joint = mixture.joint(torch.tensor(found.mean)).double()
    shares = (joint - joint.logsumexp(-1)).exp().numpy()
    assert found.components[0] == (int(shares.argmax()), pytest.approx(shares.max(), abs=1e-4))
    assert [share for _, share in found.components] == sorted((share for _, share in found.components), reverse=True)
    assert all(share == pytest.approx(shares[k], abs=1e-4) for k, share in found.components)


def test_in_many_dimensions_the_score_is_sampled_and_says_when_it_is_unreliable(shipped):
    ref = ref_of("static-mnist-40d", "vamp")
    found = explained(ref, own_image.from_test_set(ref, 5))
    score, stored = found.log_likelihood, encoding.latents(ref).log_likelihood[5]
    assert score.samples == 5000
    assert score.value == pytest.approx(stored, abs=6 * score.error)
    assert score.unreliable == (score.shape > 0.7)
    np.testing.assert_allclose(found.mean, encoding.latents(ref).mean[5], atol=5e-3)
    # The plane's part of the variances, along any axes.
    assert np.trace(found.covariance) == pytest.approx(
        float((encoding.plane(ref).basis.T ** 2 @ found.scale**2).sum()), rel=1e-4
    )


def test_inverting_exchanges_dark_and_light(digits):
    image = np.zeros((8, 8), np.uint8)
    image[2:6, 3] = 255
    plain, inverted = (own_image.from_file(digits, png(image), each) for each in (False, True))
    np.testing.assert_array_equal(own_image.shares(digits, plain), 1 - own_image.shares(digits, inverted))


def saved(image, kind, **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


GREY = Image.fromarray(np.tile(np.arange(0, 240, 30, dtype=np.uint8), (8, 1)))


@pytest.mark.parametrize("mode", ["CMYK", "RGB", "L"])
def test_colours_become_grey_and_a_broken_exif_is_passed_over(digits, mode):
    exif = b"Exif\0\0MM\0*\xff\xff\xff\xff"
    content = own_image.from_file(digits, saved(GREY.convert(mode), "JPEG", quality=100, exif=exif), False)
    np.testing.assert_allclose(own_image.shares(digits, content)[0, 0], np.asarray(GREY) / 255, atol=0.05)


WHOLE = png(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
HOSTILE = {
    "huge": (
        head_of_a_png(13_000, 13_000),
        "the image has 13000 x 13000 pixels, more than 16 million: make it smaller",
    ),
    "bomb": (head_of_a_png(2**31 - 1, 2**31 - 1), "is not an image of the formats PNG, JPEG"),
    "truncated": (WHOLE[: len(WHOLE) // 2], "the file cannot be read"),
    "no image": (b"<svg onload=alert(1)>", "is not an image of the formats PNG, JPEG: save it anew as PNG or JPEG"),
    "empty": (b"", "is not an image of the formats PNG, JPEG"),
    "animation": (saved(GREY, "GIF", save_all=True, append_images=[GREY.rotate(90)]), "not an image of the formats"),
    "large": (bytes(8_000_001), "the file has more than 8 MB: make the image smaller"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_cannot_be_read_is_refused_in_one_line(digits, case):
    content, words = HOSTILE[case]
    with pytest.raises(ServiceError) as refusal:
        own_image.from_file(digits, content, False)
    assert words in str(refusal.value)
    assert "/tmp" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
