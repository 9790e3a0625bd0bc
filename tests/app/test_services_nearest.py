"""Nearest and most responsible are two things: both against brute force in float64, for every model that ships."""

import numpy as np
import pytest
import torch

from app.services import prior_components
from app.services.latent_plane import encoding
from tests.app.reading import ref_of
from vampcore import zoo

SHIPPED = sorted(f"{path.parent.parent.name}/{path.parent.name}" for path in zoo.SHIPPED.glob("*/*/config.json"))
# What float32 posteriors leave of a distance.
DIGITS = 1e-9


def log_joint(ref):
    """log w_k + log N(z_n; component k) of every sample and component, by the definition, and their sum."""
    from app.services.loading import loaded

    mixture = loaded(ref).mixture
    mean, variance = (each.double() for each in (mixture.components.mean, mixture.components.logvar.exp()))
    sample = torch.tensor(encoding.latents(ref).sample).double()
    with torch.inference_mode():
        joint = torch.stack(
            [
                -0.5 * ((sample - mean[k]).square() / variance[k] + (2 * torch.pi * variance[k]).log()).sum(-1)
                for k in range(len(mean))
            ],
            -1,
        )
        joint += mixture.logits.double().log_softmax(-1)
        return joint.numpy(), joint.logsumexp(-1).numpy()


def some_components(ref):
    """The most used component, one in the middle, and the least used one."""
    ranked = prior_components.order(ref, "usage")
    return sorted({int(ranked[at]) for at in (0, len(ranked) // 2, -1)})


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_component_has_the_images_that_it_explains_best_and_those_nearest_to_it(shipped, name):
    ref = ref_of(*name.split("/"))
    joint, total = log_joint(ref)
    known, mean = prior_components.summary(ref), encoding.latents(ref).mean.astype(np.float64)
    for k in some_components(ref):
        detail = prior_components.component_detail(ref, k, 1)
        shares = np.minimum(np.exp(joint[:, k] - total), 1)
        np.testing.assert_allclose(detail.responsibilities, shares[detail.explained], rtol=1e-6, atol=1e-9)
        assert (detail.responsibilities <= 1).all()
        others = np.delete(np.arange(len(shares)), detail.explained)
        assert shares[others].max() <= detail.responsibilities.min() + 2e-6
        assert (np.diff(detail.responsibilities) <= 2e-6).all()
        # Of images that are explained equally well the densest come first.
        for at, row in enumerate(detail.explained):
            later = np.concatenate([others, detail.explained[at + 1 :]])
            equal = later[np.abs(shares[later] - shares[row]) < 1e-9]
            assert joint[equal, k].max(initial=-np.inf) <= joint[row, k] + DIGITS
        distances = np.linalg.norm(mean - known.mean[k], axis=1)
        np.testing.assert_allclose(detail.distances, np.sort(distances)[: len(detail.distances)], rtol=DIGITS)
        np.testing.assert_allclose(detail.distances, distances[detail.nearest], rtol=DIGITS)


@pytest.mark.parametrize("name", [name for name in SHIPPED if name.endswith("/sg")])
def test_of_one_component_the_densest_images_are_shown(shipped, name):
    """For a standard normal those are the images whose samples lie nearest to 0."""
    ref = ref_of(*name.split("/"))
    sample = encoding.latents(ref).sample.astype(np.float64)
    detail = prior_components.component_detail(ref, 0, 1)
    from_origin = np.linalg.norm(sample, axis=1)
    np.testing.assert_array_equal(detail.explained, from_origin.argsort(kind="stable")[: len(detail.explained)])
    np.testing.assert_array_equal(detail.responsibilities, np.ones(len(detail.explained)))
