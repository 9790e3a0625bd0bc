"""Synthetic checkpoints are read like any other."""

import torch

from benchmarks.synthetic import enlarged, untrained
from vampcore import checkpoints, zoo


def test_an_untrained_model_has_the_sizes_asked_for(tmp_path):
    loaded = checkpoints.load(untrained(tmp_path / "a" / "mog", images=120, latent_dim=3, components=7))
    assert loaded.latents.layers[0].mean.shape == (120, 3)
    assert loaded.config.components == 7
    assert len(loaded.per_image.elbo) == len(loaded.latents.ids) == 120
    assert set(loaded.latents.labels.tolist()) == set(range(10))


def test_an_enlarged_checkpoint_lies_where_its_source_does(tmp_path):
    source = checkpoints.load(zoo.SHIPPED / "digits-2d" / "vamp")
    large = checkpoints.load(enlarged(zoo.SHIPPED / "digits-2d" / "vamp", tmp_path / "a" / "vamp", 5000))
    assert len(large.latents.ids) == 5000
    assert large.sha256 != source.sha256
    for label in range(10):
        here, there = (each.latents.layers[0].mean[each.latents.labels == label].mean(0) for each in (large, source))
        spread = source.latents.layers[0].mean[source.latents.labels == label].std(0)
        assert bool(((here - there).abs() < 0.5 * spread + 0.1).all())
    assert torch.equal(
        large.model.state_dict()["prior.pseudo_inputs"], source.model.state_dict()["prior.pseudo_inputs"]
    )
