"""The verdict on priors, against values worked out by hand and quantiles of scipy.stats."""

import math

import numpy as np
import pytest
from scipy import stats

from vampcore.results.verdict import Contender, compare, judge, tie_margin, with_common_seeds


def scores(*trainings) -> dict[int, np.ndarray]:
    """Trainings with the seeds 1, 2, ..."""
    return {seed: np.array(each, float) for seed, each in enumerate(trainings, 1)}


ZERO = scores([0, 0, 0, 0])


def test_one_training_has_the_error_over_images_alone():
    found = compare(scores([1, 2, 3, 2]), ZERO, 0.5)
    # Deviations -1, 0, 1, 0: the variance is 2 / 3, that of the mean a quarter of it.
    assert found.value == 2
    assert found.se == pytest.approx(math.sqrt(2 / 3 / 4))
    assert found.df == 3
    reach = stats.t.ppf(0.975, 3) * found.se
    assert (found.low, found.high) == pytest.approx((2 - reach, 2 + reach))
    assert (found.images, found.trainings, found.agreeing, found.share) == (4, 1, 1, 1.0)
    assert found.outcome == "better"


def test_two_trainings_add_the_spread_of_their_differences():
    found = compare(scores([1, 2, 3, 2], [3, 4, 5, 4]), scores([0] * 4, [0] * 4), 0.5)
    # Over trainings: differences 2 and 4, variance 2, that of the mean 1, with 1 degree of freedom.
    # Over images: averages 2, 3, 4, 3, variance 2 / 3, that of the mean 1 / 6, with 3.
    assert found.value == 3
    assert found.se == pytest.approx(math.sqrt(1 + 1 / 6))
    df = (7 / 6) ** 2 / (1 + (1 / 6) ** 2 / 3)
    assert found.df == pytest.approx(df)
    assert found.high == pytest.approx(3 + stats.t.ppf(0.975, df) * found.se)
    assert (found.trainings, found.agreeing) == (2, 2)
    # Alone, the first training was enough.
    assert found.outcome == "undecided"


def test_trainings_are_paired_by_seed_and_others_left_out():
    one, other = {7: np.array([5.0, 6.0]), 8: np.array([9.0, 9.5])}, {8: np.array([8.0, 8.0]), 9: np.array([0.0, 0.0])}
    found = compare(one, other, 0.5)
    assert (found.value, found.trainings) == (1.25, 1)


def test_without_a_common_seed_the_shipped_trainings_are_compared():
    found = compare({7: np.array([5.0, 6.0])}, {8: np.array([4.0, 4.0]), 9: np.array([0.0, 0.0])}, 0.5)
    assert (found.value, found.trainings) == (1.5, 1)


def test_images_that_one_did_not_score_are_left_out():
    found = compare(scores([1, math.nan, 3, 2]), scores([0, 0, 0, math.nan]), 0.5)
    assert (found.value, found.images) == (2, 2)


@pytest.mark.parametrize(
    ("centre", "margin", "outcome"),
    [(1.0, 0.5, "better"), (-1.0, 0.5, "worse"), (0.01, 0.5, "tie"), (0.01, 0.02, "undecided"), (0.4, 2.0, "better")],
)
def test_the_outcome_follows_the_interval(centre, margin, outcome):
    spread = np.tile([-1.0, 1.0], 500)
    found = compare(scores(centre + spread), scores(np.zeros(1000)), margin)
    assert found.se == pytest.approx(math.sqrt(1 / 999))
    assert found.outcome == outcome


def test_the_sign_turns_with_the_order():
    one, other = scores([1, 2, 4, 2]), scores([2, 1, 1, 1])
    forth, back = compare(one, other, 0.5), compare(other, one, 0.5)
    assert (back.value, back.low, back.high) == pytest.approx((-forth.value, -forth.high, -forth.low))
    assert (forth.share, back.share) == (0.75, 0.25)


def test_trainings_that_disagree_are_counted():
    found = compare(scores([1, 1], [1, 1], [-1, -1]), scores([0, 0], [0, 0], [0, 0]), 0.5)
    assert (found.trainings, found.agreeing) == (3, 2)
    assert found.outcome == "undecided"


def test_a_single_image_decides_nothing():
    found = compare(scores([3]), scores([0]), 0.5)
    assert found.outcome == "undecided"
    assert math.isinf(found.se)


def test_the_same_scores_are_a_tie():
    found = compare(ZERO, ZERO, 0.5)
    assert (found.value, found.se, found.outcome) == (0, 0, "tie")


def test_without_a_common_image_there_is_no_comparison():
    with pytest.raises(ValueError, match="an image that both"):
        compare(scores([1, math.nan]), scores([math.nan, 1]), 0.5)


def test_every_two_are_compared_and_one_alone_with_none():
    found = judge([Contender(key, scores([n, n + 1.0, n])) for n, key in enumerate("abc")], "a", 0.5)
    assert len(found.pairs) == 6
    assert found.others == ("b", "c")
    assert found.over_base("c").value == 2
    assert judge([Contender("a", ZERO)], "a", 0.5).pairs == {}


@pytest.mark.parametrize(("of_the_first", "compared"), [((0,), (0,)), ((0, 2), (0, 2)), ((5, 6), None)])
def test_common_seeds_are_those_that_all_have_or_else_what_ships(of_the_first, compared):
    def trained(key: str, *seeds: int) -> Contender:
        return Contender(key, {seed: np.array([1.0, 2.0, 4.0]) * (seed + 1) for seed in seeds})

    found = with_common_seeds([trained("a", *of_the_first), trained("b", 0, 1, 2), trained("c", 0, 1, 2)])
    assert [tuple(each.scores) for each in found] == ([compared] * 3 if compared else [(5,), (0,), (0,)])
    assert {each.trainings for each in judge(found, "a", 0.5).pairs.values()} == {len(compared or [0])}


def test_grey_images_have_a_wider_margin():
    assert (tie_margin("bernoulli"), tie_margin("binomial"), tie_margin("logistic")) == (0.5, 0.5, 2.0)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Crossed samples: a difference of 0.3, trainings that vary by 0.2 and images by 2."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(2000):
        each = 0.3 + rng.normal(0, 0.2, (3, 1)) + rng.normal(0, 2, (1, 200))
        found = compare(scores(*each), scores(*np.zeros((3, 200))), 0.5)
        held += found.low < 0.3 < found.high
    assert 0.93 < held / 2000 < 0.98
