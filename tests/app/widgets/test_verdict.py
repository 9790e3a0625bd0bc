"""The verdict's sentence, whoever wins: one to four priors, ties, what is undecided, several trainings."""

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pytest

from app.services.verdict import Judged
from app.widgets import numbers
from app.widgets import verdict as words
from tests.app.reading import as_shown
from vampcore.metrics import Metric
from vampcore.results.verdict import Contender, judge

ORDER = ("sg", "mog", "vamp", "vamp-data", "realnvp")


@pytest.fixture
def judged(monkeypatch):
    """A verdict of priors whose scores lie so far above zero, on 1,000 images that differ by `spread`."""

    def made(spread: float = 1.0, **levels: float | tuple[float, ...]) -> Judged:
        refs = tuple(
            SimpleNamespace(prior=name, kind=name, edited=False) for name in (key.replace("_", "-") for key in levels)
        )
        # Waves that are orthogonal, of variance 1: every difference has a standard error of sqrt(2 / 999).
        turns = 2 * np.pi * np.outer(np.arange(1, len(refs) + 1), np.arange(1000)) / 1000
        noise = spread * np.sqrt(2) * np.cos(turns)
        contenders = [
            Contender(ref.prior, {seed: level + each for seed, level in enumerate(np.atleast_1d(levels[key]))})
            for ref, key, each in zip(refs, levels, noise, strict=True)
        ]
        metric = Metric("log_likelihood", -90.0, "nats/image", 0.4, 1000, estimator="quadrature")
        base = next((ref.prior for ref in refs if ref.prior in ("sg", "realnvp")), refs[0].prior)
        return Judged(judge(contenders, base, 0.5), refs, (), "log_likelihood", metric)

    def facts(ref):
        several = ref.prior not in ("sg", "realnvp")
        return SimpleNamespace(prior=ref.prior, has=SimpleNamespace(several_components=several))

    monkeypatch.setattr(words.judging, "facts", facts)
    monkeypatch.setattr(words, "short_name", lambda ref: ref.prior)
    return made


BOTH = "Both mixtures explain test images better than the standard normal, by "


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        ({"sg": 0}, "The standard normal is the only prior here, so there is nothing to compare it with."),
        (
            {"sg": 0, "vamp": 2},
            "The VampPrior explains test images better than the standard normal, by 2.00 ± 0.04 nats an image.",
        ),
        (
            {"sg": 0, "mog": 2, "vamp": 2.05},
            BOTH + "2.00 ± 0.04 and 2.05 ± 0.04 nats an image; between them it is a tie.",
        ),
        (
            {"sg": 0, "mog": 2, "vamp": 3},
            BOTH + "2.00 ± 0.04 and 3.00 ± 0.04 nats an image; of the two, the VampPrior is better, by 1.00 ± 0.04.",
        ),
        (
            {"sg": 2, "mog": 0, "vamp": 0.1},
            "The standard normal explains test images better than both mixtures, by 2.00 ± 0.04 and 1.90 ± 0.04 nats "
            "an image.",
        ),
        (
            {"sg": 0, "mog": 2, "vamp": -2},
            "The mixture of Gaussians explains test images better than the standard normal, by 2.00 ± 0.04 nats an "
            "image; the VampPrior explains them worse than it, by 2.00 ± 0.04 nats an image.",
        ),
        (
            {"sg": 0, "mog": 0.01, "vamp": 2},
            "The VampPrior explains test images better than the standard normal, by 2.00 ± 0.04 nats an image; the "
            "mixture of Gaussians and the standard normal are a tie (+0.01 ± 0.04).",
        ),
        (
            {"sg": 0, "mog": 0.01, "vamp": -0.01},
            "The standard normal, the mixture of Gaussians and the VampPrior explain test images equally well, to "
            "within 0.5 nats an image.",
        ),
        (
            {"sg": 0, "mog": 2, "vamp": 3, "vamp_data": 2.5},
            "All three mixtures explain test images better than the standard normal, by 2.00 ± 0.04, 3.00 ± 0.04 and "
            "2.50 ± 0.04 nats an image; the best is the VampPrior, 0.50 ± 0.04 ahead of the VampPrior on training "
            "images.",
        ),
        (
            {"sg": 0, "mog": 2, "vamp": 2.01, "vamp_data": 2.02},
            "All three mixtures explain test images better than the standard normal, by 2.00 ± 0.04, 2.01 ± 0.04 and "
            "2.02 ± 0.04 nats an image; among them it is a tie.",
        ),
        (
            {"sg": 0, "mog": 2, "realnvp": 2.3},
            "Both other priors explain test images better than the standard normal, by 2.00 ± 0.04 and 2.30 ± 0.04 "
            "nats an image; of the two, the flow prior is better, by 0.30 ± 0.04.",
        ),
        (
            {"mog": 0, "vamp": 1},
            "The VampPrior explains test images better than the mixture of Gaussians, by 1.00 ± 0.04 nats an image.",
        ),
    ],
)
def test_the_sentence_says_who_is_better_and_by_how_much(judged, levels, sentence):
    assert as_shown(words.headline(judged(**levels))) == sentence


def test_the_amounts_of_a_list_have_equally_many_decimals(judged):
    said = as_shown(words.headline(judged(sg=(0, 0, 0), mog=(2.5, 1.6, 1.9), vamp=(2.0, 2.2, 2.1))))
    assert re.search(r"by 2\.00 ± 0\.\d\d and 2\.10 ± 0\.\d\d nats an image", said), said


def test_what_is_undecided_is_called_so(judged):
    found = judged(spread=20, sg=0, mog=0.9, vamp=-0.8)
    assert {found.over_base(ref).outcome for ref in found.refs[1:]} == {"undecided"}
    said = as_shown(words.headline(found))
    assert said.startswith("It is undecided whether both mixtures explain test images better than the standard normal:")
    assert said.count("±") == 2


def test_of_two_winners_the_better_may_be_undecided(judged):
    found = judged(spread=10, sg=0, mog=6, vamp=6.6)
    assert "; which of the two is better is undecided (+0.6 ± " in as_shown(words.headline(found))


def test_one_training_is_called_one_training(judged):
    said = as_shown(words.details(judged(sg=0, mog=2, vamp=2.05)))
    assert said.startswith("By log p(x), exact (quadrature), of each of 1,000 test images; ± one standard error. ")
    assert "One training of each prior." in said
    scores = np.sqrt(2) * np.cos(2 * np.pi * np.outer([1, 2, 3], np.arange(1000)) / 1000)
    mog, vamp = (f"{(level + each > scores[0]).mean():.0%}" for level, each in zip((2, 2.05), scores[1:], strict=True))
    shares = f"Share of them explained better: mog {mog} and vamp {vamp}."
    assert shares in said.replace(numbers.NO_BREAK, "").replace(" %", "%")


def test_several_trainings_are_counted(judged):
    found = judged(sg=(0, 0, 0), mog=(2.0, 2.1, 1.9), vamp=(1.0, -0.1, 0.8))
    said = as_shown(words.details(found))
    assert "for mog in 3 of 3 trainings and vamp in 2 of 3 trainings; the pictures below are of one." in said
    assert "One training" not in said
    assert "mean over 3 trainings; ± one standard error over images and trainings. " in said
    alike = judged(sg=(0, 0, 0), mog=(2.0, 2.1, 1.9), vamp=(1.0, 0.9, 0.8))
    assert "Each difference from sg has this sign in 3 of 3 trainings; the pictures below are of one." in as_shown(
        words.details(alike)
    )


def test_a_verdict_says_over_how_many_trainings_it_is_the_mean_also_beside_an_edited_prior(judged):
    assert words.clause_over_trainings(judged(sg=0, mog=2)) == words.clause(judged(sg=0, mog=2))
    found = judged(sg=(0, 0, 0), vamp_data=1.0, mog=(2.0, 2.1, 1.9))
    mean = "mean over 3 trainings, of an edited prior one; \u00b1 "
    assert f" ({mean}is over images and trainings)" in as_shown(words.clause_over_trainings(found))
    assert f"test images, {mean}one standard error over images and trainings. " in as_shown(words.details(found))
    assert "for vamp-data in 1 of 1 training and mog in 3 of 3 trainings;" in as_shown(words.details(found))


def test_words_in_a_row():
    assert [numbers.listed(list(each)) for each in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]


def test_trainings_that_stopped_at_different_epochs_are_not_judged(judged):
    found = dataclasses.replace(judged(sg=0, mog=2, vamp=-3), epochs=((4, 120), (4, 120), (3, 120)))
    sentence = "The trainings stopped after 4, 4 and 3 epochs, so the priors cannot be compared yet."
    assert as_shown(words.headline(found)) == sentence
    assert as_shown(words.details(found)) == "Unfinished: sg 4 of 120, mog 4 of 120 and vamp 3 of 120 epochs."
    assert not words.charted(found)


def test_trainings_that_stopped_at_one_epoch_are_judged_and_called_unfinished(judged):
    found = dataclasses.replace(judged(sg=0, vamp=2), epochs=((4, 120), (4, 120)))
    assert "The VampPrior explains test images better" in as_shown(words.headline(found))
    assert as_shown(words.details(found)).endswith(" Unfinished: 4 of 120 epochs.")
    assert words.charted(found)
