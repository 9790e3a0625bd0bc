"""The rules of a run: one epoch, early stopping, steps that are not finite, where the pseudo-inputs start."""

import math

import pytest
import torch

from tests.small_runs import config, few_digits
from vampcore.checkpoints import EpochRecord
from vampcore.config import ConfigError
from vampcore.datasets import observe
from vampcore.metrics.likelihood import bound
from vampcore.training import Run, TrainingError
from vampcore.training import run as module
from vampcore.training.schedules import beta_at, learning_rate_at

NAN = float("nan")


def record(epoch: int, validation_bound: float) -> EpochRecord:
    """Its ELBO falls from epoch to epoch, which must not matter."""
    return EpochRecord(epoch, 1.0, 1e-3, -1.0, -1.0, 0.0, -10.0 * epoch, -1.0, 0.0, 0, 1.0, float(validation_bound))


class TestSchedules:
    def test_an_epoch_uses_its_beta_and_rate(self):
        settings = config(warmup=3, epochs=3, decay=0.7, learning_rate=1e-3)
        records = list(Run(settings, few_digits()).epochs())
        assert [(r.beta, r.learning_rate) for r in records] == [
            (beta_at(settings, epoch), learning_rate_at(settings, epoch)) for epoch in (1, 2, 3)
        ]
        for r in records:
            assert r.train_elbo == pytest.approx(r.train_reconstruction - r.train_kl)
            assert r.validation_elbo == pytest.approx(r.validation_reconstruction - r.validation_kl, rel=1e-5)


class TestEarlyStopping:
    def run(self, elbos, monkeypatch, **changes):
        """A run whose validation bounds are given; the weights say in which epoch they were."""
        run = Run(config(**({"prior": "sg", "epochs": 20} | changes)), few_digits())

        def epoch(stop):
            number = run.state.epoch + 1
            run.model.decoder.output.linear.bias.data.fill_(number)
            yield 1.0
            return record(number, elbos[number - 1])

        monkeypatch.setattr(run, "_epoch", epoch)
        return run, list(run.epochs())

    def test_patience_counts_from_the_best(self, monkeypatch):
        run, records = self.run([-5, -3, -4, -4, -2, -3, -3, -3, -1], monkeypatch, patience=3, warmup=0)
        assert len(records) == 8
        assert run.converged
        assert (run.state.best_epoch, run.state.best_bound) == (5, -2)
        assert run.state.best["decoder.output.linear.bias"].eq(5).all()
        assert run.state.weights["decoder.output.linear.bias"].eq(8).all()

    def test_warm_up_is_not_counted(self, monkeypatch):
        run, records = self.run([-1] + [-5] * 19, monkeypatch, patience=3, warmup=6)
        assert len(records) == 9
        assert run.state.best_epoch == 1

    @pytest.mark.parametrize(("warmup", "stopped"), [(0, 12), (4, 12), (11, 14)])
    def test_epochs_before_the_last_growth_are_not_counted(self, monkeypatch, warmup, stopped):
        """Of 20 epochs, the mixture grows after the 3rd, 6th and 9th."""
        growing = {"prior": "mog", "grow_from": 2, "grow_every": 3}
        run, records = self.run([-1] + [-5] * 19, monkeypatch, patience=3, warmup=warmup, **growing)
        assert len(records) == stopped
        assert run.converged
        assert run.state.best_epoch == 1

    def test_an_equal_value_is_no_better(self, monkeypatch):
        run, records = self.run([-5.0] * 20, monkeypatch, patience=4, warmup=0)
        assert len(records) == 5
        assert run.state.best_epoch == 1

    def test_the_last_epoch_ends_it(self, monkeypatch):
        run, records = self.run([float(epoch) for epoch in range(20)], monkeypatch, patience=3)
        assert len(records) == 20
        assert run.finished
        assert not run.converged

    def test_the_end_of_a_schedule_is_convergence(self, monkeypatch):
        run, _ = self.run([float(epoch) for epoch in range(20)], monkeypatch, patience=3, decay=0.5)
        assert run.converged


class TestStepsThatAreNotFinite:
    def spoiled(self, spoil, prior="sg", **changes):
        """A run in which the log-likelihood of the given steps (from 0) is not a number."""
        run, forward, calls = Run(config(prior, **changes), few_digits()), None, iter(range(10**6))
        forward = run.model.forward

        def model(x, *arguments, **options):
            w = forward(x, *arguments, **options)
            broken = run.model.training and spoil(next(calls))
            return w._replace(log_likelihood=w.log_likelihood * NAN) if broken else w

        run.model.forward = model
        return run

    def test_one_is_skipped_counted_and_leaves_no_trace(self):
        run = self.spoiled(lambda step: step == 2)
        before = []
        step = run._step

        def watched(rows, beta, rate):
            before.append(run._weights() | run.step.moments())
            done = step(rows, beta, rate)
            if len(before) == 3:
                assert all(torch.equal(value, before[-1][name]) for name, value in run._weights().items())
                assert all(torch.equal(value, before[-1][name]) for name, value in run.step.moments().items())
            return done

        run._step = watched
        (first, *_) = run.epochs()
        assert first.skipped == 1
        assert math.isfinite(first.train_elbo)
        assert all(value.isfinite().all() for value in run.state.weights.values())

    def test_a_gradient_alone_is_enough(self):
        run = Run(config("sg"), few_digits())
        bias = run.model.decoder.output.linear.bias
        bias.register_hook(lambda gradient: gradient * NAN)
        before = run._weights()
        assert run._step(torch.arange(10), 1.0, 1e-3)[2] == 0
        assert all(torch.equal(value, before[name]) for name, value in run._weights().items())

    def test_too_many_end_the_training_with_the_state_of_the_last_epoch(self, monkeypatch):
        monkeypatch.setattr(module, "MOST_SKIPPED", 3)
        run = self.spoiled(lambda step: step >= 12)  # two epochs of five steps are sound, and two steps more
        with pytest.raises(TrainingError) as caught:
            list(run.epochs())
        assert str(caught.value) == (
            "3 steps in a row were not finite in epoch 3: "
            "train again with a lower --learning-rate, or with --precision float32"
        )
        assert run.state.epoch == len(run.state.history) == 2
        assert run.state.best_epoch == 2

    def test_fewer_in_a_row_are_survived(self, monkeypatch):
        monkeypatch.setattr(module, "MOST_SKIPPED", 3)
        run = self.spoiled(lambda step: step % 3 < 2)
        assert [r.skipped for r in run.epochs()] == [4, 3, 3]

    def test_an_epoch_without_a_sound_step_ends_the_training(self):
        run = self.spoiled(lambda step: step >= 5)
        with pytest.raises(TrainingError, match="no step of epoch 2 was finite: train again with a lower"):
            list(run.epochs())
        assert run.state.epoch == len(run.state.history) == 1

    def test_a_validation_that_is_not_finite_leaves_the_state_whole(self, monkeypatch):
        run = Run(config("sg"), few_digits())
        validate = run._validate

        def broken():
            bound = validate()
            return bound if run.state.epoch == 0 else bound._replace(bound=bound.bound * NAN)

        monkeypatch.setattr(run, "_validate", broken)
        with pytest.raises(TrainingError, match="the validation bound of epoch 2 is not finite: train again"):
            list(run.epochs())
        assert run.state.epoch == len(run.state.history) == run.state.best_epoch == 1

    def test_weights_that_run_away(self):
        with pytest.raises(TrainingError, match="train again with a lower --learning-rate"):
            list(Run(config("vamp", learning_rate=1e18), few_digits()).epochs())


def averages(run: Run) -> list[torch.Tensor]:
    return [run.step.optimizer.state[weight]["exp_avg"] for weight in run.step.weights]


class TestTheOptimiser:
    def test_gradients_of_unit_norm(self):
        run = Run(config("vamp", optimizer="adam-norm-grad"), few_digits())
        run._step(torch.arange(50), 1.0, 1e-3)
        # The average starts at 0 and takes a tenth of the first gradient.
        norms = [10 * average.norm().item() for average in averages(run)]
        assert norms == pytest.approx([1.0] * len(norms), abs=2e-3)

    def test_plain_gradients_are_left_alone(self):
        run, again = (Run(config("sg", optimizer="adam"), few_digits()) for _ in range(2))
        run._step(torch.arange(50), 1.0, 1e-3)
        x = observe(few_digits().train.images[:50], 16, "binomial")
        w = again.model(x, 1, index=torch.arange(50), generator=again.noise)
        (-w.total(1.0).mean()).backward()
        for average, direct in zip(averages(run), again.model.parameters(), strict=True):
            torch.testing.assert_close(10 * average, direct.grad)

    def test_the_objective_is_the_one_asked_for(self):
        """With many samples the importance-weighted bound is higher than the ELBO, and its gradient another one."""
        gradients = {}
        for objective in ("elbo", "iwae"):
            run = Run(config("sg", objective=objective, samples=5), few_digits())
            run._step(torch.arange(50), 1.0, 1e-3)
            gradients[objective] = averages(run)[2]
        assert not torch.allclose(gradients["elbo"], gradients["iwae"], rtol=0.05)

    def test_pseudo_inputs_are_trained_and_stay_with_the_model(self):
        run = Run(config("vamp"), few_digits())
        before = run.model.prior.pseudo_inputs.detach().clone()
        list(run.epochs())
        moved = (run.model.prior.pseudo_inputs.detach() - before).abs()
        assert (moved > 0).float().mean() > 0.9
        assert torch.equal(run.state.weights["prior.pseudo_inputs"], run.model.prior.pseudo_inputs)

    def test_weights_are_learned_where_they_are_asked_for(self):
        learned, fixed = (Run(config(prior), few_digits()) for prior in ("vamp-weighted", "vamp"))
        for run in (learned, fixed):
            list(run.epochs())
        assert learned.model.prior.logits.abs().max() > 0
        assert fixed.model.prior.logits.abs().max() == 0

    @pytest.mark.parametrize("precision", ["float32", "bf16"])
    def test_training_improves_the_validation_elbo(self, precision):
        records = list(Run(config("vamp", precision=precision), few_digits()).epochs())
        elbos = [r.validation_elbo for r in records]
        assert elbos == sorted(elbos)
        assert elbos[-1] > elbos[0] + 20


class TestValidation:
    def test_uses_the_same_noise_every_epoch(self):
        run = Run(config("mog"), few_digits())
        assert run._validate() == run._validate()

    def test_is_the_bound_of_the_whole_set(self):
        run = Run(config("vamp"), few_digits())
        found, x = run._validate(), observe(few_digits().validation.images, 16, "binomial")
        exact = bound(run.model, x, samples=200, generator=torch.Generator().manual_seed(3))
        error = 3 * exact.elbo.std().item() / 100**0.5
        assert found.elbo == pytest.approx(found.reconstruction - found.kl)
        assert found.elbo == pytest.approx(exact.elbo.mean().item(), abs=error)

    def test_of_the_elbo_takes_one_sample_whatever_training_takes(self):
        assert Run(config("mog", samples=5), few_digits())._validate() == Run(config("mog"), few_digits())._validate()

    @pytest.mark.parametrize("samples", [1, 5])
    def test_of_iwae_is_its_own_bound_with_as_many_samples(self, samples):
        run = Run(config("vamp", objective="iwae", samples=samples), few_digits())
        found, x = run._validate(), observe(few_digits().validation.images, 16, "binomial")
        noise = run.model.noise(100, samples, torch.Generator().manual_seed(1))
        with torch.no_grad():
            weights = run.model(x, noise=noise).total().double()
        assert found.bound == pytest.approx((weights.logsumexp(0) - math.log(samples)).mean().item(), rel=1e-5)
        assert found.elbo == pytest.approx(weights.mean().item(), rel=1e-5)
        assert (found.bound > found.elbo + 1) == (samples > 1)

    def test_of_many_samples_is_computed_in_parts(self, monkeypatch):
        monkeypatch.setattr(module, "VALIDATED_AT_ONCE", 400)
        run = Run(config("sg", objective="iwae", samples=50), few_digits())
        decode, seen = run.model.decoder.forward, []

        def decoded(z):
            seen.append(z.shape[:-1])
            return decode(z)

        monkeypatch.setattr(run.model.decoder, "forward", decoded)
        run._validate()
        assert seen == [(50, 8)] * 12 + [(50, 4)]

    def test_a_record_keeps_both_bounds(self):
        first, *_ = Run(config("sg", objective="iwae", samples=5), few_digits()).epochs()
        assert first.validation_bound > first.validation_elbo
        first, *_ = Run(config("sg"), few_digits()).epochs()
        assert first.validation_bound == first.validation_elbo

    def test_a_data_set_that_does_not_fit_is_refused(self):
        with pytest.raises(ConfigError, match="components is 251, more than the 250 training images: ask for fewer"):
            Run(config("vamp-data", components=251), few_digits())
