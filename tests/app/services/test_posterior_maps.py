"""The posterior of one image on its grid, with what is shown and said of it."""

import numpy as np
import pytest
import torch

from app.records import MASSES
from app.services import posterior_maps
from app.services.live_bound import target
from app.services.loading import loaded, noise, prior_on_device
from app.services.originals import observations
from vampcore.metrics import PosteriorGrid, posterior_grid


def test_the_maps_are_those_of_the_library_in_one_window(refs):
    ref = refs["tiny-2d/vamp"]
    found = posterior_maps.posterior_maps(ref, 5, 20)
    model = loaded(ref)
    with torch.inference_mode():
        grid = posterior_grid(model.checkpoint.model, observations(model, torch.tensor([5])), prior_on_device(model))
        weighted = grid.importance_weighted(20, noise(0))
    assert found.log_likelihood == pytest.approx(target(ref, (5,)).value, abs=0.005)
    assert found.of_q == pytest.approx(grid.distance(grid.log_q), abs=1e-4)
    assert found.of_weighted == pytest.approx(weighted.distance, abs=1e-4)
    assert found.of_weighted.kl < found.of_q.kl
    for density, whole in (
        (found.posterior, grid.log_posterior),
        (found.q, grid.log_q),
        (found.weighted, weighted.log_density),
    ):
        assert density.log_density.max() == pytest.approx(float(whole.max()), abs=1e-4)
        inside = density.log_density >= density.levels[-1]
        assert found.window.left < density.x[inside.any(0)][0] < density.x[inside.any(0)][-1] < found.window.right
        assert found.window.bottom < density.y[inside.any(1)][0] < density.y[inside.any(1)][-1] < found.window.top
        # What is cut off holds none of the 99 %.
        assert int(inside.sum()) == int((whole >= float(density.levels[-1])).sum())


def test_the_mass_levels_of_a_normal_are_those_of_its_discs():
    x = np.linspace(-5, 5, 201)
    log_density = -0.5 * (x[None, :] ** 2 + x[:, None] ** 2)
    known = np.log1p(-np.array(MASSES))
    np.testing.assert_allclose(posterior_maps.mass_levels(log_density), known, atol=0.02)


def test_a_grid_that_does_not_hold_the_posterior_gives_no_map(refs, monkeypatch):
    monkeypatch.setattr(PosteriorGrid, "holds", property(lambda grid: False))
    assert posterior_maps.posterior_maps(refs["tiny-2d/sg"], 5, 2) is None


def test_only_planes_have_maps(refs):
    assert posterior_maps.can_draw(refs["tiny-2d/mog"])
    assert not posterior_maps.can_draw(refs["tiny-5d/vamp-weighted"])
