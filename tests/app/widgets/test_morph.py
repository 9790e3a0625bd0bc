"""Morphs have the ends that were chosen: points above two places, or the posterior means of two test images."""

import json

import numpy as np
from streamlit.testing.v1 import AppTest

from app.services import images
from app.services.latent_plane import encoding
from tests.app.reading import open_page, words


def ways(at: AppTest) -> list[dict]:
    """The rows of the strips on a page."""
    found = [json.loads(each.proto.json) for each in at.get("bidi_component") if each.proto.json]
    return next(each["rows"] for each in found if "rows" in each)


def test_between_places_the_ends_are_the_points_above_them(refs):
    at = open_page("latent_space", experiment="tiny-5d", prior="Vamp, learned weights")
    assert "Morph from" not in words(at)
    at = open_page(
        "latent_space",
        experiment="tiny-5d",
        prior="Vamp, learned weights",
        latent_from="0.5,-0.25",
        latent_point="-0.5,0.75",
    )
    assert "Morph from (0.50, \u22120.25) to (\u22120.50, 0.75)" in words(at)
    (way,) = ways(at)
    for name, place in (("from", (0.5, -0.25)), ("to", (-0.5, 0.75))):
        z = images.decode_place(refs["tiny-5d/vamp-weighted"], *place).z
        np.testing.assert_allclose(way[name], z, rtol=1e-6)


def test_between_images_every_prior_has_its_own_ends(refs):
    at = open_page("compare", experiment="tiny-2d", compare_morph_from="4", compare_morph_to="9")
    found = ways(at)
    assert len(found) == 3
    for prior, way in zip(("sg", "mog", "vamp"), found, strict=True):
        mean = encoding.latents(refs[f"tiny-2d/{prior}"]).mean
        np.testing.assert_allclose([way["from"], way["to"]], mean[[4, 9]], rtol=1e-6)
    labels = encoding.latents(refs["tiny-2d/sg"]).labels
    chosen = open_page("compare", experiment="tiny-2d").get_by_key("compare_morph_to").value
    assert labels[chosen] != labels[0]
    assert (labels[:chosen] == labels[0]).all()
