"""What is shown of a model follows from what its distributions can, whoever made them."""

import ast
import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest
import torch

from app.records import Window
from app.services import catalogue, densities, images, units
from app.services.capabilities import Capabilities, as_mixture, capabilities
from app.services.loading import ServiceError
from vampcore.distributions import DiagNormal, DiagNormalMixture

APP = Path(__file__).resolve().parents[2] / "app"


class Laplace:
    """A distribution that the library does not know: z_i ~ Laplace(0, 1), independent."""

    def log_prob(self, z):
        return torch.distributions.Laplace(0.0, 1.0).log_prob(z).sum(-1)

    def sample(self, shape=(), generator=None, temperature=1.0):
        signs = torch.randint(0, 2, (*shape, 2), generator=generator) * 2 - 1
        return temperature * signs * torch.empty(*shape, 2).exponential_(generator=generator)


def posterior(dimensions: int) -> DiagNormal:
    return DiagNormal(torch.zeros(3, dimensions), torch.zeros(3, dimensions))


def mixture(components: int) -> DiagNormalMixture:
    parts = DiagNormal(torch.zeros(components, 2), torch.zeros(components, 2))
    return DiagNormalMixture(parts, torch.zeros(components))


@pytest.mark.parametrize("count", [1, 2])
def test_a_mixture_has_components_and_a_density_on_any_plane(count):
    prior = mixture(count)
    found = capabilities(prior, posterior(5), posterior_density=True, pseudo_inputs=False)
    assert found == Capabilities(
        components=True,
        several_components=count > 1,
        pseudo_inputs=False,
        plane_density=True,
        posterior_density=True,
        holes=False,
    )
    assert as_mixture(prior) is prior


@pytest.mark.parametrize("dimensions", [1, 2, 5])
@pytest.mark.parametrize("posterior_density", [False, True])
def test_another_density_is_seen_where_the_plane_is_the_latent_space(dimensions, posterior_density):
    found = capabilities(Laplace(), posterior(dimensions), posterior_density=posterior_density, pseudo_inputs=False)
    assert not found.components
    assert not found.several_components
    assert found.plane_density == (dimensions == 2)
    assert found.holes == (dimensions == 2 and posterior_density)
    assert as_mixture(Laplace()) is None


@pytest.fixture
def stranger(refs, monkeypatch):
    """A checkpoint whose prior is replaced by one that the library does not know."""
    from app.services import loading

    ref = refs["tiny-2d/sg"]
    model, prior = loading.loaded(ref), Laplace()
    has = capabilities(prior, model.posterior, posterior_density=True, pseudo_inputs=False)
    changed = dataclasses.replace(model, prior=prior, has=has)
    known = loading.loaded
    for name in ("catalogue", "densities", "images", "units", "hole_mass"):
        monkeypatch.setattr(
            f"app.services.{name}.loaded", functools.partial(lambda asked: changed if asked == ref else known(asked))
        )
    return ref


def test_a_prior_that_nobody_knows_is_drawn_on_its_plane(models, stranger):
    facts = catalogue.facts(stranger)
    assert (facts.alive, facts.has.components) == (0, False)
    density = densities.prior_density(stranger, Window(-2, 2, -1, 3), 5)
    across, up = np.meshgrid(density.x, density.y)
    np.testing.assert_allclose(density.log_density, -np.abs(across) - np.abs(up) - 2 * np.log(2), rtol=1e-5)
    place = images.decode_place(stranger, 0.5, -1.0)
    assert place.log_density == pytest.approx(-1.5 - 2 * np.log(2))
    # At radius r = |x| + |y| two independent Laplaces have the mass (1 + r) exp(-r) further out.
    assert place.less_dense == pytest.approx(2.5 * np.exp(-1.5), abs=0.02)
    assert (place.component, place.responsibility) == (None, None)
    assert units.kl_per_dimension(stranger) is None
    with pytest.raises(ServiceError, match="has no components"):
        densities.prior_on_plane(stranger)


def test_priors_are_told_apart_in_one_file():
    """By their class; what else asks, asks `Capabilities`."""
    telling = {
        path.relative_to(APP).as_posix()
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "isinstance"
        and any(
            isinstance(each, ast.Name) and each.id.endswith(("Mixture", "Normal", "Flow"))
            for each in ast.walk(node.args[1])
        )
    }
    assert telling == {"services/capabilities.py"}
