"""Latent space: an image of the viewer's own, what is said of it, and its mark on the plane."""

import json

import numpy as np
import pytest

from app.services import own_image
from app.services.explained import explained
from app.services.latent_plane import encoding
from tests.app.reading import metric, open_page, pictures, ref_of, words
from tests.app.services.test_uploads import png


def opened(**query):
    at = open_page("latent_space", **query)
    at.session_state["latent_own_open"] = True
    return at.run()


def spots(at):
    """What the browser is told of marks of images."""
    sent = [json.loads(each.proto.json) for each in at.get("bidi_component") if each.proto.json]
    return [each["spot"] for each in sent if "spot" in each]


def test_it_costs_nothing_before_it_is_opened(models):
    at = open_page("latent_space", prior="VampPrior")
    assert "latent_own" not in [each.key for each in at.segmented_control]
    assert spots(at) == []


def test_a_test_image_lands_at_its_posterior_mean(models):
    ref = ref_of("tiny-2d", "vamp")
    at = opened(experiment="tiny-2d", prior="VampPrior", latent_own="Test image", latent_own_image="7")
    known = encoding.latents(ref)
    (spot,) = spots(at)
    assert (spot["x"], spot["y"]) == pytest.approx(known.mean[7].tolist(), abs=2e-3)
    assert sorted((spot["longer"], spot["shorter"])) == pytest.approx(sorted(2 * known.scale[7]), rel=5e-3)
    found = explained(ref, own_image.from_test_set(ref, 7))
    assert metric(at, "log p(x) of your image") == f"\u2212{-found.log_likelihood.value:.0f}"
    assert found.log_likelihood.value > known.elbo[7] - 3  # of one sample
    assert "exact (quadrature)" in words(at)
    k, share = found.components[0]
    assert f"**{k}** ({100 * share:.3g} %)" in words(at)
    assert len(pictures(at)) > len(pictures(open_page("latent_space", experiment="tiny-2d", prior="VampPrior")))


def test_an_upload_in_more_than_two_dimensions_is_scored_by_sampling(models):
    at = opened(experiment="tiny-5d", latent_own="Upload")
    assert spots(at) == []
    content = png(np.full((8, 8), 255, np.uint8))
    at.file_uploader(key="latent_file").set_value(("x.png", content, "image/png")).run()
    assert not at.exception
    ref = ref_of("tiny-5d", "vamp-weighted")
    found = explained(ref, own_image.from_file(ref, content, False))
    assert "importance sampling, S = 5,000" in words(at).replace("\u00a0", " ")
    assert any("k\u0302" in each.value for each in at.warning) == found.log_likelihood.unreliable
    assert f"to {found.scale.max():.2g} in 5 dimensions" in words(at)
    at.toggle(key="latent_invert").set_value(True).run()
    assert not at.exception
    dark = explained(ref, own_image.from_file(ref, content, True))
    assert (spots(at)[0]["x"], spots(at)[0]["y"]) == pytest.approx(dark.place)
