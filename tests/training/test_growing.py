"""Mixtures that grow: where components are added, which are removed, and that nothing else of a run changes."""

import dataclasses
import math

import pytest
import torch
from torch import nn

from tests.quadrature import mass
from tests.small_runs import config, digits, few_digits, rewrite_tensors, train
from tests.training.test_fit import after, assert_same
from vampcore.checkpoints import CheckpointError, load
from vampcore.config import Config, ConfigError
from vampcore.datasets import Dataset, Split
from vampcore.distributions import DiagNormal
from vampcore.models import VAE
from vampcore.priors import MixtureOfGaussians
from vampcore.priors.vamp import MARGIN
from vampcore.results import cells
from vampcore.training import Run, growing
from vampcore.training.processes import Processes
from vampcore.training.step import MOMENTS, Step

GROWING = ("mog", "vamp", "vamp-weighted")


def settings(prior: str = "vamp", **changes) -> Config:
    return config(prior, **({"components": 6, "grow_from": 2, "grow_every": 1, "epochs": 6} | changes))


class Corner(nn.Module):
    """An encoder that anyone can follow: twenty times the first two pixels, of counts 0 to 16, at a scale of 0.3."""

    latent_dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> DiagNormal:
        mean = 20 * x.flatten(1)[:, :2]
        return DiagNormal(mean, torch.full_like(mean, 2 * math.log(0.3)))


@pytest.fixture
def planted() -> tuple[VAE, Step, Config, Dataset]:
    """Images in three corners of the latent space, (0, 0), (20, 0) and (20, 20), and a prior that has the first."""
    images = torch.zeros(90, 1, 8, 8, dtype=torch.uint8)
    images[30:, 0, 0, 0] = 16
    images[60:, 0, 0, 1] = 16
    data = dataclasses.replace(digits(), train=Split(images, torch.zeros(90, dtype=torch.int64), 16))
    made = settings("mog", components=5, grow_from=2, epochs=4)  # 3 of 5 after one growth
    prior = MixtureOfGaussians(5, 2, grow_from=2)
    prior.mean.data = torch.tensor([[0.0, 0.0], [0.1, 0.1], [7.0, 7.0], [7.0, 7.0], [7.0, 7.0]])
    model = VAE(Corner(), prior, nn.Identity())
    return model, Step(model, made, Processes()), made, data


class TestPlaces:
    def test_a_component_goes_to_each_cluster_that_has_none(self, planted):
        model, step, made, data = planted
        assert growing.wanted(made, 1) == 3
        growing.grow(model, step, made, data, 1)
        growing.grow(model, step, made, data, 2)
        prior = model.prior
        assert prior.alive.tolist() == [1, 1, 1, 1, 1]
        found = {tuple(round(20 * round(v / 20)) for v in mean) for mean in prior.mean[2:4].tolist()}
        assert found == {(20, 0), (20, 20)}
        torch.testing.assert_close(prior.logvar[2].detach(), torch.full((2,), 2 * math.log(0.3)))

    def test_each_new_one_has_an_equal_share_and_the_masses_are_one(self, planted):
        model, step, made, data = planted
        model.prior.logits.data = torch.tensor([1.3, 0.3, 9.0, 9.0, 9.0])
        before = model.prior(model.encoder).log_weights.exp()
        growing.grow(model, step, made, data, 1)
        after_it = model.prior(model.encoder)
        weights = after_it.log_weights.exp()
        assert weights[2].item() == pytest.approx(1 / 3)
        torch.testing.assert_close(weights[:2], before[:2] * 2 / 3)
        assert weights[3:].tolist() == [0, 0]
        assert mass(after_it.log_prob, limit=30, steps=900) == pytest.approx(1, abs=1e-3)

    def test_two_of_one_growth_do_not_take_one_place(self):
        around = 0.1 * torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
        z = torch.cat([around + 10, around - 10])
        candidates = DiagNormal(z, torch.zeros_like(z))
        chosen = growing.places(torch.full((40,), -50.0), candidates, z, 4, 2)
        assert {int(k) // 20 for k in chosen} == {0, 1}

    def test_many_images_count_for_more_than_one_that_is_far_away(self):
        around = 0.1 * torch.randn(39, 2, generator=torch.Generator().manual_seed(0))
        z = torch.cat([around + 10, torch.full((1, 2), 300.0)])
        log_p = DiagNormal(torch.zeros(2), torch.zeros(2)).log_prob(z).clamp_min(-200)
        chosen = growing.places(log_p, DiagNormal(z, torch.zeros_like(z)), z, 1, 2)
        assert chosen[0] < 39
        assert chosen[1] == 39

    def test_more_than_there_are_images_is_all_of_them(self):
        z = torch.randn(3, 2)
        chosen = growing.places(torch.zeros(3), DiagNormal(z, torch.zeros(3, 2)), z, 1, 7)
        assert sorted(chosen.tolist()) == [0, 1, 2]

    @pytest.mark.parametrize("prior", ["vamp", "vamp-weighted"])
    def test_a_pseudo_input_starts_as_a_training_image_within_the_margin(self, prior):
        run = Run(settings(prior), few_digits())
        growing.grow(run.model, run.step, run.config, run.dataset, 1)
        k = run.model.prior.alive.tolist().index(1, 2)
        images = (few_digits().train.images / 16).clamp(MARGIN, 1 - MARGIN)
        assert (images - run.model.prior.pseudo_inputs[k]).abs().amax((1, 2, 3)).min() == 0
        assert run.model.prior.outside() == 0


class TestRemoval:
    def test_of_what_is_not_used(self, planted):
        model, step, made, data = planted
        model.prior.mean.data[1] = 500.0
        growing.grow(model, step, made, data, 1)
        # One is left of two and three are wanted; the dead one's slot is the first that is free.
        assert model.prior.alive.tolist() == [1, 1, 1, 0, 0]
        assert model.prior.mean[1].max() < 30

    def test_dead_is_below_a_tenth_of_an_equal_share_of_the_living(self):
        used = torch.tensor([0.9, 0.07, 0.03, 0.0])
        alive = torch.tensor([True, True, True, False])
        assert growing.dead(used, alive).tolist() == [False, False, True, False]

    def test_what_adam_remembers_of_them_is_forgotten_and_of_others_is_not(self):
        run = Run(settings("vamp-weighted"), few_digits())
        for _ in range(2):
            run._step(torch.arange(50), 1.0, 1e-3)
        run.model.prior.alive[:] = torch.tensor([1, 1, 1, 0, 0, 0])
        for weight in run.step.weights:
            for name in MOMENTS:
                run.step.optimizer.state[weight][name].fill_(0.5)
        growing.forget(run.step, run.model.prior, torch.tensor([2, 4]))
        for weight in run.step.weights:
            for name in MOMENTS:
                kept = run.step.optimizer.state[weight][name]
                if any(weight is own for own in run.model.prior.parameters()):
                    assert (kept[[2, 4]] == 0).all()
                    assert (kept[[0, 1, 3, 5]] == 0.5).all()
                else:
                    assert (kept == 0.5).all()


class TestSchedule:
    def test_all_are_alive_before_the_learning_rate_falls(self):
        grown = settings(components=32, grow_from=4, grow_every=5, epochs=100, decay=0.7)
        found = [growing.wanted(grown, epoch) for epoch in range(101)]
        assert [epoch for epoch, count in enumerate(found) if count] == [5, 10, 15, 20, 25, 30]
        assert [count for count in found if count] == [8, 13, 18, 22, 27, 32]

    @pytest.mark.parametrize(("decay", "last"), [(0.0, 50), (0.4, 50), (0.6, 40), (1.0, 25)])
    def test_the_last_growth(self, decay, last):
        grown = settings(epochs=100, decay=decay, grow_every=5)
        assert max(epoch for epoch in range(101) if growing.wanted(grown, epoch)) == last

    def test_too_few_epochs_are_refused(self):
        with pytest.raises(ConfigError, match="grow_every is 4; of 6 epochs a mixture grows in the first 3: ask for"):
            Run(settings(grow_every=4), few_digits())

    @pytest.mark.parametrize("prior", ["sg", "vamp-data", "exemplar"])
    def test_other_priors_do_not_grow(self, prior):
        with pytest.raises(
            ConfigError, match=f"that grow are mog, vamp, vamp-weighted, not {prior}: leave out grow_from"
        ):
            settings(prior)

    def test_without_growth_all_are_alive_and_nothing_says_so(self):
        assert growing.growths(config()) == 0
        assert "prior.alive" not in Run(config(), few_digits()).state.weights


def validate_as(monkeypatch, bound) -> None:
    """Let the validation bound be a function of the epoch, whatever the model is."""
    validate = Run._validate
    monkeypatch.setattr(Run, "_validate", lambda run: validate(run)._replace(bound=bound(run.state.epoch + 1)))


@pytest.mark.parametrize("prior", GROWING)
class TestRuns:
    def test_grow_to_all_components(self, prior):
        run = Run(settings(prior), few_digits())
        counts = [int(run.model.prior.alive.sum()) for _ in run.epochs()]
        assert counts == [2, 3, 4, 6, 6, 6]
        weights = run.model.prior(run.model.encoder).log_weights.exp()
        assert weights.sum().item() == pytest.approx(1)
        assert (weights > 0).all()

    def test_a_slot_that_is_not_alive_stays_as_it_is(self, prior):
        run = Run(settings(prior), few_digits())
        before = [parameter.detach().clone() for parameter in run.model.prior.parameters()]
        next(run.epochs())
        for old, new in zip(before, run.model.prior.parameters(), strict=True):
            assert torch.equal(old[2:], new[2:])
            assert not torch.equal(old[:2], new[:2])

    def test_resumed_equals_uninterrupted(self, prior, tmp_path):
        """Stopped in the middle of an epoch that began with a growth, and again in the next."""
        made = settings(prior)
        train(made, tmp_path / "alone")
        train(made, tmp_path / "stopped", stop=after(8))
        train(made, tmp_path / "stopped", resume=True, stop=after(8))
        train(made, tmp_path / "stopped", resume=True)
        assert_same(tmp_path / "alone", tmp_path / "stopped", made)

    def test_a_checkpoint_knows_who_is_alive_now_and_was_then(self, prior, tmp_path):
        train(settings(prior), tmp_path / "run")
        found = load(tmp_path / "run")
        assert found.model.prior.alive.tolist() == [1] * 6
        first = found.snapshots[0].mixture.log_weights.exp()
        assert first.tolist() == pytest.approx([0.5, 0.5, 0, 0, 0, 0])
        assert mass(found.snapshots[0].mixture.log_prob, limit=14, steps=560) == pytest.approx(1, abs=1e-4)

    def test_a_mixture_that_was_best_before_it_grew_is_described_as_it_is(self, prior, tmp_path, monkeypatch):
        """Validation gets worse from the first epoch on; the run ends with the first epoch after the last growth."""
        validate_as(monkeypatch, lambda epoch: -1e6 * epoch)
        made = settings(prior, patience=1)
        assert len(train(made, tmp_path / "run")) == 4
        found = load(tmp_path / "run")
        assert found.progress.best_epoch == 1
        assert found.model.prior.alive.tolist() == [1, 1, 0, 0, 0, 0]
        assert ", 2 of 6 components. " in (tmp_path / "run" / "README.md").read_text()
        assert cells.prior(made, found).startswith(f"{prior}, K = 2 of 6 (")

    def test_one_that_has_grown_to_all_is_described_as_any_other(self, prior, tmp_path, monkeypatch):
        validate_as(monkeypatch, lambda epoch: 1e6 * epoch)
        train(settings(prior), tmp_path / "run")
        assert ", 6 components. " in (tmp_path / "run" / "README.md").read_text()
        assert cells.prior(settings(prior), load(tmp_path / "run")).startswith(f"{prior}, K = 6 (")
        assert cells.prior(settings(prior)) == f"{prior}, K = 6"


class TestBadFiles:
    @pytest.fixture
    def folder(self, tmp_path):
        train(settings("mog"), tmp_path / "run")
        return tmp_path / "run"

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_a_logit_that_is_no_number(self, folder, value):
        rewrite_tensors(folder / "snapshots.safetensors", lambda tensors: tensors["1.logits"].fill_(value))
        with pytest.raises(CheckpointError, match=r"1\.logits holds values that are not finite"):
            load(folder)

    def test_a_mean_at_minus_infinity(self, folder):
        rewrite_tensors(folder / "snapshots.safetensors", lambda tensors: tensors["1.mean"].fill_(-math.inf))
        with pytest.raises(CheckpointError, match=r"1\.mean holds values that are not finite"):
            load(folder)

    def test_no_component_left(self, folder):
        rewrite_tensors(folder / "snapshots.safetensors", lambda tensors: tensors["1.logits"].fill_(-math.inf))
        with pytest.raises(CheckpointError, match=r"1\.logits holds values that are not finite"):
            load(folder)

    def test_nobody_alive(self, folder):
        rewrite_tensors(folder / "weights.safetensors", lambda tensors: tensors["prior.alive"].fill_(0))
        with pytest.raises(CheckpointError, match="no component of the prior is alive: restore it or train again"):
            load(folder)
