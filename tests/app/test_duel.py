"""Two compared blindly: sides that say nothing, and an interval as published."""

import math

import pytest

from app.duel import PAIRS, Tally, sides, tally


# By the formula of the reference with z = 1.959964, to four digits; 0 and 10 of 10 also in Agresti and Coull, 1998.
@pytest.mark.parametrize(
    ("chosen", "pairs", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (10, 20, 0.2993, 0.7007), (15, 20, 0.5313, 0.8881)],
)
def test_wilson_interval(chosen, pairs, low, high):
    found = Tally(chosen, pairs).interval()
    assert found == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_ends_of_the_interval_are_where_the_score_test_just_rejects():
    z = 1.7
    for share in Tally(13, 40).interval(z):
        assert abs(13 / 40 - share) / math.sqrt(share * (1 - share) / 40) == pytest.approx(z)


@pytest.mark.parametrize(("chosen", "decided"), [(0, True), (5, True), (6, False), (14, False), (15, True), (20, True)])
def test_a_choice_is_decided_where_the_interval_excludes_an_even_one(chosen, decided):
    assert Tally(chosen, 20).decided is decided


def test_sides_are_even_and_follow_from_the_seed():
    drawn = [sides(seed) for seed in range(50)]
    assert all(each.count("left") == each.count("right") == PAIRS // 2 for each in drawn)
    assert len(set(drawn)) == 50
    assert drawn[7] == sides(7)
    for place in range(PAIRS):
        assert 10 < sum(each[place] == "left" for each in drawn) < 40


def test_the_tally_counts_choices_of_the_first_wherever_it_stood():
    assert tally(("left", "right", "left", "right"), ("left", "right", "right", "left")) == Tally(2, 4)
    assert tally(("left",) * 3, ("right",) * 3).share == 0.0
    with pytest.raises(ValueError, match="2 pairs and 1 choices"):
        tally(("left", "right"), ("left",))
    with pytest.raises(ValueError, match="0 pairs"):
        tally((), ())
