"""The verdict of stored scores: what is compared, with what, and what is left out."""

import dataclasses

import pytest

from app.services import catalogue, priors, scores
from app.services import verdict as judging
from app.services.loading import loaded
from vampcore.checkpoints import trainings


@pytest.fixture
def family(refs):
    return tuple(ref for name, ref in refs.items() if name.startswith("tiny-2d"))


def test_priors_are_held_against_the_single_component_by_their_elbo(models, family):
    found = judging.verdict(family)
    assert (found.base.prior, found.score, found.left_out) == ("sg", "elbo", ())
    for ref in family[1:]:
        stored = scores.stored_difference(ref, family[0])
        assert found.over_base(ref).value == pytest.approx(stored.value)
        assert found.over_base(ref).se == pytest.approx(stored.se)
        assert found.over_base(ref).trainings == 1
    assert found.between(family[2], family[1]).value == pytest.approx(
        found.over_base(family[2]).value - found.over_base(family[1]).value
    )


def test_shipped_log_likelihoods_are_compared(shipped):
    refs = next(each.refs for each in catalogue.experiments() if each.name == "digits-2d")
    found = judging.verdict(refs)
    assert found.score == "log_likelihood"
    assert found.metric.estimator == "quadrature"
    assert [found.over_base(ref).outcome for ref in refs[1:]] == ["better", "undecided"]
    mog, sg = (trainings(loaded(ref).checkpoint) for ref in (refs[1], refs[0]))
    each = [one.log_likelihood.double() - other.log_likelihood.double() for one, other in zip(mog, sg, strict=True)]
    assert len(each) == found.over_base(refs[1]).trainings == found.over_base(refs[1]).agreeing == 3
    assert found.over_base(refs[1]).value == pytest.approx(float(sum(each).mean()) / 3)


@pytest.fixture
def changed(monkeypatch):
    """Let checkpoints of one prior, or of all, be loaded with other parts."""

    def change(prior="", **parts):
        known = judging.loaded

        def load(ref):
            model = known(ref)
            if prior not in ("", ref.prior):
                return model
            parts_of = {
                name: dataclasses.replace(getattr(model.checkpoint, name), **values) for name, values in parts.items()
            }
            return dataclasses.replace(model, checkpoint=dataclasses.replace(model.checkpoint, **parts_of))

        for module in ("verdict", "compared"):
            monkeypatch.setattr(f"app.services.{module}.loaded", load)

    return change


def test_a_prior_that_was_tested_on_other_images_is_left_out(family, changed):
    changed("mog", config={"data": "mnist"})
    found = judging.verdict(family)
    assert [ref.prior for ref in found.refs] == ["sg", "vamp"]
    assert [ref.prior for ref in found.left_out] == ["mog"]


def test_trainings_that_were_stopped_say_after_how_many_epochs(family, changed):
    assert judging.verdict(family).epochs == ()
    changed(config={"epochs": 120})
    found = judging.verdict(family[1:])
    assert (found.epochs, found.comparable) == (((3, 120), (3, 120)), True)
    changed("vamp", progress={"epochs": 2})
    found = judging.verdict(family[::-1])
    assert (found.epochs, found.comparable) == (((2, 120), (3, 120), (3, 120)), False)
    changed(progress={"converged": True})
    assert judging.verdict(family[::2]).comparable


def test_a_prior_trained_once_reduces_the_others_to_that_seed_and_an_edited_one_does_not(shipped, monkeypatch):
    refs = next(each.refs for each in catalogue.experiments() if each.name == "digits-2d")
    known = loaded

    def trained_once(edit):
        def load(ref):
            model = known(ref)
            if ref.prior != "vamp":
                return model
            return dataclasses.replace(model, checkpoint=dataclasses.replace(model.checkpoint, trainings=(), edit=edit))

        for module in ("verdict", "compared"):
            monkeypatch.setattr(f"app.services.{module}.loaded", load)

    sg, mog, vamp = refs
    trained_once(None)
    found = judging.verdict((sg, vamp, mog))
    assert (found.over_base(vamp).trainings, found.over_base(mog).trainings) == (1, 1)
    trained_once(object())
    found = judging.verdict((vamp, mog, sg))
    assert (found.over_base(vamp).trainings, found.over_base(mog).trainings) == (1, 3)
    assert found.verdict.keys == ("vamp", "mog", "sg")


def test_one_prior_is_compared_with_none(refs):
    found = judging.verdict((refs["tiny-5d/vamp-weighted"],))
    assert found.base.prior == "vamp-weighted"
    assert found.verdict.others == ()


def test_every_prior_is_named_and_explained():
    from vampcore.kinds import PRIORS

    for key in PRIORS:
        assert priors.prior_subject(key).startswith("the ")
        assert priors.prior_idea(key, 32).endswith(".")
        assert "{" not in priors.prior_idea(key, 32)
    assert priors.prior_idea("vamp", 1500) == "1,500 clouds, each the encoding of a learned image."
    assert (priors.prior_subject("nobody"), priors.prior_idea("nobody", 3)) == ("nobody", "")
