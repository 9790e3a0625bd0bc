"""A checkpoint with an edited prior: it opens as the mixture that was saved, and says where it comes from."""

import contextlib
import dataclasses
import json
import math
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from tests.checkpoints.refusing import refused
from tests.small_runs import digits, seal
from vampcore import DiagNormal, DiagNormalMixture, zoo
from vampcore.checkpoints import Checkpoint, CheckpointError, editing, load, save
from vampcore.checkpoints.edit import Edit
from vampcore.checkpoints.edit_file import EDIT
from vampcore.checkpoints.editing import edited, save_new
from vampcore.checkpoints.manifest import CARD
from vampcore.checkpoints.measuring import measured_again, observed
from vampcore.checkpoints.trainings import with_trainings
from vampcore.commands import main
from vampcore.kinds import PRIORS

HASH = "0123456789abcdef" * 4
STEPS = ("removed component 1", "added a component at test image 5 with a weight of 20 %")
# Of four components and one that is added; the second was removed.
WEIGHTS = torch.tensor([0.1, 0.0, 0.4, 0.3, 0.2])


def mixture_and_images(checkpoint: Checkpoint, x: torch.Tensor) -> tuple[DiagNormalMixture, torch.Tensor | None]:
    """The prior's own components and one at a test image, and their pseudo-inputs where there are any."""
    model = checkpoint.model
    with torch.no_grad():
        own, added = model.prior(model.encoder).components, model.encoder(x[5:6])
        images = model.prior.images()
        parts = DiagNormal(torch.cat([own.mean, added.mean]), torch.cat([own.logvar, added.logvar]))
        return DiagNormalMixture(parts, WEIGHTS.log()), None if images is None else torch.cat([images, x[5:6]])


@pytest.fixture(scope="module")
def saved(family, tmp_path_factory) -> dict[str, tuple[DiagNormalMixture, Path]]:
    """The edited mixture of each prior, and where its checkpoint is."""
    root, found = tmp_path_factory.mktemp("edited"), {}
    for prior in ("mog", "vamp", "vamp-data"):
        checkpoint = load(family / "small" / prior)
        x = observed(checkpoint, digits().test)
        mixture, images = mixture_and_images(checkpoint, x)
        edit = Edit("small", prior, checkpoint.sha256, STEPS)
        folder = root / "small" / f"{prior}-edited"
        save_new(edited(checkpoint, mixture, edit, x, images), folder)
        found[prior] = mixture, folder
    return found


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    """One of them, to be damaged."""
    return shutil.copytree(saved["vamp"][1], tmp_path / "small" / "vamp-edited")


@pytest.mark.parametrize(("prior", "kind"), [("mog", "mog"), ("vamp", "vamp-weighted"), ("vamp-data", "mog")])
def test_it_opens_as_the_mixture_that_was_saved(family, saved, generator, prior, kind):
    mixture, folder = saved[prior]
    before, found = load(family / "small" / prior), load(folder)
    assert found.checked
    assert found.info.edited
    assert (found.config.prior, found.config.components) == (kind, 4)
    reopened = found.model.prior(found.model.encoder)
    assert reopened.log_weights.exp().sum().item() == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(reopened.log_weights.exp(), WEIGHTS[WEIGHTS > 0])
    places = torch.cat([3 * torch.randn(200, 2, generator=generator), mixture.sample((200,), generator)])
    torch.testing.assert_close(reopened.log_prob(places), mixture.log_prob(places), atol=1e-5, rtol=1e-5)
    one, other = (torch.Generator().manual_seed(3) for _ in range(2))
    torch.testing.assert_close(reopened.sample((50,), one), mixture.sample((50,), other), atol=1e-5, rtol=1e-5)
    for part in ("encoder", "decoder"):
        mine, theirs = (getattr(each.model, part).state_dict() for each in (found, before))
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    torch.testing.assert_close(found.latents.layers[0].mean, before.latents.layers[0].mean, atol=0, rtol=0)


def test_components_that_are_not_encodings_of_the_images_become_a_mixture_of_gaussians(family):
    checkpoint = load(family / "small" / "vamp")
    x = observed(checkpoint, digits().test)
    mixture, images = mixture_and_images(checkpoint, x)
    found = edited(checkpoint, mixture, Edit("small", "vamp", HASH, STEPS), x, images.flip(0))
    assert found.config.prior == "mog"
    z = mixture.sample((50,), torch.Generator().manual_seed(0))
    torch.testing.assert_close(found.model.prior(found.model.encoder).log_prob(z), mixture.log_prob(z))


def test_a_prior_that_can_be_any_mixture_is_saved_as_itself_and_without_one_nothing_is(family, monkeypatch):
    checkpoint = load(family / "small" / "mog")
    x = observed(checkpoint, digits().test)
    mixture, _ = mixture_and_images(checkpoint, x)
    edit = Edit("small", "mog", HASH, STEPS)
    monkeypatch.setitem(PRIORS, "mine", dataclasses.replace(PRIORS["mog"], key="mine"))
    mine = dataclasses.replace(checkpoint, config=dataclasses.replace(checkpoint.config, prior="mine"))
    assert edited(mine, mixture, edit, x).config.prior == "mine"
    for key in ("mine", "mog"):
        monkeypatch.setitem(PRIORS, key, dataclasses.replace(PRIORS[key], of_components=None))
    with pytest.raises(CheckpointError, match="this edit cannot be saved: no prior that is installed can be"):
        edited(mine, mixture, edit, x)


def test_it_is_measured_again_and_keeps_nothing_of_the_trained_prior(family, saved):
    before, found = load(family / "small" / "vamp"), load(saved["vamp"][1])
    again = measured_again(found, digits(), 0)
    assert [(m.name, m.value) for m in again.metrics] == [(m.name, m.value) for m in found.metrics]
    torch.testing.assert_close(again.elbo, found.per_image.elbo)
    assert (found.per_image.elbo - before.per_image.elbo).abs().max() > 0.01
    assert found.metric("log_likelihood") is None
    assert found.history == found.snapshots == found.trainings == ()
    assert found.film is None
    assert found.progress == before.progress
    assert found.identity.evaluated == before.identity.evaluated


def test_it_says_where_it_comes_from(family, saved):
    edit = load(saved["vamp"][1]).edit
    assert edit.source == "small/vamp"
    assert edit.sha256 == load(family / "small" / "vamp").sha256
    assert edit.steps == STEPS
    card = (saved["vamp"][1] / CARD).read_text()
    assert f"that of `small/vamp` (sha256 {edit.sha256})\nafter these edits: {'; '.join(STEPS)}." in card
    assert "evaluate FOLDER --save" in card
    assert "train --like" not in card


def test_it_is_listed_and_saved_again_it_is_the_same(saved, tmp_path):
    folder = saved["mog"][1]
    listed = {entry.prior: entry for entry in zoo.entries((folder.parent.parent,))}
    assert listed["mog-edited"].info.edited
    assert listed["mog-edited"].info.components == 4
    save(load(folder), tmp_path / "again")
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_one_that_is_there_is_not_replaced(folder):
    before = (folder / "weights.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="is there already: choose another name"):
        save_new(load(folder), folder)
    assert (folder / "weights.safetensors").read_bytes() == before


def test_of_two_threads_that_save_at_once_one_is_refused(folder, tmp_path, monkeypatch):
    """The lock of a run is its process's."""
    found, both = load(folder), threading.Barrier(2)

    def late(checkpoint: Checkpoint, target: Path) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.2)
        save(checkpoint, target)

    monkeypatch.setattr(editing, "save", late)
    with ThreadPoolExecutor(2) as savers:
        saving = [savers.submit(save_new, found, tmp_path / "small" / "new") for _ in range(2)]
    refusals = [str(each.exception()) for each in saving if each.exception() is not None]
    assert [said.partition("new ")[2] for said in refusals] == ["is there already: choose another name"]
    assert load(tmp_path / "small" / "new").sha256 == found.sha256


def test_of_an_interrupted_write_nothing_is_listed(folder, tmp_path, monkeypatch):
    found, write = load(folder), Path.write_bytes

    def interrupted(path: Path, content: bytes) -> int:
        if path.name == EDIT:
            raise KeyboardInterrupt
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_new(found, tmp_path / "root" / "small" / "new")
    assert zoo.entries((tmp_path / "root",)) == []
    assert not (tmp_path / "root" / "small" / "new").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": []}, "an edit has 1 to 100 steps"),
        ({"steps": ["removed component 1"] * 101}, "an edit has 1 to 100 steps"),
        ({"steps": "removed"}, "is no text"),
        ({"steps": [1]}, "is no text"),
        ({"steps": ["a\nb"]}, "no line of 1 to 255 letters"),
        ({"steps": ["a" * 256]}, "no line of 1 to 255 letters"),
        ({"experiment": ""}, "no line of 1 to 255 letters"),
        ({"prior": None}, "is no text"),
        ({"sha256": HASH.upper()}, "its sha256 is none"),
        ({"more": 1}, "it must hold exactly experiment, format, prior, sha256, steps"),
    ],
)
def test_what_is_no_edit_is_refused(folder, change, said):
    fields = json.loads((folder / EDIT).read_text()) | change
    (folder / EDIT).write_text(json.dumps(fields))
    seal(folder)
    refused(folder, EDIT, said)


def test_a_changed_missing_or_added_edit_is_refused(folder, family, tmp_path):
    content = (folder / EDIT).read_bytes()
    (folder / EDIT).write_bytes(content.replace(b"component 1", b"component 2"))
    refused(folder, EDIT, "has changed since it was saved")
    (folder / EDIT).unlink()
    refused(folder, EDIT, "cannot be read")
    trained = shutil.copytree(family / "small" / "sg", tmp_path / "sg")
    (trained / EDIT).write_bytes(content)
    refused(trained, EDIT, "is not in manifest.json")


def test_a_history_beside_an_edit_is_refused(folder, family):
    shutil.copy(family / "small" / "vamp" / "history.csv", folder)
    seal(folder)
    refused(folder, "history.csv", "it does not hold epochs 1 to 0")


def test_it_is_no_training(folder, family):
    with pytest.raises(CheckpointError, match="was edited, so that it is no training: move it away"):
        with_trainings(load(family / "small" / "vamp"), [load(folder)])


def test_beside_posteriors_that_are_flows_nothing_is_saved(family):
    checkpoint = load(family / "small" / "sg")
    flows = dataclasses.replace(checkpoint, config=dataclasses.replace(checkpoint.config, posterior="nf"))
    two = DiagNormalMixture(DiagNormal(torch.zeros(2, 2), torch.zeros(2, 2)), torch.tensor([0.0, -math.inf]))
    with pytest.raises(CheckpointError, match="this edit cannot be saved: prior is 'mog' and posterior is 'nf'"):
        edited(flows, two, Edit("small", "sg", HASH, STEPS), torch.zeros(2, 1, 8, 8))


def test_it_is_evaluated_by_the_command_line_and_stays_an_edit(folder, capsys):
    before = load(folder)
    assert main(["evaluate", str(folder), "--samples=4", "--save"]) == 0
    assert "log_likelihood" in capsys.readouterr().out
    after = load(folder)
    assert after.edit == before.edit
    assert after.metric("log_likelihood") is not None
    torch.testing.assert_close(after.model.prior.state_dict(), before.model.prior.state_dict(), atol=0, rtol=0)
    assert "evaluate FOLDER" not in (folder / CARD).read_text()
