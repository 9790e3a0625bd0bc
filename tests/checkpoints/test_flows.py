"""Checkpoints of models with a flow: what they keep, and what they refuse."""

import importlib
import shutil

import pytest
import torch
from safetensors.torch import load_file

from tests.small_runs import FILES, RUN_FILES, config, few_digits, rewrite_json, rewrite_tensors, train
from vampcore import zoo
from vampcore.checkpoints import CheckpointError, load, save
from vampcore.datasets import observe
from vampcore.distributions import Flow
from vampcore.metrics import evaluate
from vampcore.training.fit import LATENTS_SAMPLES

SMALL = {"transforms": 2, "transform_hidden": 6, "epochs": 2}
KINDS = {
    "realnvp": config("realnvp", **SMALL),
    "nf": config("sg", posterior="nf", **SMALL),
    "iaf": config("sg", posterior="iaf", latent_dim=3, **SMALL),
    "hvae": config("sg", posterior="nf", model="hvae", **SMALL),
    "hvae-realnvp": config("realnvp", model="hvae", **SMALL),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("checkpoints")
    for name, settings in KINDS.items():
        train(settings, root / "flows" / name)
    return root / "flows"


def observed():
    test = few_digits().test
    return observe(test.images, test.levels, "binomial")


@pytest.mark.parametrize("name", KINDS)
class TestRoundTrip:
    def test_saved_again_the_bytes_are_the_same(self, name, folders, tmp_path):
        checkpoint = load(folders / name)
        save(checkpoint, tmp_path / "again")
        for file in FILES:
            assert (tmp_path / "again" / file).read_bytes() == (folders / name / file).read_bytes(), file
        assert {path.name for path in (folders / name).iterdir()} == FILES | RUN_FILES

    def test_figures_are_those_of_the_loaded_model(self, name, folders):
        checkpoint = load(folders / name)
        again = evaluate(checkpoint.model, observed(), 0, 0, levels=checkpoint.observation.levels)
        assert again.metrics == checkpoint.metrics
        assert torch.equal(again.elbo, checkpoint.per_image.elbo)

    def test_the_list_tells_the_components(self, name, folders):
        entry = next(each for each in zoo.entries((folders.parent,)) if each.prior == name)
        assert entry.error is None
        assert entry.info.components == (0 if KINDS[name].prior == "realnvp" else 1)


def test_a_flow_prior_has_no_snapshots_and_no_masks_on_disk(folders):
    assert load(folders / "realnvp").snapshots == ()
    assert not [name for name in load_file(folders / "realnvp" / "weights.safetensors") if "mask" in name]


@pytest.mark.parametrize("name", ["nf", "iaf", "hvae"])
def test_latents_are_moments_of_samples(name, folders, generator):
    checkpoint = load(folders / name)
    q = checkpoint.model.encoder(observed())
    assert isinstance(q, Flow)
    z, stored = q.sample((4000,), generator), checkpoint.latents.layers[0]
    error = z.std(0) / LATENTS_SAMPLES**0.5
    assert ((stored.mean - z.mean(0)).abs() < 5 * error + 2e-3 * z.mean(0).abs()).all()
    torch.testing.assert_close(stored.scale, z.std(0), rtol=0.35, atol=0)
    assert torch.allclose((stored.scale / z.std(0)).log().mean(), torch.tensor(0.0), atol=0.02)


def test_the_model_card_says_what_is_not_computed(folders):
    card = (folders / "iaf" / "README.md").read_text()
    assert "inverse autoregressive flow" in card
    assert "256 samples" in card
    assert "Mutual information and marginal KL are not computed" in card
    assert (
        "normalising flow (RealNVP) of 2 transforms with 6 hidden units"
        in (folders / "realnvp" / "README.md").read_text()
    )


def test_a_file_that_names_more_transforms_is_refused(folders, tmp_path):
    copy = shutil.copytree(folders / "realnvp", tmp_path / "more")
    rewrite_json(copy / "config.json", lambda fields: fields["config"].update(transforms=3))
    with pytest.raises(CheckpointError, match=r"lacks prior\.to_normal\.transforms\.2"):
        load(copy)


def test_a_file_that_brings_masks_is_refused(folders, tmp_path):
    copy = shutil.copytree(folders / "realnvp", tmp_path / "masks")
    name = "prior.to_normal.transforms.0.hyper.0.mask"
    rewrite_tensors(copy / "weights.safetensors", lambda tensors: tensors.update({name: torch.ones(6, 2)}))
    with pytest.raises(CheckpointError, match="mask is unknown"):
        load(copy)


def test_a_file_that_asks_for_many_networks_is_refused_before_they_are_built(folders, tmp_path):
    copy = shutil.copytree(folders / "realnvp", tmp_path / "many")
    rewrite_json(copy / "config.json", lambda fields: fields["config"].update(transforms=32, transform_hidden=512))
    with pytest.raises(CheckpointError, match="larger than any"):
        load(copy)


@pytest.mark.parametrize("sizes", [{"transforms": 33}, {"transform_hidden": 513}, {"latent_dim": 513}])
def test_a_file_beyond_the_limits_of_a_flow_is_refused_before_anything_is_built(sizes, folders, tmp_path, monkeypatch):
    copy = shutil.copytree(folders / "iaf", tmp_path / "beyond")
    rewrite_json(copy / "config.json", lambda fields: fields["config"].update(sizes))

    def built(*arguments):
        raise AssertionError("a model is built")

    monkeypatch.setattr(importlib.import_module("vampcore.checkpoints.load"), "build", built)
    with pytest.raises(CheckpointError, match="a flow takes"):
        load(copy)
