"""The models that come with the repository: whole, small, of one family each, and as good as their figures say."""

import dataclasses

import pytest
import torch

from vampcore import datasets, zoo
from vampcore.checkpoints import load
from vampcore.metrics import bound

MOST_BYTES = 80_000_000
EXPERIMENTS = ("digits-2d", "frey-2d", "mnist-2d", "static-mnist-40d", "static-mnist-hvae")
PRIORS = ("mog", "sg", "vamp")
SHIPPED = sorted(path.parent for path in zoo.SHIPPED.glob("*/*/config.json"))


def test_every_promised_model_is_there():
    assert {f"{path.parent.name}/{path.name}" for path in SHIPPED} >= {
        "static-mnist-hvae/vamp-data",
        *(f"{e}/{p}" for e in EXPERIMENTS for p in PRIORS),
    }


def test_together_they_are_small():
    assert sum(path.stat().st_size for path in zoo.SHIPPED.rglob("*") if path.is_file()) < MOST_BYTES


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.name}")
class TestShipped:
    def test_it_is_whole_and_its_figures_agree(self, folder):
        checkpoint = load(folder)
        assert checkpoint.config.prior == folder.name
        assert checkpoint.config.experiment == folder.parent.name
        assert checkpoint.test_images == (checkpoint.latents.part_of or len(checkpoint.latents.ids))
        assert checkpoint.metric("elbo").value == pytest.approx(checkpoint.per_image.elbo.double().mean().item())
        measured = checkpoint.metric("log_likelihood")
        assert measured.n == checkpoint.test_images
        assert measured.value == pytest.approx(checkpoint.per_image.log_likelihood.double().mean().item())
        assert measured.value > checkpoint.metric("elbo").value

    def test_it_holds_no_foreign_file(self, folder):
        optional = {"state.safetensors", "status.json", "film.bin", "trainings.safetensors"}
        assert {path.name for path in folder.iterdir()} - optional == {
            "README.md",
            "config.json",
            "data.safetensors",
            "history.csv",
            "latents.safetensors",
            "manifest.json",
            "metrics.json",
            "per_image.safetensors",
            "snapshots.safetensors",
            "weights.safetensors",
        }

    def test_its_files_are_those_of_its_manifest(self, folder):
        assert load(folder).checked

    def test_its_best_epoch_is_the_best_of_its_history(self, folder):
        checkpoint = load(folder)
        best = max(checkpoint.history, key=lambda record: record.validation_bound)
        assert best.epoch == checkpoint.progress.best_epoch
        assert checkpoint.progress.epochs == checkpoint.history[-1].epoch == len(checkpoint.history)

    def test_its_family_differs_in_the_prior_alone(self, folder):
        first = load(folder.parent / "sg").config
        assert dataclasses.replace(load(folder).config, prior=first.prior) == first


@pytest.mark.parametrize("prior", PRIORS)
def test_the_stored_bound_is_what_the_data_give(prior):
    checkpoint = zoo.load(f"digits-2d/{prior}")
    test = datasets.load("digits").test
    x = datasets.observe(test.images, test.levels, checkpoint.config.likelihood)
    measured = bound(checkpoint.model, x, generator=torch.Generator().manual_seed(0))
    assert measured.elbo.mean().item() == pytest.approx(checkpoint.metric("elbo").value, abs=0.01)


def test_static_mnist_reaches_what_was_published():
    reached = {prior: zoo.load(f"static-mnist-40d/{prior}").metric("log_likelihood") for prior in PRIORS}
    assert {(metric.n, metric.samples) for metric in reached.values()} == {(10_000, 5000)}
    assert reached["sg"].value >= -88.6
    assert reached["vamp"].value >= -85.6
    assert reached["mog"].value >= reached["sg"].value
