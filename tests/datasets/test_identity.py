"""Which images a data set holds: changed data are found, moved data are matched."""

import dataclasses

import numpy as np
import pytest
import torch

from vampcore import datasets
from vampcore.datasets import Dataset, Split
from vampcore.datasets.base import with_likelihood
from vampcore.datasets.identity import (
    ChangedDataError,
    digests_only,
    identity_of,
    image_hashes,
    matched,
    pixel_digest,
    stored_parts,
)


def made(count: int = 60, seed: int = 0, levels: int = 255, labelled: bool = True, named: bool = True) -> Dataset:
    """Three parts of random images of 4 x 4, two thirds for training; by likelihood Bernoulli."""
    random = np.random.default_rng(seed)
    images = torch.from_numpy(random.integers(0, levels + 1, (count, 1, 4, 4), dtype=np.uint8))
    labels = torch.arange(count) % 3 if labelled else None
    names = tuple(f"{each}.png" for each in range(count)) if named else None
    return split_at(images, labels, names, levels)


def split_at(images, labels, names, levels, classes=("a", "b", "c")) -> Dataset:
    held = len(images) // 6
    ends = (slice(2 * held, None), slice(held, 2 * held), slice(0, held))
    parts = (
        Split(images[part], None if labels is None else labels[part], levels, None if names is None else names[part])
        for part in ends
    )
    dataset = Dataset("mine", *parts, classes if labels is not None else (), "bernoulli", (0.5, 0.1))
    return with_likelihood(dataset, "bernoulli")


def all_of(dataset: Dataset):
    """Images, labels and names in the order of the source: test, validation, training."""
    train, validation, test = stored_parts(dataset)
    parts = (test, validation, train)
    images = torch.cat([part.images for part in parts])
    labels = None if train.labels is None else torch.cat([part.labels for part in parts])
    names = None if train.names is None else tuple(name for part in parts for name in part.names)
    return images, labels, names


def shuffled(dataset: Dataset, seed: int = 1) -> Dataset:
    images, labels, names = all_of(dataset)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    return split_at(
        images[order],
        None if labels is None else labels[order],
        None if names is None else tuple(names[row] for row in order),
        dataset.train.levels,
        dataset.classes,
    )


def same(a: Dataset, b: Dataset) -> bool:
    """Whether two data sets show a model the same images, in the same parts and order, with the same classes."""
    return all(
        torch.equal(getattr(a, part).images, getattr(b, part).images)
        and (getattr(a, part).labels is None or torch.equal(getattr(a, part).labels, getattr(b, part).labels))
        for part in ("train", "validation", "test")
    )


def test_a_hash_is_of_the_pixels_and_the_shape():
    images = torch.randint(0, 256, (500, 1, 4, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    hashes = image_hashes(images)
    assert hashes.dtype == np.int64
    assert len(set(hashes.tolist())) == 500
    np.testing.assert_array_equal(image_hashes(images[100:103]), hashes[100:103])
    assert not set(image_hashes(images.reshape(500, 1, 6, 4)).tolist()) & set(hashes.tolist())
    changed = images.clone()
    changed[7, 0, 3, 5] ^= 1
    assert (image_hashes(changed) != hashes).nonzero()[0].tolist() == [7]


def test_images_that_are_not_laid_out_in_a_row_have_the_same_hash():
    images = torch.randint(0, 256, (5, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    turned = images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    np.testing.assert_array_equal(image_hashes(turned), image_hashes(images))
    assert pixel_digest(turned) == pixel_digest(images)


def test_images_are_hashed_before_binarisation():
    grey = made()
    assert grey.test.levels == 1
    assert grey.before_binarising is not None
    found = identity_of(grey)
    np.testing.assert_array_equal(found.test.hashes, image_hashes(grey.before_binarising[1].images))
    assert found.evaluated == pixel_digest(grey.test.images)
    assert [part.count for part in found.parts] == [40, 10, 10]


def test_the_same_data_match_without_a_word():
    dataset = made()
    match = matched(identity_of(dataset), made())
    assert match.notes == ()
    assert same(match.dataset, dataset)


@pytest.mark.parametrize("levels", [1, 255])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("labelled", [True, False])
def test_images_in_another_order_are_put_back(levels, named, labelled):
    dataset = made(levels=levels, named=named, labelled=labelled)
    other = shuffled(dataset)
    assert not same(other, dataset)
    match = matched(identity_of(dataset), other)
    assert same(match.dataset, dataset)
    assert match.dataset.test.levels == 1
    assert all("put back" in note for note in match.notes)
    assert identity_of(match.dataset).key == identity_of(dataset).key


def test_it_is_said_how_many_images_change_their_part():
    dataset = made()
    images, labels, names = all_of(dataset)
    order = torch.arange(60)
    order[[0, 59]] = order[[59, 0]]  # a test image and a training image change places
    moved = split_at(images[order], labels[order], tuple(names[row] for row in order), 255)
    match = matched(identity_of(dataset), moved)
    assert match.notes == ("2 images were put back into their splits from training",)
    assert same(match.dataset, dataset)


def test_a_new_order_within_a_part_is_no_news():
    dataset = made()
    images, labels, names = all_of(dataset)
    order = torch.cat([torch.arange(20), 20 + torch.arange(39, -1, -1)])
    match = matched(identity_of(dataset), split_at(images[order], labels[order], tuple(names[r] for r in order), 255))
    assert match.notes == ()
    assert same(match.dataset, dataset)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda images: torch.cat([images, images[:1] // 2]), "1 new"),
        (lambda images: images[1:], "1 gone"),
        (lambda images: torch.cat([images[2:], images[:3] // 2]), "3 new, 2 gone"),
        (lambda images: torch.cat([images, images[:1]]), "1 new"),
    ],
)
def test_new_and_gone_images_are_counted(named, change, words):
    dataset = made(named=named)
    images = change(all_of(dataset)[0])
    names = tuple(f"x{row}" for row in range(len(images))) if named else None
    other = split_at(images, torch.arange(len(images)) % 3, names, 255)
    with pytest.raises(ChangedDataError, match=f"of its 60 images, {words};") as caught:
        matched(identity_of(dataset), other)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("named", [True, False])
def test_an_image_that_was_saved_again_has_changed(named):
    dataset = made(named=named)
    images, labels, names = all_of(dataset)
    images = images.clone()
    images[[3, 30], 0, 0, 0] ^= 1
    with pytest.raises(ChangedDataError, match="of its 60 images, 2 changed;"):
        matched(identity_of(dataset), split_at(images, labels, names, 255))


def test_images_are_multisets():
    images = torch.zeros(60, 1, 4, 4, dtype=torch.uint8)
    images[30:] = 1
    labels = torch.arange(60) // 30
    dataset = split_at(images, labels, None, 1, ("a", "b"))
    order = torch.randperm(60, generator=torch.Generator().manual_seed(3))
    match = matched(identity_of(dataset), split_at(images[order], labels[order], None, 1, ("a", "b")))
    assert same(match.dataset, dataset)
    one_more = images.clone()
    one_more[0] = 1
    with pytest.raises(ChangedDataError, match="1 new, 1 gone"):
        matched(identity_of(dataset), split_at(one_more, labels, None, 1, ("a", "b")))


def test_classes_that_changed_are_reported_and_those_of_the_training_stay():
    dataset = made()
    images, labels, names = all_of(dataset)
    other = labels.clone()
    other[[0, 1, 25]] = (other[[0, 1, 25]] + 1) % 3
    for changed in (split_at(images, other, names, 255), shuffled(split_at(images, other, names, 255))):
        match = matched(identity_of(dataset), changed)
        assert "the classes of 3 images have changed; the labels from training are used" in match.notes
        assert same(match.dataset, dataset)
        assert match.dataset.classes == dataset.classes


def test_a_class_of_a_new_name_is_a_change_of_its_images():
    dataset = made()
    images, labels, names = all_of(dataset)
    renamed = split_at(images, labels, names, 255, ("a", "b", "z"))
    match = matched(identity_of(dataset), renamed)
    assert match.notes == ("the classes of 20 images have changed; the labels from training are used",)
    assert match.dataset.classes == ("a", "b", "c")


def test_the_same_classes_in_another_order_of_names_are_no_change():
    dataset = made()
    images, labels, names = all_of(dataset)
    match = matched(identity_of(dataset), split_at(images, 2 - labels, names, 255, ("c", "b", "a")))
    assert match.notes == ()
    assert same(match.dataset, dataset)


def test_classes_that_came_or_went_are_reported():
    dataset = made()
    images, _, names = all_of(dataset)
    without = split_at(images, None, names, 255)
    assert (
        "the classes of 60 images have changed; the labels from training are used"
        in matched(identity_of(dataset), without).notes
    )
    match = matched(identity_of(without), dataset)
    assert match.notes == ("the classes of 60 images have changed; the labels from training are used",)
    assert match.dataset.train.labels is None
    assert match.dataset.classes == ()


def test_renamed_files_are_reported():
    dataset = made()
    images, labels, names = all_of(dataset)
    match = matched(identity_of(dataset), split_at(images, labels, ("new.png", *names[1:]), 255))
    assert match.notes == ("1 of the images were renamed or moved",)
    assert same(match.dataset, dataset)


def test_equal_images_are_told_apart_by_their_names():
    """Two copies of an image in two classes: neither changes when the order does."""
    dataset = made()
    images, labels, names = all_of(dataset)
    images = images.clone()
    images[1] = images[0]
    dataset = split_at(images, labels, names, 255)
    for seed in range(4):
        match = matched(identity_of(dataset), shuffled(dataset, seed))
        assert not [note for note in match.notes if "put back" not in note]


def test_a_named_data_set_is_known_by_its_digests():
    digits = datasets.load("digits")
    identity = digests_only(identity_of(digits))
    assert all(part.hashes is None for part in identity.parts)
    assert matched(identity, digits).notes == ()
    other = dataclasses.replace(digits, test=dataclasses.replace(digits.test, images=digits.test.images.flip(0)))
    with pytest.raises(ChangedDataError, match="other images in its test part"):
        matched(identity, other)


def test_the_restored_test_images_are_binarised_as_at_training():
    dataset = made(levels=255)
    for seed in range(3):
        match = matched(identity_of(dataset), shuffled(dataset, seed))
        assert pixel_digest(match.dataset.test.images) == pixel_digest(dataset.test.images)
