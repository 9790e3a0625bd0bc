"""An edited prior that is saved from its page, and every page with it in view."""

import dataclasses

import pytest
import torch

from app.services import edits, per_image, priors, saved_edits, verdict
from app.services.loading import loaded
from app.widgets import differences, numbers
from tests.app.reading import as_shown, metric, open_page, ref_of, words
from tests.app.services.test_saved_edits import working
from tests.pages import OF_A_MODEL
from tests.small_runs import digits
from vampcore.checkpoints import load, save
from vampcore.checkpoints.measuring import measured_again
from vampcore.metrics import scores
from vampcore.metrics.metric import Metric

assert working  # a fixture

STEPS = (edits.remove([0, 2]), edits.copy([1]))


def edit_link(ref):
    return f"{ref.sha256[:6]}~{edits.words(STEPS)}"


def test_it_is_saved_under_a_name_and_every_page_opens_with_it(working):
    ref = ref_of("tiny-2d", "vamp")
    at = open_page("edit_prior", experiment="tiny-2d", prior="vamp", edit=edit_link(ref))
    at.button(key="edit_save").click().run()
    assert not at.error
    assert [as_shown(each.value) for each in at.success] == ["Saved as tiny-2d/vamp-edited."]
    assert [each.value for each in at.code] == [f"python -m vampcore evaluate {working}/tiny-2d/vamp-edited --save"]
    at.text_input[0].set_value("vamp").run()
    at.button(key="edit_save").click().run()
    assert ["the name of a prior that is trained" in each.value for each in at.error] == [True]
    for page in OF_A_MODEL:
        at = open_page(page, experiment="tiny-2d", prior="vamp-edited")
        said = words(at)
        assert "vamp-edited: the prior of tiny-2d/vamp, edited: removed components 0, 2; duplicated" in said, page
        assert "5 components, prior edited, trained for 3 epochs" in said, page
        assert "trained the same way, and one edited." in said or page != "overview"
        assert "learned itself or an edit added" in said or page != "pseudo_inputs"
        assert "VampPrior, edited (vamp-edited)" in said or page != "overview"
        assert "learned weights" not in said, page
        assert "nan" not in said.lower().split(), page


def test_log_p_is_measured_on_the_page_where_that_is_quick(working, monkeypatch):
    monkeypatch.setattr(scores, "can_integrate", lambda model, x: False)
    monkeypatch.setattr(saved_edits, "SAMPLES", 4)
    monkeypatch.setattr(saved_edits, "seconds_to_measure", lambda ref: 60.1)
    at = open_page("edit_prior", experiment="tiny-2d", prior="vamp", edit=edit_link(ref_of("tiny-2d", "vamp")))
    at.button(key="edit_save").click().run()
    assert "edit_score" not in [each.key for each in at.button]
    monkeypatch.setattr(saved_edits, "seconds_to_measure", lambda ref: 60.0)
    at.run()
    before = load(working / "tiny-2d" / "vamp-edited")
    again = measured_again(before, digits(), 4)
    at.button(key="edit_score").click().run()
    assert not at.exception
    assert not at.error
    found = load(working / "tiny-2d" / "vamp-edited")
    score = found.metric("log_likelihood")
    assert score == again.get("log_likelihood")
    torch.testing.assert_close(found.per_image.log_likelihood, again.log_likelihood)
    assert (found.sha256, found.edit) == (before.sha256, before.edit)
    assert metric(at, numbers.label("log_likelihood")) == numbers.format_value(score.value, score.se)
    assert "edit_score" not in [each.key for each in at.button]


def test_nothing_is_offered_without_an_edit_or_where_the_server_does_not_save(working, monkeypatch):
    ref = ref_of("tiny-2d", "mog")
    assert "edit_save" not in [each.key for each in open_page("edit_prior", prior="mog").button]
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "off")
    at = open_page("edit_prior", experiment="tiny-2d", prior="mog", edit=edit_link(ref))
    assert "edit_save" not in [each.key for each in at.button]
    assert "Saving an edited prior is off on this server" in words(at)


def scored(folder, target):
    """The checkpoint as if log p(x) of each image were measured: its ELBO and a nat."""
    found = load(folder)
    per_image = dataclasses.replace(found.per_image, log_likelihood=found.per_image.elbo + 1)
    score = Metric("log_likelihood", 0.0, "nats/image", 2.0, n=300, estimator="quadrature")
    save(dataclasses.replace(found, per_image=per_image, metrics=(score, *found.metrics)), target)


@pytest.fixture
def evaluated(working, models, tmp_path, monkeypatch):
    """Like the small models, all trained ones with log p(x)."""
    import functools

    from vampcore import zoo

    for prior in ("sg", "vamp"):
        scored(models / "tiny-2d" / prior, tmp_path / "scored" / "tiny-2d" / prior)
    entries = getattr(zoo.entries, "func", zoo.entries)
    monkeypatch.setattr(zoo, "entries", functools.partial(entries, (tmp_path / "scored", working)))


def test_without_log_p_it_is_left_out_of_the_verdict_until_it_is_measured(evaluated, working):
    ref = ref_of("tiny-2d", "vamp")
    found = saved_edits.save(ref, STEPS, "mine")
    refs = (ref_of("tiny-2d", "sg"), ref, found)
    judged = verdict.verdict(refs)
    assert (judged.score, judged.refs, judged.left_out) == ("log_likelihood", refs[:2], refs[2:])
    at = open_page("overview", experiment="tiny-2d")
    assert "Left out until log p(x) is measured: Vamp, edited (mine)." in words(at)
    # Nor is it among what compares log p(x) image by image, nor its ELBO on the axis of their log p(x).
    each = per_image.stored_scores(refs)
    assert (each.name, each.refs, each.waiting) == ("log p(x)", refs[:2], refs[2:])
    assert per_image.stored_scores(refs[1:]).name == "one-sample ELBO", "beside one prior alone it is compared"
    assert list(differences.stored_differences(refs, refs[0])) == [refs[1]]
    assert {each.name for each in differences.stored_differences(refs, found).values()} == {"elbo_difference"}
    waits = "Left out: Vamp, edited (mine), since log p(x) is not measured. To measure it: "
    waits += f"`{saved_edits.command(found)}`"
    for page, place in (("likelihood", "log p(x) as it is stored"), ("compare", "differences in log p(x), in nats")):
        said = words(open_page(page, experiment="tiny-2d"))
        assert place in said
        assert said.count(waits) == 1
    scored(working / "tiny-2d" / "mine", working / "tiny-2d" / "mine")
    measured = verdict.verdict((*refs[:2], ref_of_anew("mine")))
    assert (len(measured.refs), measured.left_out) == (3, ())
    assert measured.over_base(measured.refs[2]).value == pytest.approx(
        float((loaded(found).checkpoint.per_image.elbo - loaded(refs[0]).checkpoint.per_image.elbo).double().mean()),
        abs=1e-4,
    )
    assert metric(open_page("overview", experiment="tiny-2d"), "Log-likelihood ↑")
    assert priors.prior_subject(found.kind, found.edited) == "the edited VampPrior"


def ref_of_anew(prior):
    from tests.app.conftest import clear_caches

    clear_caches()
    return ref_of("tiny-2d", prior)
