"""Scores of single images as charts."""

import numpy as np
import pytest

from app.figures.export import alt_text
from app.figures.image_scores import BINS, ScoresOfPrior, against, bin_edges, distributions, outside
from app.figures.theme import LIGHT, prior_colour


def test_all_priors_share_their_bins_and_each_share_is_of_its_own_images():
    one = ScoresOfPrior("SG", "sg", np.linspace(-100, 0, 1001))
    other = ScoresOfPrior("Vamp", "vamp", np.append(np.full(500, -50.0), np.nan))
    figure = distributions(LIGHT, [one, other], quantity="ELBO (nats)").checked()
    first, second = figure.data
    assert first.x.tolist() == second.x.tolist()
    assert second.y.sum() == pytest.approx(100)
    assert (second.y > 0).sum() == 1
    edges = bin_edges(np.concatenate([one.values, other.values]))
    assert len(edges) == BINS + 1
    # All but those that the axis leaves out, and the last edge twice.
    inside = 100 * (1001 - outside(one.values, edges)) / 1001
    assert first.y[:BINS].sum() == pytest.approx(inside, abs=1e-3)
    assert outside(one.values, edges) == int((one.values < edges[0]).sum()) > 0
    assert (first.line.color, first.line.dash) != (second.line.color, second.line.dash)
    assert "SG: median -50.0" in alt_text(figure)
    with pytest.raises(ValueError, match="at least one prior"):
        distributions(LIGHT, [], quantity="ELBO (nats)")
    with pytest.raises(ValueError, match="no image has a score"):
        bin_edges(np.full(2, np.nan))


def test_a_dot_has_the_colour_of_the_prior_that_explains_its_image_better():
    one = ScoresOfPrior("SG", "sg", np.array([-10.0, -20.0, -30.0]))
    other = ScoresOfPrior("Vamp", "vamp", np.array([-11.0, -18.0, -29.0]))
    figure = against(LIGHT, one, other, np.array([0, 2]), quantity="ELBO (nats)").checked()
    dots = figure.data[0]
    assert dots.x.tolist() == [-10, -30]
    assert dots.customdata[:, 0].tolist() == [0, 2]
    assert dots.customdata[:, 1].tolist() == [-1, 1]
    assert list(dots.marker.color) == [prior_colour("sg"), prior_colour("vamp")]
    assert "1 score higher under Vamp" in alt_text(figure)
    with pytest.raises(ValueError, match="no image has both"):
        against(LIGHT, one, other, np.array([], int), quantity="ELBO (nats)")
