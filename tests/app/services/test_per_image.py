"""Who explains which image best, from scores image by image."""

import numpy as np
import pytest

VALUES = np.array([[-1.0, -9.0, -5.0, np.nan, -2.0], [-3.0, -4.0, -6.0, -1.0, -2.5], [-8.0, -5.0, -7.0, -1.0, -2.5]])


@pytest.fixture
def scores():
    from app.services.per_image import PerImage

    return PerImage("ELBO", VALUES)


def test_a_gain_is_the_difference_from_the_mean_of_the_others(scores):
    assert scores.gains[0, 0] == -1.0 - (-3.0 - 8.0) / 2
    assert scores.gains[2, 1] == -5.0 - (-9.0 - 4.0) / 2
    assert np.isnan(scores.gains[:, 3]).all()


def test_the_ends_are_the_extremes_and_leave_out_what_is_not_known(scores):
    best, worst = scores.ends(0, 2)
    assert (best.tolist(), worst.tolist()) == ([0, 2], [1, 4])
    best, worst = scores.ends(0, 50)
    assert not set(best) & set(worst)
    assert 3 not in {*best, *worst}


def test_the_winner_leads_over_the_next(scores):
    assert scores.winner(0) == (0, 2.0)
    assert scores.winner(1) == (1, 1.0)
    assert scores.winner(3) is None


def test_scores_are_those_of_the_checkpoints(refs):
    from app.services.latent_plane.encoding import latents
    from app.services.per_image import per_image

    three = tuple(refs[f"tiny-2d/{prior}"] for prior in ("sg", "mog", "vamp"))
    found = per_image(three)
    assert found is not None
    assert (found.name, found.refs, found.waiting) == ("one-sample ELBO", three, ())
    assert all(np.array_equal(row, latents(ref).elbo) for row, ref in zip(found.values, three, strict=True))
    assert per_image(three[:1]) is None
