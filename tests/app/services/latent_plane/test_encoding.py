"""Posteriors, samples, the plane and the components of test images, held against what is stored."""

import numpy as np
import pytest
import torch

from app.services.latent_plane import encoding

ALL = ("tiny-2d/sg", "tiny-2d/mog", "tiny-2d/vamp", "tiny-5d/vamp-weighted")


@pytest.mark.parametrize("name", ALL)
def test_latents_are_the_stored_posteriors_and_a_fixed_sample(refs, checkpoints, name):
    latents, stored = encoding.latents(refs[name]), checkpoints[name].latents
    np.testing.assert_array_equal(latents.mean, stored.layers[0].mean.numpy())
    np.testing.assert_array_equal(latents.labels, stored.labels.numpy())
    noise = (latents.sample - latents.mean) / latents.scale
    assert abs(noise.mean()) < 0.15
    assert abs(noise.std() - 1) < 0.1
    import streamlit as st

    st.cache_data.clear()
    np.testing.assert_array_equal(encoding.latents(refs[name]).sample, latents.sample)


def test_two_dimensions_are_their_own_plane(refs):
    plane = encoding.plane(refs["tiny-2d/vamp"])
    assert plane.exact
    assert plane.share == 1
    latents = encoding.latents(refs["tiny-2d/vamp"])
    np.testing.assert_array_equal(encoding.points(refs["tiny-2d/vamp"]), latents.sample)
    np.testing.assert_array_equal(encoding.points(refs["tiny-2d/vamp"], means=True), latents.mean)


def test_five_dimensions_are_seen_along_the_principal_axes(refs):
    from sklearn.decomposition import PCA

    ref = refs["tiny-5d/vamp-weighted"]
    plane, mean = encoding.plane(ref), encoding.latents(ref).mean
    pca = PCA(2).fit(mean.astype(np.float64))
    assert not plane.exact
    assert plane.share == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-5)
    np.testing.assert_allclose(plane.basis.T @ plane.basis, np.eye(2), atol=1e-6)
    np.testing.assert_allclose(np.abs(plane.basis.T @ pca.components_.T), np.eye(2), atol=1e-4)
    largest = np.abs(plane.basis).argmax(0)
    assert (plane.basis[largest, [0, 1]] > 0).all()


@pytest.mark.parametrize("name", ALL)
def test_responsibilities_name_the_most_likely_component(refs, checkpoints, name):
    ref, checkpoint = refs[name], checkpoints[name]
    assigned = encoding.components_of_images(ref)
    prior = checkpoint.model.prior(checkpoint.model.encoder)
    shares = prior.responsibilities(torch.tensor(encoding.latents(ref).sample)).detach().numpy()
    np.testing.assert_array_equal(assigned.component, shares.argmax(1))
    np.testing.assert_allclose(assigned.responsibility, shares.max(1), rtol=1e-5)


def test_chunks_change_nothing(large, monkeypatch):
    """Also in parts of a few rows, points, components and axes are those of one go."""
    from app.services.latent_plane import encoding

    assigned, sample = encoding.components_of_images(large), encoding.latents(large).sample
    covariance = encoding._covariance(sample, sample.mean(0, dtype=np.float64))
    np.testing.assert_allclose(covariance, np.cov(sample, rowvar=False), rtol=1e-5)
    monkeypatch.setattr(encoding, "NUMBERS_AT_ONCE", 1000)
    encoding.components_of_images.clear()
    again = encoding.components_of_images(large)
    np.testing.assert_array_equal(again.component, assigned.component)
    np.testing.assert_allclose(encoding._covariance(sample, sample.mean(0, dtype=np.float64)), covariance, rtol=1e-9)
    encoding.latents.clear()
    known = encoding.latents(large)
    noise = (known.sample - known.mean) / known.scale
    assert abs(float(noise.mean())) < 0.01
    assert float(noise.std()) == pytest.approx(1, abs=0.01)
