"""Images of a viewer's own: read, kept as arrays, trained on; and refused in words where they cannot be."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from app.services import archives, uploads
from app.services.loading import ServiceError
from vampcore import datasets, zoo
from vampcore.trusted import may_read

COUNT = 24


@pytest.fixture(autouse=True)
def room(tmp_path, monkeypatch):
    """A server that trains, with folders of its own."""
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "local")
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(zoo, "RUNS", tmp_path / "runs")


def pixels(count=COUNT, side=12, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side), dtype=np.uint8)


def png(image):
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    return content.getvalue()


def packed(files, method=zipfile.ZIP_DEFLATED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def arrays(**given):
    content = io.BytesIO()
    np.savez(content, **given)
    return content.getvalue()


def every_image(found):
    return np.concatenate([part.images.numpy()[:, 0] for part in (found.train, found.validation, found.test)])


def test_images_in_a_zip_are_kept_pixel_for_pixel_with_their_classes():
    images = pixels()
    files = {f"pets/{'cat' if i < 16 else 'dog'}/../{i} ü.png": png(images[i]) for i in range(COUNT)}
    files = {name.replace("../", ""): content for name, content in files.items()}
    files |= {"__MACOSX/pets/cat/._1.png": b"x", "pets/.DS_Store": b"x", "pets/cat/read me.txt": b"x"}
    found = uploads.accept("my pets.zip", packed(files))
    assert (found.title, found.shape, found.binary) == ("my pets", (1, 12, 12), False)
    assert (sum(found.images), found.images[1:]) == (COUNT, (2, 2))
    assert found.notes == ("1 files that are no images are left out",)
    kept = datasets.load(uploads.data_of(found.key))
    assert kept.classes == ("cat", "dog")
    assert found.classes == {"cat": int((kept.train.labels == 0).sum()), "dog": int((kept.train.labels == 1).sum())}
    by_content = {image.tobytes(): "cat" if i < 16 else "dog" for i, image in enumerate(images)}
    for part in (kept.train, kept.validation, kept.test):
        said = [by_content.pop(image.tobytes()) for image in part.images.numpy()[:, 0]]
        assert said == [kept.classes[label] for label in part.labels]
    assert by_content == {}
    assert np.array_equal(np.sort(found.preview.ravel()), np.sort(kept.train.images.numpy().ravel() / 255))


def test_what_is_kept_has_no_path_and_every_page_may_read_it(tmp_path):
    files = {f"C:\\Users\\me\\{i}.png": png(image) for i, image in enumerate(pixels())}
    found = uploads.accept("/home/me/secret/../x.zip", packed(files))
    data = uploads.data_of(found.key)
    assert data == f"npz,name=x:{tmp_path}/data/uploads/{found.key.removeprefix('upload-')}.npz"
    assert may_read(data, None)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data" / "uploads").iterdir())
    assert b"Users" not in kept
    assert b"home" not in kept


def test_the_same_images_are_kept_once(tmp_path):
    files = {f"{i}.png": png(image) for i, image in enumerate(pixels())}
    first, second = (uploads.accept(name, packed(files)) for name in ("a.zip", "b.zip"))
    assert first.key == second.key
    assert len(list((tmp_path / "data" / "uploads").glob("*.npz"))) == 1
    assert uploads.title_of(first.key) == "b"


def test_arrays_are_kept_as_they_are_split():
    images = pixels(30)
    given = arrays(train=images[:20], test=images[20:], train_labels=np.arange(20) % 2, test_labels=np.arange(10) % 2)
    found = uploads.accept("x.npz", given)
    kept = datasets.load(uploads.data_of(found.key))
    assert found.images == (18, 2, 10)
    assert np.array_equal(kept.test.images.numpy()[:, 0], images[20:])
    assert np.array_equal(kept.test.labels.numpy(), np.arange(10) % 2)
    assert np.array_equal(np.sort(every_image(kept).ravel()), np.sort(images.ravel()))


def test_black_and_white_stays_so_and_colour_is_kept_on_request():
    binary = uploads.accept("x.npz", arrays(images=(pixels() > 127)))
    assert binary.binary
    assert datasets.load(uploads.data_of(binary.key)).likelihood == "bernoulli"
    colours = np.random.default_rng(0).integers(0, 256, (COUNT, 12, 12, 3), dtype=np.uint8)
    files = packed({f"{i}.png": png(image) for i, image in enumerate(colours)})
    assert uploads.accept("x.zip", files).shape == (1, 12, 12)
    found = uploads.accept("x.zip", files, "rgb")
    kept = datasets.load(uploads.data_of(found.key)).train.images.numpy()
    assert found.shape == (3, 12, 12)
    assert kept[0].transpose(1, 2, 0).tobytes() in {image.tobytes() for image in colours}


def test_folders_of_splits_are_splits():
    images = pixels(60)
    files = {f"d/{'train' if i < 40 else 'test'}/{i % 2}/{i}.png": png(image) for i, image in enumerate(images)}
    found = uploads.accept("x.zip", packed(files))
    kept = datasets.load(uploads.data_of(found.key))
    assert (found.images, kept.classes) == ((36, 4, 20), ("0", "1"))
    assert {each.tobytes() for each in kept.test.images.numpy()[:, 0]} == {each.tobytes() for each in images[40:]}


def test_large_and_uneven_images_are_made_small():
    images = [np.full((100, 50 + i), i, np.uint8) for i in range(COUNT)]
    found = uploads.accept("x.zip", packed({f"{i}.png": png(image) for i, image in enumerate(images)}))
    assert (found.shape, found.notes[0]) == ((1, 28, 28), "images are brought to 28 x 28 pixels")


def head_of_a_png(width, height):
    """A file of a few bytes that says it has so many pixels."""
    whole = png(np.zeros((4, 4), np.uint8))
    head = b"IHDR" + struct.pack(">II", width, height) + whole[24:29]
    return whole[:12] + head + struct.pack(">I", zlib.crc32(head)) + whole[33:]


def many(count):
    return packed({f"{i}.png": b"" for i in range(count)}, zipfile.ZIP_STORED)


def hidden_in_the_directory():
    """As many entries as one likes, of which the end of the directory admits one."""
    content = bytearray(many(20_000))
    content[-14:-10] = struct.pack("<HH", 1, 1)
    return bytes(content)


def large_directory():
    """An archive with the records of large ones, which say more than the old record does."""
    content = many(10)
    locator = b"PK\x06\x07" + bytes(16)
    return content[:-22] + locator + content[-22:]


IMAGES = {f"{i}.png": png(image) for i, image in enumerate(pixels())}
BAD = {
    "no zip": ("x.zip", b"hello", "this is no zip file that can be read"),
    "empty": ("x.zip", b"", "this is no zip file that can be read"),
    "cut": ("x.zip", packed(IMAGES)[:-30], "this is no zip file that can be read"),
    "many": ("x.zip", many(5_001), "the archive has more than 5,000 files: leave some out"),
    "hidden": ("x.zip", hidden_in_the_directory(), "the archive has more than 5,000 files"),
    "zip64": ("x.zip", large_directory(), "the archive has more than 5,000 files"),
    "bomb": ("x.zip", packed({"a.png": bytes(65_000_000)}), "the archive unpacks to more than 64 MB"),
    "bomb of arrays": ("x.npz", packed({"images.npy": bytes(65_000_000)}), "the archive unpacks to more than 64 MB"),
    "method": ("x.zip", packed(IMAGES, zipfile.ZIP_LZMA), "pack it again, as a plain zip without a password"),
    "wide": ("x.zip", packed(IMAGES | {"a.png": head_of_a_png(13_000, 13_000)}), "13000 x 13000 pixels, more than 16"),
    "together": (
        "x.zip",
        packed({f"{i}.png": head_of_a_png(4_000, 4_000) for i in range(17)}),
        "the images have more than 256 million pixels together",
    ),
    "no images": ("x.zip", packed({"a.txt": b"x"}), "the archive contains no images: put PNG or JPEG files into it"),
    "few": ("x.zip", packed({"a.png": png(pixels()[0])}), "at least 20 are needed"),
    "no image": ("x.zip", packed(IMAGES | {"a.png": b"x"}), "is not an image of the formats PNG, JPEG"),
    "broken": ("x.zip", packed(IMAGES | {"a.png": IMAGES["0.png"][:80]}), "a.png cannot be read"),
    "rows": ("x.npz", arrays(images=np.zeros((30, 144), np.uint8)), "the file has one row per image: save the images"),
    "pickle": ("x.npz", arrays(images=np.array([{}] * 30)), "pickled Python objects, which are never loaded"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_refused_in_words(case, tmp_path):
    filename, content, words = BAD[case]
    with pytest.raises(ServiceError) as refusal:
        uploads.accept(filename, content)
    assert words in str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)
    assert "/tmp" not in str(refusal.value)
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    with pytest.raises(ServiceError, match="the file has more than 0 MB"):
        uploads.accept("x.zip", bytes(1001))


def test_a_locked_archive_is_refused():
    content = bytearray(packed(IMAGES))
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    with pytest.raises(ServiceError, match="without a password"):
        uploads.accept("x.zip", bytes(content))


def test_a_server_that_does_not_train_keeps_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "off")
    with pytest.raises(ServiceError, match="training from this page is off"):
        uploads.accept("x.zip", packed(IMAGES))
    assert not (tmp_path / "data").exists()


def test_uploads_count_towards_the_limit_of_the_disk(monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (40, 64, 64), dtype=np.uint8)
    monkeypatch.setenv("VAMPSCOPE_TRAIN_MB", "0.1")
    uploads.accept("x.npz", arrays(images=noise))
    with pytest.raises(ServiceError, match=r"saved edits together may take 0\.1 MB on disk: delete some, or"):
        uploads.accept("x.zip", packed(IMAGES))


@pytest.mark.parametrize("key", ["digits", "upload-", "upload-../../x", "upload-0123456789abcdef", "upload-0" * 9])
def test_a_key_of_no_upload_names_itself(key):
    assert uploads.title_of(key) is None
    assert uploads.data_of(key) == key
