"""The file of a film: read as it was written, and refused in one line if any of its numbers could not have been."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from tests.checkpoints.refusing import refused
from vampcore.checkpoints import load
from vampcore.checkpoints.film import Film
from vampcore.checkpoints.film_file import film_bytes, film_of

SIZE, COMPONENTS, TESTED = 8, 4, 300
RECORD = 4 * SIZE + 4 * TESTED + 24 * COMPONENTS


@pytest.fixture
def film(family) -> Film:
    return load(family / "small" / "vamp").film


def test_read_as_written_to_the_byte(film, family):
    content = (family / "small" / "vamp" / "film.bin").read_bytes()
    again = film_of(content)
    for field in dataclasses.fields(Film):
        one, other = getattr(film, field.name), getattr(again, field.name)
        same = (
            torch.equal(one.nan_to_num(7.0), other.nan_to_num(7.0)) if isinstance(one, torch.Tensor) else one == other
        )
        assert same, field.name
    assert film_bytes(again) == content


def test_the_layout_is_the_documented_one(film, family):
    content = (family / "small" / "vamp" / "film.bin").read_bytes()
    line, _, _ = content.partition(b"\n")
    assert json.loads(line) == {
        "format": 1,
        "prior": "vamp",
        "latent_dim": 2,
        "components": COMPONENTS,
        "test_images": TESTED,
        "images": TESTED,
    }
    start = len(line) + 1 + 4 * 6
    assert start % 4 == 0
    assert len(content) == start + 4 * RECORD
    last = content[start + 3 * RECORD :]
    numbers, steps = np.frombuffer(last, "<f4", SIZE), np.frombuffer(last, "<i2", 2 * TESTED, 4 * SIZE)
    components = np.frombuffer(last, "<f4", 6 * COMPONENTS, 4 * SIZE + 4 * TESTED).reshape(COMPONENTS, 6)
    assert numbers[0] == 3
    assert numbers[1] == film.beta[3]
    np.testing.assert_array_equal(steps.reshape(TESTED, 2) * numbers[4], film.positions[3])
    np.testing.assert_array_equal(components[:, :2], film.mean[3])
    np.testing.assert_array_equal(components[:, [2, 3, 3, 4]].reshape(-1, 2, 2), film.covariance[3])
    np.testing.assert_array_equal(components[:, 5], film.log_weights[3])


def test_a_checkpoint_without_a_film(folder):
    (folder / "film.bin").unlink()
    assert load(folder).film is None


def numbers(content: bytes, place: int, value: float) -> bytes:
    """The content with one float32 of its last record, or counted from its plane on where place is below 0, changed."""
    changed = bytearray(content)
    start = content.index(b"\n") + 1
    at = start + 4 * (place + 6) if place < 0 else start + 4 * 6 + 3 * RECORD + 4 * place
    changed[at : at + 4] = np.float32(value).tobytes()
    return bytes(changed)


FIRST = SIZE + TESTED  # the first component's place among the numbers of a record


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (-6, 1.0, "its plane is not the latent space"),
        (-4, 0.5, "its plane has no orthonormal basis"),
        (-4, math.nan, "its plane has no orthonormal basis"),
        (-6, math.inf, "its plane has no orthonormal basis"),
        (0, 2.0, "its epochs are not those that a run keeps"),
        (0, 2.5, "its epochs are not those that a run keeps"),
        (0, 4.0, "its epochs are not those that a run keeps"),
        (0, math.nan, "its epochs are not those that a run keeps"),
        (0, 1e30, "its epochs are not those that a run keeps"),
        (1, 1.5, "beta is out of its range"),
        (1, math.nan, "beta is out of its range"),
        (2, math.nan, "a bound is not a number"),
        (3, math.inf, "a bound is not a number"),
        (4, math.inf, "positions do not fit their scale"),
        (4, math.nan, "positions do not fit their scale"),
        (4, 0.0, "positions do not fit their scale"),
        (4, -1.0, "positions do not fit their scale"),
        (5, 1.0, "beta is out of its range"),
        (FIRST, math.nan, "a component is not finite"),
        (FIRST + 2, 0.0, "a covariance is not positive definite"),
        (FIRST + 2, -1.0, "a covariance is not positive definite"),
        (FIRST + 3, 1e4, "a covariance is not positive definite"),
        (FIRST + 4, math.inf, "a component is not finite"),
        (FIRST + 5, 0.0, "weights do not sum to one"),
        (FIRST + 5, math.nan, "weights do not sum to one"),
        (FIRST + 5, math.inf, "weights do not sum to one"),
    ],
)
def test_a_number_that_cannot_be(folder, place, value, said):
    path = folder / "film.bin"
    path.write_bytes(numbers(path.read_bytes(), place, value))
    refused(folder, "film.bin", said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: b"", "is not a film of this checkpoint"),
        (lambda content: content[:20], "is not a film of this checkpoint"),
        (lambda content: content[:-1], "its size is not that of whole records"),
        (lambda content: content + b"\0", "its size is not that of whole records"),
        (lambda content: content[:-RECORD], "its prior, dimensions, test set or last epoch"),
        (lambda content: content + content[-RECORD:], "its epochs are not those that a run keeps"),
        (lambda content: content[: -4 * RECORD], "its size is not that of whole records"),
        (lambda content: content.replace(b'"format": 1', b'"format": 2'), "its format is not 1"),
        (lambda content: content.replace(b'"vamp"', b'"vimp"'), "its prior, dimensions, test set or last epoch"),
        (lambda content: content.replace(b'"vamp"', b"[[2]] "), "another type"),
        (lambda content: content.replace(b'"components": 4', b'"components": 5'), "whole records"),
        (lambda content: content.replace(b'"components": 4', b'"components":-4'), "not as it was written"),
        (lambda content: content.replace(b'"components": 4', b'"components": 0.4'), "another type"),
        (lambda content: content.replace(b'"images": 300', b'"images": 299'), "its number of images"),
        (lambda content: content.replace(b'"format"', b'"formal"'), "its format is not 1"),
        (lambda content: content.replace(b'"prior"', b'"prios"'), "prior"),
        (lambda content: content.replace(b"\n", b" ", 1), "is not a film of this checkpoint"),
        (lambda content: b"[" * 1000 + b"\n" + content, "is not a film of this checkpoint"),
        (lambda content: content.replace(b"{", b'{"format": 1, ', 1), "a key is there twice"),
    ],
)
def test_another_size_or_first_line(folder, change, said):
    path = folder / "film.bin"
    path.write_bytes(change(path.read_bytes()))
    refused(folder, "film.bin", said)


def test_that_of_another_prior_is_refused(folder, family):
    (folder / "film.bin").write_bytes((family / "small" / "mog" / "film.bin").read_bytes())
    refused(folder, "film.bin", "its prior, dimensions, test set or last epoch")
