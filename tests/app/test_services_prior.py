"""Components, units and live figures, held against their definitions."""

import numpy as np
import pytest
import torch

from app.services import catalogue, compare, images, prior_components, units
from app.services.latent_plane import encoding
from app.services.loading import ServiceError
from tests.app.conftest import COMPONENTS

ALL = ("tiny-2d/sg", "tiny-2d/mog", "tiny-2d/vamp", "tiny-5d/vamp-weighted")


@pytest.fixture
def checkpoint(models):
    from vampcore import checkpoints

    return checkpoints.load(models / "tiny-2d" / "vamp")


@pytest.mark.parametrize("name", ALL)
def test_weights_and_usage_sum_to_one_and_name_the_dead(refs, name):
    known = prior_components.summary(refs[name])
    assert known.weights.sum() == pytest.approx(1, abs=1e-5)
    assert known.usage.sum() == pytest.approx(1, abs=1e-5)
    entropy = -(known.usage * np.log(np.maximum(known.usage, 1e-30))).sum()
    assert known.effective == pytest.approx(np.exp(entropy), rel=1e-4)
    np.testing.assert_array_equal(known.dead, known.usage < 0.1 / len(known.usage))


def test_the_usage_of_a_component_has_the_standard_error_of_a_mean(refs, checkpoint):
    ref = refs["tiny-2d/vamp"]
    with torch.inference_mode():
        prior = checkpoint.model.prior(checkpoint.model.encoder)
        shares = prior.responsibilities(torch.tensor(encoding.latents(ref).sample)).double()
    known = prior_components.summary(ref)
    np.testing.assert_allclose(known.usage, shares.mean(0), rtol=1e-4)
    np.testing.assert_allclose(known.usage_se, shares.std(0) / len(shares) ** 0.5, rtol=1e-4)


def test_a_component_has_the_class_that_it_answers_for(refs):
    ref = refs["tiny-2d/vamp"]
    known, assigned = prior_components.summary(ref), encoding.components_of_images(ref)
    labels = encoding.latents(ref).labels
    k = int(known.usage.argmax())
    own = np.bincount(labels[assigned.component == k], minlength=10)
    assert own[known.classes[k]] >= 0.8 * own.max()


@pytest.mark.parametrize("name", ALL)
def test_orders_are_permutations_that_keep_their_word(refs, name):
    ref, known = refs[name], prior_components.summary(refs[name])
    orders = {by: prior_components.order(ref, by) for by in prior_components.ORDERS}
    for order in orders.values():
        assert sorted(order) == list(range(len(known.weights)))
    assert (np.diff(known.weights[orders["weight"]]) <= 0).all()
    assert (np.diff(known.usage[orders["usage"]]) <= 0).all()
    classes = known.classes[orders["class"]]
    assert (np.diff(classes[classes >= 0]) >= 0).all()
    assert orders["similarity"][0] == known.weights.argmax()
    with pytest.raises(ServiceError, match="use weight, usage"):
        prior_components.order(ref, "beauty")


def test_neighbours_in_the_walk_are_near(refs):
    ref = refs["tiny-2d/mog"]
    order, mean = prior_components.order(ref, "similarity"), prior_components.summary(ref).mean
    rest = mean[order[1:]]
    assert np.linalg.norm(rest - mean[order[0]], axis=1).argmin() == 0


def test_of_many_components_the_walk_visits_the_most_used(refs, monkeypatch):
    from app.services import prior_components

    ref = refs["tiny-2d/mog"]
    used, mean = prior_components.order(ref, "usage"), prior_components.summary(ref).mean
    prior_components.order.clear()
    monkeypatch.setattr(prior_components, "MOST_SHOWN", 3)
    walk = prior_components.order(ref, "similarity")
    prior_components.order.clear()
    assert walk[0] == used[0]
    assert set(walk[:3]) == set(used[:3])
    assert np.array_equal(walk[3:], used[3:])
    near, far = (np.linalg.norm(mean[each] - mean[walk[0]]) for each in walk[1:3])
    assert near <= far


def test_pseudo_inputs_are_shown_where_there_are_any(refs, checkpoint):
    assert prior_components.pseudo_inputs(refs["tiny-2d/sg"]) is None
    assert prior_components.pseudo_inputs(refs["tiny-2d/mog"]) is None
    shown = prior_components.pseudo_inputs(refs["tiny-2d/vamp"])
    learned = checkpoint.model.prior.images().detach().numpy()
    np.testing.assert_allclose(shown / 255, learned, atol=0.5 / 255 + 1e-6)


def test_snapshots_run_from_the_start_to_the_trained_prior(refs):
    snapshots = prior_components.snapshots(refs["tiny-2d/vamp"])
    epochs = [snapshot.epoch for snapshot in snapshots]
    assert epochs[0] == 0
    assert epochs == sorted(epochs)
    assert all(snapshot.pixels.shape == (COMPONENTS, 1, 8, 8) for snapshot in snapshots)
    assert all(snapshot.weights.shape == (COMPONENTS,) for snapshot in snapshots)
    assert prior_components.snapshots(refs["tiny-2d/mog"])[0].pixels is None


@pytest.mark.parametrize("name", ALL)
def test_the_detail_of_a_component_has_the_images_that_it_explains(refs, name):
    ref = refs[name]
    detail = prior_components.component_detail(ref, 0, n=5)
    assert (detail.pseudo_input is None) == (prior_components.pseudo_inputs(ref) is None)
    assert detail.samples.shape == (5, 1, 8, 8)
    np.testing.assert_array_equal(detail.samples, prior_components.component_samples(ref, (0,), 5))
    np.testing.assert_array_equal(detail.decoded, images.decode(ref, detail.mean[None]))
    assert (np.diff(detail.responsibilities) <= 0).all()
    assigned = encoding.components_of_images(ref)
    own = assigned.responsibility[assigned.component == 0]
    assert detail.responsibilities[0] >= own.max(initial=0) - 1e-6
    for wrong in (-1, len(prior_components.summary(ref).weights)):
        with pytest.raises(ServiceError, match="there is no component"):
            prior_components.component_detail(ref, wrong)


def test_components_share_their_noise_and_obey_the_temperature(refs):
    ref = refs["tiny-2d/vamp"]
    cold = prior_components.component_samples(ref, (0, 3), 4, temperature=0.0)
    assert cold.shape == (8, 1, 8, 8)
    np.testing.assert_array_equal(cold[:4], np.repeat(prior_components.component_images(ref)[:1], 4, axis=0))
    np.testing.assert_array_equal(cold[4:], np.repeat(prior_components.component_images(ref)[3:4], 4, axis=0))
    warm = prior_components.component_samples(ref, (3,), 4, seed=1)
    assert not np.array_equal(warm, prior_components.component_samples(ref, (3,), 4, seed=2))
    np.testing.assert_array_equal(warm, prior_components.component_samples(ref, (0, 3), 4, seed=1)[4:])


@pytest.mark.parametrize("name", ALL)
def test_activity_is_the_variance_of_the_means(refs, name):
    latents = encoding.latents(refs[name])
    (layer,) = units.activity(refs[name])
    expected = latents.mean.astype(np.float64).var(0, ddof=1)
    np.testing.assert_allclose(layer.activity, expected, rtol=1e-4)
    np.testing.assert_allclose(layer.ratio, expected / np.square(latents.scale.astype(np.float64)).mean(0), rtol=1e-3)
    assert layer.count == (expected > 0.01).sum()
    assert units.active_label(refs[name]) == f"{layer.count} of {len(layer.active)}"


@pytest.mark.parametrize("name", ALL)
def test_bars_of_the_kl_sum_to_it(refs, name):
    parts = units.kl_per_dimension(refs[name])
    assert parts.kl.sum() + parts.dependence == pytest.approx(parts.total, abs=1e-3)
    stored = catalogue.metric(refs[name], "kl")
    assert parts.total == pytest.approx(stored.value, abs=5 * stored.se + 0.2)


def test_a_traversal_moves_one_unit_only(refs):
    ref = refs["tiny-5d/vamp-weighted"]
    swept, latents = units.traverse(ref, 2, steps=7, row=11), encoding.latents(ref)
    z = np.repeat(latents.mean[11:12], 7, axis=0)
    z[:, 2] = swept.values
    np.testing.assert_array_equal(swept.pixels, images.decode(ref, z))
    assert swept.values[0] < np.quantile(latents.mean[:, 2], 0.01)
    assert swept.values[-1] > np.quantile(latents.mean[:, 2], 0.99)
    for unit, row in ((5, 0), (-1, 0), (0, 300), (0, -1)):
        with pytest.raises(ServiceError, match="there is no"):
            units.traverse(ref, unit, row=row)


def test_muting_the_units_of_a_plane_costs_reconstruction(refs):
    cost = units.ablate_unit(refs["tiny-2d/vamp"], 0, limit=200)
    assert cost.n == 200
    assert cost.se is not None
    assert cost.value > 2 * cost.se
    with pytest.raises(ServiceError, match="there is no unit 2"):
        units.ablate_unit(refs["tiny-2d/vamp"], 2)


def test_live_figures_agree_with_the_stored_ones(refs, checkpoint):
    (found,) = compare.measure((refs["tiny-2d/vamp"],), limit=10_000, samples=20)
    for name in ("elbo", "reconstruction", "kl", "mutual_information", "marginal_kl"):
        live, stored = found.get(name), checkpoint.metric(name)
        assert live.n == stored.n == 300
        assert live.value == pytest.approx(stored.value, abs=1.0), name
        assert live.se == pytest.approx(stored.se, rel=0.2)
    assert found.get("log_likelihood").value > found.get("elbo").value
    assert 1 <= found.get("ess_median").value <= 20


def test_the_kl_to_very_many_components_is_that_of_a_random_part_of_the_images(refs, monkeypatch):
    from app.services import units
    from app.services.loading import loaded, noise
    from vampcore import metrics

    ref = refs["tiny-5d/vamp-weighted"]
    monkeypatch.setattr(units, "FEWEST_IMAGES", 2)
    monkeypatch.setattr(units, "MOST_TERMS", 50 * COMPONENTS * 5 + 1)
    parts, model = units.kl_per_dimension(ref), loaded(ref)
    assert parts.n == 50
    rows = torch.randperm(300, generator=noise(0))[:50].sort().values
    found = metrics.kl_per_dimension(model.posterior[rows], model.prior, noise(0))
    np.testing.assert_allclose(parts.kl, found.kl, rtol=1e-5)
    assert parts.total_se == pytest.approx(float(found.total_se))


@pytest.mark.parametrize("limit", [120, 10_000])
def test_mutual_information_and_marginal_kl_add_up_to_the_kl(refs, limit):
    (found,) = compare.measure((refs["tiny-2d/mog"],), limit=limit, samples=2)
    parts = found.get("mutual_information").value + found.get("marginal_kl").value
    assert parts == pytest.approx(found.get("kl").value, abs=1e-3)


def test_priors_are_measured_on_one_random_subset(refs):
    family = tuple(refs[name] for name in ALL[:3])
    shares: list[float] = []
    found = compare.measure(family, limit=150, samples=3, seed=4, progress=lambda share, what: shares.append(share))
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    for each in found:
        np.testing.assert_array_equal(each.rows, found[0].rows)
        assert len(set(each.rows.tolist())) == 150
    assert not np.array_equal(found[0].rows, np.arange(150))
    paired = compare.difference(found[2], found[0])
    each = found[2].log_likelihood - found[0].log_likelihood
    assert paired.value == pytest.approx(each.mean())
    assert paired.se == pytest.approx(each.std(ddof=1) / np.sqrt(150))
    alone = found[0].get("log_likelihood").se
    assert alone is not None
    assert paired.se < alone


def test_a_second_measurement_is_the_first(refs):
    family = (refs["tiny-2d/sg"],)
    first, second = (compare.measure(family, limit=130, samples=3)[0] for _ in range(2))
    assert first.metrics == second.metrics
    assert first.seconds == second.seconds


def test_figures_of_different_images_are_not_compared(refs):
    a, b = (compare.measure((refs["tiny-2d/sg"],), limit=50, samples=2, seed=seed)[0] for seed in (0, 1))
    with pytest.raises(ServiceError, match="same images"):
        compare.difference(a, b)


def test_measuring_leaves_the_global_noise_alone(refs):
    before = torch.random.get_rng_state()
    compare.measure((refs["tiny-2d/vamp"],), limit=60, samples=2)
    images.prior_samples(refs["tiny-2d/vamp"], 4)
    units.ablate_unit(refs["tiny-2d/vamp"], 0, limit=20)
    assert torch.equal(before, torch.random.get_rng_state())
