"""The spread of trainings with other seeds, from what a checkpoint stores of them."""

import math

import pytest

from app.services import catalogue, scores, spread
from app.services.loading import loaded
from app.services.spread import Spread
from vampcore.checkpoints import trainings


def test_mean_and_standard_deviation_are_over_trainings():
    found = Spread({2: 1.0, 0: 3.0, 1: 8.0})
    assert (found.trainings, found.others, found.mean) == (3, (3.0, 8.0), 4.0)
    assert found.sd == pytest.approx(math.sqrt((9 + 1 + 16) / 2))


def test_shipped_trainings_of_digits_are_counted_and_compared(shipped):
    refs = next(each.refs for each in catalogue.experiments() if each.name == "digits-2d")
    sg, mog = (spread.score_spread(ref) for ref in refs[:2])
    known = {each.seed: each for each in trainings(loaded(refs[1]).checkpoint)}
    assert sorted(mog.values) == sorted(known)
    assert len(known) == 3
    for seed, value in mog.values.items():
        assert value == pytest.approx(float(known[seed].log_likelihood.double().mean()))
    assert next(iter(mog.values.values())) == pytest.approx(scores.score(refs[1]).value, abs=1e-4)
    between = spread.difference_spread("log_likelihood", refs[1], refs[0])
    assert between.values == pytest.approx({seed: mog.values[seed] - sg.values[seed] for seed in mog.values})
    assert next(iter(between.values.values())) == pytest.approx(
        scores.stored_difference(refs[1], refs[0]).value, abs=1e-4
    )


def test_one_training_has_no_spread(refs):
    vamp, sg = refs["tiny-2d/vamp"], refs["tiny-2d/sg"]
    assert spread.score_spread(vamp) is None
    assert spread.difference_spread("elbo", vamp, sg) is None
