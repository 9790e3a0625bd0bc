"""Densities on the plane and what is decoded there, held against the stored posteriors and closed forms."""

import numpy as np
import pytest
import torch

from app.records import Window
from app.services import densities, images, loading, prior_components
from app.services.latent_plane import encoding

ALL = ("tiny-2d/sg", "tiny-2d/mog", "tiny-2d/vamp", "tiny-5d/vamp-weighted")


@pytest.mark.parametrize("name", ALL)
def test_the_prior_on_the_plane_integrates_to_one(refs, name):
    ref = refs[name]
    mixture = densities.prior_on_plane(ref)
    reach = 6 * np.sqrt(mixture.covariance[:, [0, 1], [0, 1]].max())
    low, high = float(mixture.mean.min() - reach), float(mixture.mean.max() + reach)
    window = Window(low, high, low, high)
    density = densities.prior_density(ref, window, cells=200)
    cell = float(density.x[1] - density.x[0]) * float(density.y[1] - density.y[0])
    values = np.exp(density.log_density.astype(np.float64))
    assert values.sum() * cell == pytest.approx(1, abs=0.01)
    for mass, level in zip((0.5, 0.8, 0.95, 0.99), density.levels, strict=True):
        assert values[density.log_density > level].sum() * cell == pytest.approx(mass, abs=0.015)


def test_the_density_is_a_row_for_each_y(refs):
    ref = refs["tiny-2d/mog"]
    density = densities.prior_density(ref, Window(-3, 1, -2, 2))
    mixture = densities.prior_on_plane(ref)
    row, column = 17, 80
    place = np.array([density.x[column], density.y[row]], dtype=np.float64)
    centred = place - mixture.mean
    inverse = np.linalg.inv(mixture.covariance)
    exponent = -0.5 * np.einsum("kp,kpq,kq->k", centred, inverse, centred)
    log_normal = exponent - 0.5 * np.log(np.linalg.det(2 * np.pi * mixture.covariance))
    expected = np.log(np.exp(log_normal + mixture.log_weights).sum())
    assert density.log_density[row, column] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["tiny-2d/sg", "tiny-5d/vamp-weighted"])
def test_the_aggregated_posterior_lies_on_its_points(refs, name):
    ref = refs[name]
    density = densities.aggregate_density(ref, densities.window((ref,)))
    points = encoding.points(ref)
    column = np.searchsorted(density.x, points[:, 0]).clip(0, len(density.x) - 1)
    row = np.searchsorted(density.y, points[:, 1]).clip(0, len(density.y) - 1)
    inside = density.log_density[row, column] > density.levels[3]
    assert inside.mean() > 0.9


def test_one_window_holds_the_points_of_all_priors_and_is_square(refs):
    family = tuple(refs[name] for name in ALL[:3])
    window = densities.window(family)
    assert window.right - window.left == pytest.approx(window.top - window.bottom)
    for ref in family:
        points = encoding.points(ref)
        low = (points > [window.left, window.bottom]).all(1)
        high = (points < [window.right, window.top]).all(1)
        assert (low & high).mean() > 0.98


def test_a_place_of_a_standard_normal_is_as_typical_as_its_radius(refs):
    ref = refs["tiny-2d/sg"]
    for radius in (0.5, 1.0, 2.0):
        place = images.decode_place(ref, radius, 0.0)
        assert place.less_dense == pytest.approx(np.exp(-(radius**2) / 2), abs=0.015)
        assert place.log_density == pytest.approx(-np.log(2 * np.pi) - radius**2 / 2, abs=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_a_place_is_decoded_above_itself(refs, name):
    ref = refs[name]
    place = images.decode_place(ref, 0.4, -0.3)
    np.testing.assert_allclose(encoding.plane(ref).project(place.z[None])[0], [0.4, -0.3], atol=1e-4)
    np.testing.assert_array_equal(place.pixels, images.decode(ref, place.z[None]))


@pytest.mark.parametrize("means", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_the_neighbours_of_a_place_are_those_of_its_point_in_the_whole_space(refs, name, means):
    """In two dimensions by what is drawn; in more by posterior means from the lifted point, or on the plane."""
    ref, exact = refs[name], encoding.plane(refs[name]).exact
    known = encoding.latents(ref)
    place = images.decode_place(ref, 0.4, -0.3, means=means)
    source = known.mean if means or not exact else known.sample
    far = np.linalg.norm(source.astype(np.float64) - place.z.astype(np.float64), axis=1)
    np.testing.assert_array_equal(place.rows, np.argsort(far, kind="stable")[:8])
    np.testing.assert_allclose(place.distances, np.sort(far)[:8], rtol=1e-6)
    on_plane = images.decode_place(ref, 0.4, -0.3, means=means, on_plane=True)
    flat = np.linalg.norm(encoding.points(ref, means).astype(np.float64) - [0.4, -0.3], axis=1)
    np.testing.assert_array_equal(on_plane.rows, np.argsort(flat, kind="stable")[:8])
    np.testing.assert_allclose(on_plane.distances, np.sort(flat)[:8])
    if not exact:
        assert not np.array_equal(place.rows, on_plane.rows)


def test_priors_share_their_noise(refs):
    """A standard normal's draw is the noise itself; a mixture's is that noise, scaled and moved."""
    noise = images.prior_samples(refs["tiny-2d/sg"], 8, seed=5).z
    known = prior_components.summary(refs["tiny-2d/mog"])
    drawn = images.prior_samples(refs["tiny-2d/mog"], 8, seed=5).z
    moved = known.mean[None] + known.scale[None] * noise[:, None]
    closest = np.abs(moved - drawn[:, None]).max(-1).min(1)
    np.testing.assert_allclose(closest, 0, atol=1e-5)
    cold = images.prior_samples(refs["tiny-2d/sg"], 8, seed=5, temperature=0.0)
    np.testing.assert_array_equal(cold.z, np.zeros((8, 2)))


def test_draws_of_the_aggregated_posterior_have_its_mean(refs):
    latents = encoding.latents(refs["tiny-2d/vamp"])
    drawn = densities.aggregate(refs["tiny-2d/vamp"]).sample((4000,), loading.noise(1)).numpy()
    spread = np.sqrt(latents.mean.var(0) + np.square(latents.scale).mean(0))
    np.testing.assert_allclose(drawn.mean(0), latents.mean.mean(0), atol=5 * spread.max() / np.sqrt(4000))


@pytest.mark.parametrize("name", ALL)
def test_no_line_of_the_prior_is_cut_off_by_the_window(refs, name):
    density = densities.prior_density(refs[name], densities.window((refs[name],)))
    edge = density.log_density
    rim = np.concatenate([edge[0], edge[-1], edge[:, 0], edge[:, -1]])
    assert rim.max() < density.levels[-1]


def test_a_prior_of_many_components_is_added_up_while_other_pages_are_drawn(refs, monkeypatch):
    from app.services import densities
    from app.services.turns import _PAGES, rendering

    monkeypatch.setattr(densities, "MANY", 3)
    had_it = {}

    def watch(name):
        function = getattr(densities, name)

        def watched(*given, **more):
            had_it.setdefault(name, set()).add(_PAGES._has_it())
            return function(*given, **more)

        monkeypatch.setattr(densities, name, watched)

    work = ("_on_grid", "log_density")
    for name in work:
        watch(name)
    for ref, expected in ((refs["tiny-2d/mog"], False), (refs["tiny-2d/sg"], True)):
        had_it.clear()
        loading.warm_up(ref)
        with rendering():
            densities.prior_density(ref, densities.window((ref,)))
            assert _PAGES._has_it()
        assert had_it == {name: {expected} for name in work}
        assert torch.get_num_threads() == 1
