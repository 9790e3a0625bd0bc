"""scikit-learn's digits."""

import hashlib

import numpy as np
import torch
from sklearn.datasets import load_digits

from vampcore.datasets import load


def test_sizes_values_and_names() -> None:
    digits = load("digits")
    assert digits.shape == (1, 8, 8)
    assert digits.likelihood == "binomial"
    assert digits.levels == 16
    assert digits.classes == tuple("0123456789")
    assert [len(part.images) for part in (digits.train, digits.validation, digits.test)] == [1197, 300, 300]
    assert int(digits.train.images.max()) == 16
    mean, std = digits.pseudo_input_noise
    assert std == 0.01
    assert abs(mean - float(digits.train.images.double().mean()) / 16) < 1e-6


def test_parts_are_disjoint_and_hold_all_images_with_their_labels() -> None:
    digits = load("digits")
    pixels, labels = load_digits(return_X_y=True)
    original = sorted((tuple(row), label) for row, label in zip(pixels.astype(int).tolist(), labels, strict=True))
    ours = []
    for part in (digits.train, digits.validation, digits.test):
        assert part.labels is not None
        ours += [
            (tuple(row), label)
            for row, label in zip(part.images.flatten(1).tolist(), part.labels.tolist(), strict=True)
        ]
    assert sorted(ours) == original
    # No two of scikit-learn's images are equal, so equal multisets mean disjoint parts.
    assert len(set(original)) == len(original) == 1797


def test_classes_are_balanced() -> None:
    digits = load("digits")
    shares = np.bincount(load_digits().target) / 1797
    for part in (digits.validation, digits.test):
        assert part.labels is not None
        counts = torch.bincount(part.labels).numpy()
        assert (np.abs(counts - 300 * shares) <= 1.5).all()


def test_the_split_is_the_same_every_time() -> None:
    assert torch.equal(load("digits").test.images, load("digits").test.images)
    # Trained models carry measurements of this very test set: another split must not slip in.
    assert hashlib.sha256(load("digits").test.images.numpy().tobytes()).hexdigest()[:16] == "100ddccf692ec132"
    assert load("digits").test.labels[:8].tolist() == load("digits", likelihood="bernoulli").test.labels[:8].tolist()
