"""What is saved is what is loaded, and every stored figure is that of the loaded model."""

import dataclasses
import json
import math
import re
import shutil

import pytest
import torch
from safetensors.torch import load_file

from tests.small_runs import FILES, PRIORS, RUN_FILES, digits, rewrite_json, rewrite_tensors, seal
from vampcore.checkpoints import Checkpoint, CheckpointError, PerImage, Snapshot, load, read_metrics, rounded, save
from vampcore.checkpoints.save import contents
from vampcore.datasets import observe
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics import evaluate
from vampcore.metrics.metric import Metric
from vampcore.models import build


@pytest.fixture
def stored(family) -> Checkpoint:
    return load(family / "small" / "vamp")


@pytest.mark.parametrize("prior", PRIORS)
class TestEveryPrior:
    def test_saved_again_the_bytes_are_the_same(self, prior, family, tmp_path):
        old = family / "small" / prior
        checkpoint = load(old)
        save(checkpoint, tmp_path / "again")
        assert {path.name for path in (tmp_path / "again").iterdir()} == FILES
        for name in FILES:
            assert (tmp_path / "again" / name).read_bytes() == (old / name).read_bytes(), name
        assert load(tmp_path / "again").sha256 == checkpoint.sha256

    def test_figures_are_those_of_the_loaded_model(self, prior, family):
        checkpoint = load(family / "small" / prior)
        test = digits().test
        x = observe(test.images, test.levels, "binomial")
        again = evaluate(checkpoint.model, x, 0, 0, levels=checkpoint.observation.levels)
        assert again.metrics == checkpoint.metrics
        assert torch.equal(again.elbo, checkpoint.per_image.elbo)
        q = checkpoint.model.encoder(x)
        assert torch.equal(q.mean.half(), checkpoint.latents.layers[0].mean.half())
        assert torch.equal(q.scale.half(), checkpoint.latents.layers[0].scale.half())
        assert torch.equal(checkpoint.latents.labels, test.labels)
        assert checkpoint.latents.ids.tolist() == list(range(300))

    def test_weights_are_float16_and_final(self, prior, family):
        checkpoint = load(family / "small" / prior)
        model = checkpoint.model
        assert not model.training
        assert not any(parameter.requires_grad for parameter in model.parameters())
        for name, value in load_file(family / "small" / prior / "weights.safetensors").items():
            assert torch.equal(value.to(model.state_dict()[name].dtype), model.state_dict()[name]), name
            assert value.dtype in (torch.float16, torch.int32, torch.int64, torch.uint8)

    def test_no_file_can_run_code(self, prior, family):
        folder = family / "small" / prior
        assert {path.name for path in folder.iterdir()} == FILES | RUN_FILES
        for path in folder.glob("*.safetensors"):
            assert path.read_bytes()[8:9] == b"{"  # the JSON header after its length
        for path in folder.glob("*.json"):
            json.loads(path.read_text())
        assert {path.suffix for path in folder.iterdir()} == {".json", ".csv", ".md", ".safetensors", ".bin"}


def test_snapshots_history_and_progress(stored):
    assert [snapshot.epoch for snapshot in stored.snapshots] == [0, 1, 2, 3]
    images = [snapshot.pseudo_inputs for snapshot in stored.snapshots]
    assert all(image.dtype == torch.uint8 and image.shape == (4, 1, 8, 8) for image in images)
    assert not torch.equal(images[0], images[-1])
    last = stored.model.prior(stored.model.encoder)
    torch.testing.assert_close(stored.snapshots[-1].mixture.components.mean, last.components.mean, rtol=0.02, atol=0.02)
    assert [record.epoch for record in stored.history] == [1, 2, 3]
    best = max(stored.history, key=lambda record: record.validation_bound)
    assert (stored.progress.epochs, stored.progress.best_epoch) == (3, best.epoch)
    assert stored.progress.torch == torch.__version__
    assert stored.metric("elbo").n == 300
    assert stored.metric("elbo", layer=0) is None


def test_a_history_from_before_the_objectives_bound_was_kept(stored, tmp_path):
    """Then the ELBO had chosen the best epoch."""
    save(stored, tmp_path / "old")
    table = tmp_path / "old" / "history.csv"
    table.write_text("".join(line.rpartition(",")[0] + "\n" for line in table.read_text().splitlines()))
    seal(tmp_path / "old")
    expected = tuple(dataclasses.replace(record, validation_bound=record.validation_elbo) for record in stored.history)
    assert load(tmp_path / "old").history == expected


def test_log_likelihoods_of_some_images_keep_their_places(stored, tmp_path):
    known = torch.full_like(stored.per_image.elbo, math.nan)
    known[torch.tensor([3, 7, 299])] = torch.tensor([-1.0, -2.0, -3.5])
    save(dataclasses.replace(stored, per_image=PerImage(stored.per_image.elbo, known)), tmp_path / "a")
    again = load(tmp_path / "a").per_image
    assert torch.equal(again.elbo, stored.per_image.elbo)
    assert again.log_likelihood.isfinite().nonzero().flatten().tolist() == [3, 7, 299]
    assert again.log_likelihood[[3, 7, 299]].tolist() == [-1.0, -2.0, -3.5]


def test_an_evaluated_checkpoint_keeps_its_log_likelihoods(stored, tmp_path):
    per_image = PerImage(stored.per_image.elbo, stored.per_image.elbo + 1)
    figure = Metric("log_likelihood", -330.5, "nats/image", se=1.5, n=300, samples=50)
    save(dataclasses.replace(stored, per_image=per_image, metrics=(figure, *stored.metrics)), tmp_path / "a")
    again = load(tmp_path / "a")
    assert torch.equal(again.per_image.log_likelihood, per_image.log_likelihood)
    assert again.metrics[0] == figure
    assert again.sha256 == stored.sha256


def test_saving_keeps_the_files_of_the_run(stored, family, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(family / "small" / "vamp", folder)
    (folder / "metrics.json").write_text("old")
    before = {name: (folder / name).read_bytes() for name in RUN_FILES}
    save(stored, folder)
    assert {name: (folder / name).read_bytes() for name in RUN_FILES} == before
    assert load(folder).metrics == stored.metrics


def test_a_data_set_without_classes(stored, tmp_path):
    bare = dataclasses.replace(
        stored,
        latents=dataclasses.replace(stored.latents, labels=None),
        observation=dataclasses.replace(stored.observation, classes=()),
        progress=dataclasses.replace(stored.progress, epochs=0, best_epoch=0),
        film=None,
        snapshots=(),
        history=(),
    )
    save(bare, tmp_path / "bare")
    again = load(tmp_path / "bare")
    assert again.latents.labels is None
    assert again.snapshots == again.history == ()


def test_rounding_is_to_float16_in_place():
    from tests.small_runs import SMALL
    from vampcore.config import DataSpec

    model = build(SMALL, DataSpec((1, 8, 8), 16))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert rounded(model) is model
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name].half().float())
    assert any(not torch.equal(value, before[name]) for name, value in model.state_dict().items())


class TestCard:
    def test_it_is_written_anew_and_a_file_of_notes_is_kept_as_it_says(self, family, tmp_path):
        folder = tmp_path / "sg"
        shutil.copytree(family / "small" / "sg", folder)
        card = (folder / "README.md").read_text()
        (folder / "README.md").write_text(card + "My notes\n")
        (folder / "notes.md").write_text("My notes\n")
        save(load(folder), folder)
        assert (folder / "README.md").read_text() == card
        assert (folder / "notes.md").read_text() == "My notes\n"
        assert "This file is written anew whenever the checkpoint is saved. Put notes into another file" in card

    def test_says_what_config_and_metrics_say(self, family):
        for prior in PRIORS:
            folder = family / "small" / prior
            card, checkpoint = (folder / "README.md").read_text(), load(folder)
            assert card.startswith(f"# small / {prior}\n")
            assert f"Trained for {checkpoint.progress.epochs} epochs on a cpu (not yet converged)" in card
            assert f"those of epoch {checkpoint.progress.best_epoch}, which has the best validation ELBO" in card
            assert "`digits` with 2 latent dimensions" in card
            components = "1197 components" if prior == "exemplar" else "4 components"
            assert (components in card) == (prior != "sg")
            for metric in read_metrics(folder):
                row = next(
                    line for line in card.splitlines() if line.startswith(f"| {metric.name.replace('_', ' ')} |")
                )
                assert f" {metric.value:.6g}" in row
                assert metric.unit in row
                assert metric.n is None or f"n = {metric.n}" in row


class TestWhatCannotBeSaved:
    def test_a_weight_beyond_float16(self, stored, tmp_path):
        broken = load(stored.folder)
        broken.model.decoder.output.linear.bias.data[3] = 1e6
        with pytest.raises(
            CheckpointError,
            match=r"^the training diverged \(its numbers are not finite\): train again",
        ):
            save(broken, tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_a_figure_that_is_no_number(self, stored):
        nothing = Metric("elbo", float("nan"), "nats/image")
        with pytest.raises(CheckpointError, match=r"diverged \(the elbo is nan\): train again"):
            contents(dataclasses.replace(stored, metrics=(nothing,)))

    def test_more_snapshots_than_a_checkpoint_holds(self, stored):
        with pytest.raises(CheckpointError, match="12 snapshots; a checkpoint holds 8 at most"):
            contents(dataclasses.replace(stored, snapshots=stored.snapshots * 3))


def test_identity_is_that_of_weights_and_configuration(stored, family, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(family / "small" / "vamp", folder)
    (folder / "metrics.json").write_bytes((family / "small" / "mog" / "metrics.json").read_bytes())
    seal(folder)
    assert load(folder).sha256 == stored.sha256
    rewrite_tensors(folder / "weights.safetensors", lambda tensors: tensors["decoder.output.linear.bias"].add_(1))
    assert load(folder).sha256 != stored.sha256


class TestSavingRefusesWhatLoadingRefuses:
    """A model and snapshots that are not those of the configuration never reach a folder."""

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"components": 5}, "prior.pseudo_inputs has shape (4, 1, 8, 8), its config asks for (5, 1, 8, 8)"),
            ({"prior": "vamp-weighted"}, "it lacks prior.logits"),
            ({"prior": "sg"}, "prior.pseudo_inputs is unknown"),
        ],
    )
    def test_a_model_of_another_config(self, stored, family, tmp_path, changes, said):
        other = dataclasses.replace(stored, config=dataclasses.replace(stored.config, **changes))
        with pytest.raises(CheckpointError, match=re.escape(said)) as caught:
            save(other, tmp_path / "vamp")
        assert str(caught.value).startswith("not saved, for it could not be loaded")
        assert not (tmp_path / "vamp").exists()
        folder = tmp_path / "small"
        shutil.copytree(family / "small" / "vamp", folder)
        rewrite_json(folder / "config.json", lambda fields: fields["config"].update(changes))
        with pytest.raises(CheckpointError, match=re.escape(said.removeprefix("it "))):
            load(folder)

    def test_snapshots_of_another_size(self, stored, tmp_path):
        mixture = stored.snapshots[0].mixture
        fewer = DiagNormalMixture(
            DiagNormal(mixture.components.mean[:3], mixture.components.logvar[:3]), mixture.logits[:3]
        )
        other = dataclasses.replace(stored, snapshots=(Snapshot(0, fewer, None),))
        with pytest.raises(CheckpointError, match="does not fit its config"):
            save(other, tmp_path / "vamp")
        assert not (tmp_path / "vamp").exists()
