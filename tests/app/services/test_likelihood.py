"""The easiest images and the hardest, and which images a chart of two priors has."""

import numpy as np

from app.services import likelihood


def test_extremes_are_the_ends_without_what_is_not_known():
    values = np.array([-3.0, np.nan, -1.0, -9.0, -2.0])
    found = likelihood.extremes(values, 2)
    assert (found.highest.tolist(), found.lowest.tolist()) == ([2, 4], [3, 0])
    many = likelihood.extremes(values, 50)
    assert not set(many.highest) & set(many.lowest)
    assert not len(likelihood.extremes(np.full(3, np.nan), 2).lowest)


def test_a_chart_has_the_images_that_both_priors_scored():
    one, other = np.array([-1.0, np.nan, -3.0, -4.0]), np.array([-1.0, -2.0, -3.5, np.nan])
    rows = likelihood.scattered(one, other)
    assert rows.tolist() == [0, 2]
    assert likelihood.nearest_image(one, other, rows, -2.9, -3.2) == 2
    many = likelihood.scattered(np.arange(5000.0), np.arange(5000.0))
    assert len(many) == len(set(many.tolist())) == likelihood.MOST_POINTS
    assert (many[0], many[-1]) == (0, 4999)


def test_only_checkpoints_of_the_same_images_stand_side_by_side(refs):
    three = tuple(refs[f"tiny-2d/{prior}"] for prior in ("sg", "mog", "vamp"))
    assert likelihood.tested_alike(three, three[1]) == three
