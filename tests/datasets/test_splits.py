"""Seeded, balanced splits."""

import numpy as np
import pytest

from vampcore.datasets.splits import seeded_order, split


def test_the_order_is_a_permutation_and_never_changes() -> None:
    order = seeded_order(1965)
    assert sorted(order.tolist()) == list(range(1965))
    # numpy promises RandomState's stream for ever; a checkpoint's test images depend on it.
    assert order[:5].tolist() == np.random.RandomState(777).permutation(1965)[:5].tolist()


@pytest.mark.parametrize("length", [10, 37, 100, 150])
def test_every_beginning_is_balanced_by_class(length: int) -> None:
    labels = np.repeat([0, 1, 2], [20, 80, 100])
    chosen = labels[seeded_order(200, labels)[:length]]
    for label, share in enumerate((0.1, 0.4, 0.5)):
        assert abs((chosen == label).sum() - share * length) <= 1


def test_balanced_order_is_shuffled_within_a_class() -> None:
    labels = np.repeat([0, 1], 50)
    order = seeded_order(100, labels)
    assert sorted(order.tolist()) == list(range(100))
    assert order[labels[order] == 0].tolist() != list(range(50))


@pytest.mark.parametrize("labels", [None, np.arange(50) % 3])
def test_parts_are_disjoint_whole_and_keep_their_labels(labels: np.ndarray | None) -> None:
    images = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1)
    parts = split(images, labels, 255, validation=7, test=5)
    assert [len(part.images) for part in parts] == [38, 7, 5]
    numbers = [number for part in parts for number in part.images.flatten().tolist()]
    assert sorted(numbers) == list(range(50))
    for part in parts:
        if labels is None:
            assert part.labels is None
        else:
            assert part.labels is not None
            assert part.labels.tolist() == [number % 3 for number in part.images.flatten().tolist()]


def test_names_follow_their_images() -> None:
    images = np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1)
    names = tuple(f"{value}.png" for value in range(40))
    for part in split(images, np.arange(40) % 2, 255, validation=4, test=4, names=names):
        assert part.names == tuple(f"{value}.png" for value in part.images.ravel().tolist())
    assert split(images, None, 255, validation=4, test=4)[0].names is None
