"""Models of two layers: pictures differ by what they are said to differ by, and reconstructions use both layers."""

import numpy as np
import pytest
import torch

from app.services import catalogue, images, prior_components, units
from app.services.latent_plane import encoding
from app.services.loading import DataMissing
from tests.app.reading import ref_of
from vampcore import zoo

PRIORS = sorted(path.parent.name for path in zoo.SHIPPED.glob("static-mnist-hvae/*/config.json"))


@pytest.fixture(params=PRIORS)
def ref(request, shipped):
    return ref_of("static-mnist-hvae", request.param)


@pytest.fixture
def model(ref):
    from app.services.loading import loaded

    return loaded(ref)


def spread(pixels):
    """The mean standard deviation of a pixel over a strip, in grey levels."""
    return float(pixels.astype(np.float64).std(0).mean())


def test_the_same_z_gives_the_same_image_wherever_it_stands(shipped, ref):
    z = np.repeat(encoding.latents(ref).mean[5:6], 11, axis=0)
    pixels = images.decode(ref, z)
    assert spread(pixels) == 0
    among_others = images.decode(ref, np.concatenate([encoding.latents(ref).mean[:3], z[:1]]))
    assert np.abs(among_others[3].astype(int) - pixels[0]).max() <= 1


def test_a_sweep_of_a_dead_unit_stands_still(shipped, ref):
    """Trained weights leave a dead unit a little to say; the noise of z1 was a hundred times as much."""
    ranked = np.argsort(-units.activity(ref)[0].activity)
    dead, active = (spread(units.traverse(ref, int(ranked[at])).pixels) for at in (-1, 9))
    assert dead < 0.1
    assert active > 5


def test_a_sweep_of_a_unit_that_nothing_reads_does_not_move_at_all(nothing_computed, shipped, ref, model):
    """Without its weights in the decoder and in p(z1 | z2), a unit changes no pixel."""
    unit = int(units.activity(ref)[0].activity.argmin())
    vae = model.checkpoint.model
    readers = (vae.decoder.joined.second, vae.lower_layers()[0].from_above[0])
    with torch.inference_mode():
        for reader in readers:
            for weight in (reader.linear.weight,):
                weight[:, unit] = 0
    assert spread(units.traverse(ref, unit).pixels) < 1e-6


def test_samples_of_a_column_differ_by_the_component_alone(shipped, ref, model):
    """One component twice gives two equal rows; each image is the decoded (z2, z1) of one noise, as drawn by hand."""
    if not catalogue.facts(ref).has.several_components:
        pytest.skip("one component")
    n = 4
    twice = prior_components.component_samples(ref, (3, 3), n, 1.0, 2)
    assert np.abs(twice[:n].astype(int) - twice[n:]).max() <= 1
    assert spread(twice[:n]) > 1
    k, other = 3, 8
    both = prior_components.component_samples(ref, (k, other), n, 1.0, 2)
    from app.services.loading import DRAWN_AT_ONCE, LOWER_LAYERS, first_draws, noise

    epsilon = torch.randn((DRAWN_AT_ONCE, 40), generator=noise(2 + LOWER_LAYERS))[:n]
    vae = model.checkpoint.model
    with torch.inference_mode():
        for at, component in enumerate((k, other)):
            z2 = first_draws(model.mixture.component(component), n, 2)
            p1 = vae.lower_layers()[0].prior(z2)
            expected = vae.decoder(z2, p1.mean + p1.scale * epsilon).mean().mul(255).round().numpy()
            assert np.abs(both[at * n : (at + 1) * n].astype(int) - expected).max() <= 1


def test_the_first_samples_are_the_same_however_many_are_shown(shipped, ref):
    few, many = images.prior_samples(ref, 5, 3), images.prior_samples(ref, 24, 3)
    np.testing.assert_array_equal(few.z, many.z[:5])
    assert np.abs(few.pixels.astype(int) - many.pixels[:5]).max() <= 1
    if catalogue.facts(ref).has.several_components:
        few, many = (prior_components.component_samples(ref, (0, 1), n, 1.0, 3).astype(int) for n in (5, 24))
        assert np.abs(few - np.concatenate([many[:5], many[24:29]])).max() <= 1


def test_cold_samples_repeat_the_decoded_mean(shipped, ref):
    cold = prior_components.component_samples(ref, (0,), 3, 0.0, 1)
    assert np.abs(cold.astype(int) - prior_components.component_images(ref)[:1]).max() <= 1


def test_without_images_the_stored_means_of_both_layers_are_decoded(shipped, ref, model, monkeypatch):
    from app.services import images

    def nowhere(*_):
        raise DataMissing("not on disk")

    monkeypatch.setattr(images, "observations", nowhere)
    rows = (0, 7, 20)
    z2, z1 = (layer.mean[list(rows)] for layer in model.checkpoint.latents.layers)
    with torch.inference_mode():
        expected = model.checkpoint.model.decoder(z2, z1).mean().mul(255).round().numpy()
    assert np.abs(images.reconstructions(ref, rows).astype(int) - expected).max() <= 1


def test_a_reconstruction_goes_through_the_posterior_of_both_layers(shipped, ref, model, monkeypatch):
    from app.services import images

    seen = torch.rand((3, 1, 28, 28), generator=torch.Generator().manual_seed(0)).round()
    monkeypatch.setattr(images, "observations", lambda *_: seen)
    rows = (0, 7, 20)
    vae = model.checkpoint.model
    with torch.inference_mode():
        z2 = model.posterior.mean[list(rows)]
        z1 = vae.lower_layers()[0].posterior(seen, z2).mean
        expected = vae.decoder(z2, z1).mean().mul(255).round().numpy()
    assert np.abs(images.reconstructions(ref, rows).astype(int) - expected).max() <= 1
    rebuilt, without = units.with_and_without(ref, 4, rows)
    np.testing.assert_array_equal(rebuilt, images.reconstructions(ref, rows))
    muted = z2.clone()
    muted[:, 4] = model.posterior.mean[:, 4].mean()
    with torch.inference_mode():
        expected = vae.decoder(muted, z1).mean().mul(255).round().numpy()
    assert np.abs(without.astype(int) - expected).max() <= 1
