"""The sentences that pages open with, and the figures in them."""

import numpy as np
import pytest

from app.widgets import openings


def test_the_latent_space_says_how_much_the_contours_enclose():
    assert "**98 % of the images lie inside the 99 % contour**" in openings.latent_space(0.9812)
    assert ">99.9 %" in openings.latent_space(1.0)
    assert "contour" not in openings.latent_space(None)


def test_components_are_counted():
    assert openings.components(500, 359, 61.2) == (
        "Each row shows what one component of the prior generates: **61 distinct components of 500 carry the data; 359 "
        "are dead**."
    )
    assert openings.components(32, 0, 12.4).endswith("**all 32 components are in use, as 12 distinct ones**.")


def test_only_what_was_learned_is_called_a_pseudo_input():
    assert openings.pseudo_inputs(32, 0, learned=True).startswith("The pseudo-inputs are images")
    assert openings.pseudo_inputs(32, 0, learned=False).startswith("Each tile is the decoded mean of one component")
    assert openings.pseudo_inputs(32, 1, learned=True).endswith("**31 components of 32 carry the data; 1 is dead**.")


def test_a_prior_without_components_is_said_to_be_one():
    assert "a flow without components" in openings.without_components(flow=True)
    assert "a single Gaussian" in openings.without_components(flow=False)


def test_active_units_are_said_of_each_prior():
    said = openings.active_units({"SG": "13 of 40", "MoG": "24 of 40"})
    assert said.endswith("**active are 13 of 40 under SG and 24 of 40 under MoG**.")
    assert "both units are, under every prior" in openings.active_units({"SG": "2 of 2"}, few=2)
    assert "the only unit is, under every prior" in openings.active_units({"SG": "1 of 1"}, few=1)


@pytest.mark.parametrize(("experiment", "prior"), [("tiny-2d", "sg"), ("tiny-5d", "vamp-weighted")])
def test_the_share_inside_is_that_of_the_samples_above_the_level(models, experiment, prior):
    import torch

    from app.services import densities
    from app.services.latent_plane import encoding
    from tests.app.reading import ref_of
    from vampcore.metrics import log_density

    ref = ref_of(experiment, prior)
    placed = encoding.points(ref)
    if prior == "sg":
        # Of a standard normal the region that holds a share p is a disc of squared radius -2 log(1 - p).
        expected = float((np.square(placed).sum(1) <= -2 * np.log(0.01)).mean())
        assert densities.share_inside(ref) == pytest.approx(expected, abs=0.01)
    else:
        level = densities.prior_density(ref, densities.window((ref,))).levels.min()
        inside = log_density(densities.prior_seen(ref), torch.tensor(placed)).detach().numpy() >= level
        assert densities.share_inside(ref) == pytest.approx(inside.mean(), abs=1e-6)
        assert 0.05 < densities.share_inside(ref) < 1
