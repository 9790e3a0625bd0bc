"""An edited prior saved as a model of its experiment: what kind of prior it becomes, where it lies, what is refused."""

import errno
import functools
import os
import re

import pytest
import torch

from app.services import catalogue, compare, edit_prior, edited, edits, saved_edits
from app.services.edits import Step
from app.services.loading import ServiceError, loaded
from tests.app.reading import ref_of
from vampcore import zoo
from vampcore.checkpoints import editing
from vampcore.checkpoints.edit import MOST_LETTERS
from vampcore.checkpoints.packed import PACKED
from vampcore.metrics import scores

STEPS = (edits.remove([0, 2]), edits.copy([1]), Step("image", number=7, weight=0.125), Step("weight", (3,), weight=0.3))


@pytest.fixture
def working(models, tmp_path, monkeypatch):
    """A working folder whose runs are listed beside the small models, on a server that saves."""
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "local")
    monkeypatch.setattr(zoo, "RUNS", tmp_path / "runs")
    entries = getattr(zoo.entries, "func", zoo.entries)
    monkeypatch.setattr(zoo, "entries", functools.partial(entries, (models, tmp_path / "runs")))
    return tmp_path / "runs"


@pytest.mark.parametrize(("prior", "kind"), [("mog", "mog"), ("vamp", "vamp-weighted"), ("sg", "mog")])
def test_the_model_has_the_edited_mixture_for_its_prior(working, generator, prior, kind):
    ref = ref_of("tiny-2d", prior)
    steps = STEPS if prior != "sg" else (Step("image", number=7, weight=0.125),)
    assert saved_edits.usual_name(ref) == f"{prior}-edited"
    found = saved_edits.save(ref, steps, f"{prior}-edited")
    assert (found.name, found.kind) == (f"tiny-2d/{prior}-edited", kind)
    assert (working / "tiny-2d" / f"{prior}-edited" / "edit.json").exists()
    after = edited.edited(ref, steps)
    z = torch.cat([2 * torch.randn(100, 2, generator=generator), after.mixture.sample((100,), generator)])
    torch.testing.assert_close(loaded(found).mixture.log_prob(z), after.mixture.log_prob(z), atol=1e-5, rtol=1e-5)
    facts = catalogue.facts(found)
    assert facts.alive == len(after.living)
    assert facts.has.pseudo_inputs == (kind == "vamp-weighted")
    assert facts.edit.steps[-1 if prior == "sg" else 2] == "added a component at test image 7 with a weight of 12.5 %"
    assert saved_edits.usual_name(ref) == f"{prior}-edited-2"


def refused_by_the_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a file")


def test_what_cannot_be_saved_is_said_and_leaves_nothing(working, monkeypatch):
    ref, steps = ref_of("tiny-2d", "mog"), STEPS[:1]
    taken = saved_edits.save(ref, steps, "mine")
    before = sorted(working.rglob("*"))
    for name, words in (
        ("mine", "has a model mine already: choose another name"),
        ("vamp", "vamp is the name of a prior that is trained: choose another name"),
        ("VampPrior", "VampPrior is the name of a prior that is trained: choose another name"),
        (PACKED, "test.safetensors is a file of the experiment: choose another name"),
        ("", "1 to 40 letters"),
        ("../up", "1 to 40 letters"),
        (".hidden", "1 to 40 letters"),
        ("a" * 41, "1 to 40 letters"),
    ):
        with pytest.raises(ServiceError, match=re.escape(words)) as refusal:
            saved_edits.save(ref, steps, name)
        assert "\n" not in str(refusal.value)
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "slurm")
    with pytest.raises(ServiceError, match="sets VAMPSCOPE_TRAIN=local"):
        saved_edits.save(ref, steps, "other")
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "local")
    with monkeypatch.context() as patch:
        patch.setenv("VAMPSCOPE_TRAIN_MB", "0.001")
        with pytest.raises(ServiceError, match=r"saved edits together may take 0\.001 MB on disk: delete some"):
            saved_edits.save(ref, steps, "other")
    for module, function in ((saved_edits, "_keep_test_images"), (editing, "save")):
        with monkeypatch.context() as patch:
            patch.setattr(module, function, refused_by_the_disk)
            with pytest.raises(ServiceError) as refusal:
                saved_edits.save(ref, steps, "other")
        words = "could not be written (No space left on device): make room, or let the server write there"
        assert str(refusal.value) == f"{working}/tiny-2d/other {words}"
    assert "other" not in [each.prior for each in zoo.entries()]
    (working / "tiny-2d" / ".other.lock").unlink()
    assert sorted(working.rglob("*")) == before
    assert saved_edits.command(taken).endswith("runs/tiny-2d/mine --save")


def test_what_cannot_be_measured_is_said_and_changes_nothing(working, monkeypatch):
    trained = ref_of("tiny-2d", "mog")
    found = saved_edits.save(trained, STEPS[:1], "mine")
    before = {path: path.read_bytes() for path in (working / "tiny-2d" / "mine").iterdir()}
    with pytest.raises(ServiceError, match="tiny-2d/mog is not measured from a page: python -m vampcore evaluate"):
        saved_edits.measure(trained)
    with saved_edits._ONE_MEASURES, pytest.raises(ServiceError, match="another model is being measured: try again"):
        saved_edits.measure(found)
    monkeypatch.setattr(saved_edits, "SAMPLES", 1)
    monkeypatch.setattr(scores, "can_integrate", lambda model, x: False)
    monkeypatch.setattr(saved_edits, "save_checkpoint", refused_by_the_disk)
    with pytest.raises(ServiceError, match="mine could not be written"):
        saved_edits.measure(found)
    assert {path: path.read_bytes() for path in (working / "tiny-2d" / "mine").iterdir()} == before
    assert catalogue.metric(found, "log_likelihood") is None


def test_the_time_of_a_measurement_grows_with_the_test_set_and_with_the_integral(working, monkeypatch):
    ref = ref_of("tiny-2d", "mog")
    monkeypatch.setattr(compare, "seconds_a_sample", lambda ref: 1e-6)
    assert saved_edits.seconds_to_measure(ref) == pytest.approx(3 * 5000 * 300 * 1e-6)
    monkeypatch.setattr(edit_prior, "is_slow", lambda ref: True)
    assert saved_edits.seconds_to_measure(ref) == pytest.approx(5000 * 300 * 1e-6)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (edits.remove([3]), "removed component 3"),
        (edits.remove([3, 17, 18, 19]), "removed components 3, 17-19"),
        (edits.remove(range(0, 400, 2)), "removed 200 components"),
        (edits.copy([2]), "duplicated component 2"),
        (Step("weight", (4,), weight=0.2), "set the weight of component 4 to 20 %"),
        (Step("drawn", weight=0.05, image=b"\0" * 98), "added a component at a drawn image with a weight of 5 %"),
        (Step("uploaded", weight=0.5, image=b"\0"), "added a component at an uploaded image with a weight of 50 %"),
        (Step("keep", number=8), "kept the 8 most used components"),
        (Step("dead"), "removed all dead components"),
        (Step("learn"), "learned the weights again from test images"),
    ],
)
def test_steps_are_told_in_words(step, words):
    assert edits.said(step) == words
    assert len(words) <= MOST_LETTERS
