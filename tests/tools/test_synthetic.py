"""Synthetic checkpoints are read like any other."""

from tools.synthetic import untrained
from vampcore import checkpoints


def test_an_untrained_model_has_the_sizes_asked_for(tmp_path):
    loaded = checkpoints.load(untrained(tmp_path / "a" / "mog", images=120, latent_dim=3, components=7))
    assert loaded.latents.layers[0].mean.shape == (120, 3)
    assert loaded.config.components == 7
    assert len(loaded.per_image.elbo) == len(loaded.latents.ids) == 120
    assert set(loaded.latents.labels.tolist()) == set(range(10))
