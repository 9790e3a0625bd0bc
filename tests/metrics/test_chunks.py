"""How much is computed at once: bounded by what is free."""

import pytest
import torch

from tests.mixtures import far_apart, mixture, plane, points
from vampcore.distributions import DiagNormalMixture, NormalMixture
from vampcore.metrics import chunks

CPU = torch.device("cpu")


def image(pixels: int) -> torch.Tensor:
    return torch.zeros(2, 1, 1, pixels)


@pytest.fixture
def free(monkeypatch):
    def set_free(count: int) -> None:
        monkeypatch.setattr(chunks, "free_memory", lambda device: count)

    return set_free


def test_free_memory_is_that_of_the_machine():
    assert 2**20 < chunks.free_memory(CPU) < 2**50


def test_with_plenty_free_the_cache_decides(free):
    free(2**40)
    assert chunks.samples_at_once(image(784)) == chunks.DECODED_AT_ONCE_ON_CPU // 784
    assert chunks.observations_at_once(image(784), 1) == 2000
    assert chunks.observations_at_once(image(784), 1000) == chunks.DECODED_AT_ONCE // 784_000


def test_a_model_that_takes_more_memory_decodes_less_at_once(free):
    free(2**40)
    assert chunks.samples_at_once(image(64), 40 * 32) == chunks.samples_at_once(image(64)) // 32
    assert chunks.observations_at_once(image(64), 1000, 40 * 32) == chunks.observations_at_once(image(64), 1000) // 32
    free(2**24)
    few = chunks.samples_at_once(image(64), 1280)
    assert 1 < few * 64 * 1280 <= 2**24 * chunks.SHARE_OF_FREE_MEMORY
    assert 1 < chunks.observations_at_once(image(64), 2, 1280) * 2 * 64 * 1280 <= 2**24 * chunks.SHARE_OF_FREE_MEMORY


def test_with_little_free_less_is_computed_at_once(free):
    free(2**20)
    few = chunks.samples_at_once(image(784))
    assert few * 784 * chunks.BYTES_PER_NUMBER <= 2**20 * chunks.SHARE_OF_FREE_MEMORY
    assert 0 < few < chunks.DECODED_AT_ONCE_ON_CPU // 784
    free(2**10)
    assert chunks.samples_at_once(image(784)) == chunks.observations_at_once(image(784), 10) == 1


@pytest.fixture
def on_plane() -> tuple[DiagNormalMixture, NormalMixture, torch.Tensor]:
    p = mixture(11, 5).without(3)
    basis, origin = plane(5)
    return p, p.project(basis, origin), points((40, 5))


@pytest.mark.parametrize("chunk", [1, 4, None])
def test_responsibilities_come_some_components_at_a_time(on_plane, chunk):
    p, seen, z = on_plane
    for each, places in ((p, z), (seen, z[:, :2])):
        parts = list(chunks.responsibilities(each, places, chunk))
        assert [part.start for part, _ in parts] == list(range(0, 11, chunk or 11))
        torch.testing.assert_close(torch.cat([shares for _, shares in parts], 1), each.responsibilities(places))


def test_responsibilities_too_small_to_matter_are_none():
    p = far_apart([0.5, 0.5], distance=1000.0)
    ((_, shares),) = chunks.responsibilities(p, p.components.mean)
    assert torch.equal(shares, torch.eye(2, dtype=torch.float64))


def test_no_more_pairs_than_fit_are_held_at_once(on_plane, monkeypatch):
    monkeypatch.setattr(chunks, "PAIRS_AT_ONCE", 100)
    p, _, z = on_plane
    sizes = [shares.numel() for _, shares in chunks.responsibilities(p, z)]
    assert max(sizes) == 2 * len(z) <= 100
    assert sum(sizes) == 11 * len(z)
