"""What a run keeps of its prior: snapshots through the epochs, and no training image."""

import dataclasses
import itertools

import pytest
import torch

from tests.small_runs import config, few_digits
from vampcore.config import ConfigError
from vampcore.datasets import observe
from vampcore.kinds import PRIORS
from vampcore.priors import VampData
from vampcore.training import Run


class TestSnapshots:
    @pytest.mark.parametrize("prior", ["mog", "vamp", "vamp-weighted", "vamp-data", "exemplar"])
    def test_each_is_the_prior_of_its_epoch_and_stays_so(self, prior):
        run = Run(config(prior), few_digits())
        kept = [run.state.snapshots[0].mixture.components.mean.clone()]
        for _ in run.epochs():
            kept.append(run.model.prior(run.model.encoder).components.mean.detach().clone())
        found = [snapshot.mixture.components.mean for snapshot in run.state.snapshots]
        assert [snapshot.epoch for snapshot in run.state.snapshots] == [0, 1, 2, 3]
        assert all(torch.equal(one, other) for one, other in zip(found, kept, strict=True))
        assert not any(torch.equal(one, other) for one, other in itertools.pairwise(found))
        assert not any(mean.requires_grad for mean in found)

    @pytest.mark.parametrize(("start", "first"), [("data", 1), ("kmeans", 0), ("random", 0)])
    def test_pseudo_inputs_that_are_still_training_images_are_not_kept(self, start, first):
        run = Run(config("vamp", pseudo_inputs=start), few_digits())
        list(run.epochs())
        assert run.state.snapshots[0].epoch == first


def test_components_that_wait_for_their_growth_hold_no_training_image():
    run = Run(config("vamp", pseudo_inputs="data", grow_from=2, grow_every=1, epochs=6), few_digits())
    prior = run.model.prior
    waiting = prior.alive == 0
    assert waiting.any()
    assert prior.pseudo_inputs[waiting].unique().numel() == 1
    assert prior.pseudo_inputs[~waiting].unique().numel() > 2
    list(run.epochs())
    first = run.state.snapshots[0]
    waiting = first.mixture.logits.isneginf()
    assert waiting.any()
    assert first.pseudo_inputs[waiting].unique().numel() == 1


def test_a_prior_whose_components_differ_from_its_entry_is_refused_untrained(monkeypatch):
    monkeypatch.setitem(PRIORS, "sg", dataclasses.replace(PRIORS["sg"], fixed_components=None))
    with pytest.raises(ConfigError, match="the prior has 1 components, its entry in the registry says 4"):
        Run(config("sg"), few_digits())


class TestVampData:
    def test_no_image_is_stored_and_the_prior_is_the_encoder_at_those_rows(self):
        run = Run(config("vamp-data"), few_digits())
        list(run.epochs())
        prior = run.model.prior
        assert isinstance(prior, VampData)
        assert all(value.numel() <= 8 for name, value in run.state.weights.items() if name.startswith("prior."))
        rows = prior.rows
        assert len(rows.unique()) == 4
        q = run.model.encoder(observe(few_digits().train.images[rows], 16, "binomial"))
        p = prior(run.model.encoder)
        torch.testing.assert_close(p.components.mean, q.mean)
        torch.testing.assert_close(p.components.logvar, q.logvar)
        assert torch.equal(p.log_weights.exp(), torch.full((4,), 0.25))
