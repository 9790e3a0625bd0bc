"""The mass in holes beyond the floor: nothing where prior and data agree, the missing mass where they do not."""

import pytest
import torch

from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics import hole_excess


def posterior(n: int, scale: float, generator: torch.Generator) -> DiagNormal:
    """Narrow posteriors whose means and widths make a standard normal of their aggregate."""
    mean = (1 - scale**2) ** 0.5 * torch.randn(n, 2, generator=generator)
    return DiagNormal(mean, 2 * torch.full((n, 2), scale).log())


def normal(*means: tuple[float, float]) -> DiagNormalMixture:
    mean = torch.tensor(means)
    return DiagNormalMixture(DiagNormal(mean, torch.zeros_like(mean)), torch.zeros(len(mean)))


def test_a_prior_that_is_the_source_of_the_data_has_no_mass_in_holes_beyond_the_floor():
    """Of 200 narrow posteriors the prior has a large mass in holes; so have the other half's, and it is taken off."""
    generator = torch.Generator().manual_seed(0)
    few = hole_excess(normal((0.0, 0.0)), posterior(200, 0.1, generator), generator=generator)
    assert few.floor.value > 0.1
    assert abs(few.excess.value) < 3 * few.excess.se
    many = hole_excess(normal((0.0, 0.0)), posterior(4000, 0.3, generator), generator=generator)
    assert many.floor.value < 0.01
    assert many.excess.value == pytest.approx(0, abs=0.01)


def test_a_component_without_data_is_a_hole():
    generator = torch.Generator().manual_seed(1)
    found = hole_excess(
        normal((0.0, 0.0), (30.0, 0.0)), posterior(4000, 0.5, generator), generator=generator, split="train", seed=4
    )
    # Both components lose the same share to the 95 % region.
    assert found.excess.value == pytest.approx(0.475, abs=3 * found.excess.se)
    assert 0 < found.excess.se < 0.05
    assert (found.excess.name, found.excess.unit, found.excess.n) == ("hole_excess", "share", 4000)
    assert (found.excess.samples, found.excess.split, found.excess.seed) == (1000, "train", 4)


def test_its_error_is_what_other_draws_and_splits_change():
    """Over repeats with other seeds single splits spread as much as the error says, mass levels and all."""
    data = posterior(400, 0.3, torch.Generator().manual_seed(2))
    prior = normal((0.0, 0.0), (2.5, 0.0))
    repeats = [
        hole_excess(prior, data, splits=2, draws=300, generator=torch.Generator().manual_seed(seed)).excess.value
        for seed in range(40)
    ]
    said = hole_excess(prior, data, splits=40, draws=300, generator=torch.Generator().manual_seed(99)).excess.se
    # Each repeat is the mean of two splits.
    assert torch.tensor(repeats).std().item() * 2**0.5 == pytest.approx(said, rel=0.4)


def test_progress_may_end_it():
    def stop(done: int, total: int) -> None:
        raise InterruptedError(f"{done} of {total}")

    with pytest.raises(InterruptedError, match="1 of 20"):
        hole_excess(normal((0.0, 0.0)), posterior(10, 0.3, torch.Generator()), progress=stop)


def test_one_split_has_no_spread():
    with pytest.raises(ValueError, match="two splits"):
        hole_excess(normal((0.0, 0.0)), posterior(10, 0.3, torch.Generator()), splits=1)
