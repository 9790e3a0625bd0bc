"""One step: Adam's, the same compiled or not, and without effect where anything is not finite."""

import pytest
import torch

from tests.processes import run_python
from tests.small_runs import config, few_digits
from vampcore.config import Config
from vampcore.datasets import observe
from vampcore.objectives import elbo
from vampcore.training import Run, step
from vampcore.training.step import Step

ROWS = torch.arange(50)


def arguments(run: Run, beta: float = 0.5, rate: float = 1e-2):
    x = observe(run.images[ROWS], 16, "binomial", run.noise)
    return x, run.model.noise(50, run.config.samples, run.noise), ROWS, 50, beta, rate


def assert_skips_what_is_not_finite(run: Run) -> None:
    """Nothing that it keeps may change, the count of its steps among it."""
    before = run._weights() | run.step.moments()
    x, noise, *rest = arguments(run)
    noise[0][0, 7, 1] = float("inf")
    assert run.step(x, noise, *rest)[2] == 0
    assert all(torch.equal(value, before[name]) for name, value in (run._weights() | run.step.moments()).items())


@pytest.mark.parametrize(
    ("model", "steps", "pays"),
    [
        ("vae", 5_999, False),
        ("hvae", 6_000, True),
        ("convhvae", 999, False),
        ("convhvae", 1_000, True),
        ("pixelhvae", 10**9, False),
    ],
)
def test_it_is_compiled_of_itself_where_that_pays(model, steps, pays, monkeypatch):
    monkeypatch.setattr(step, "can_compile", lambda device: True)
    run = Run(config("sg", model=model), few_digits())

    def is_compiled(compile: str) -> bool:
        return Step(run.model, run.config, run.processes, compile, steps)._compiled is not None

    assert [is_compiled(each) for each in ("auto", "on", "off")] == [pays, True, False]


class TestAdam:
    @pytest.mark.parametrize("prior", ["sg", "mog", "vamp", "vamp-weighted"])
    def test_is_torchs(self, prior):
        run, again = (Run(config(prior), few_digits()) for _ in range(2))
        optimizer = torch.optim.Adam(again.model.parameters(), 3e-3)
        for beta in (0.2, 0.6, 1.0):
            run._step(ROWS, beta, 3e-3)
            x, noise, index, *_ = arguments(again)
            optimizer.zero_grad()
            (-elbo(again.model(x, index=index, noise=noise), beta).mean()).backward()
            optimizer.step()
        for ours, theirs in zip(run.model.parameters(), again.model.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("model", ["convhvae", "pixelhvae"])
    def test_takes_gradients_in_any_order_of_memory(self, model):
        """Those of convolutions come in another than their weights, which torch's fused Adam takes for the same."""
        run, again = (Run(config("sg", model=model), few_digits()) for _ in range(2))
        optimizer = torch.optim.Adam(again.model.parameters(), 3e-3)
        run._step(ROWS, 1.0, 3e-3)
        x, noise, index, *_ = arguments(again)
        (-elbo(again.model(x, index=index, noise=noise)).mean()).backward()
        optimizer.step()
        for ours, theirs in zip(run.model.parameters(), again.model.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)

    def test_tells_the_sums_over_the_batch(self):
        run, again = (Run(config("mog"), few_digits()) for _ in range(2))
        done = run._step(ROWS, 1.0, 1e-3)
        x, noise, index, *_ = arguments(again)
        w = again.model(x, index=index, noise=noise)
        torch.testing.assert_close(done, torch.stack([w.log_likelihood.sum(), w.kl.sum(), torch.tensor(1.0)]))

    def test_moments_go_through_their_names(self):
        run, other = (Run(config("vamp"), few_digits()) for _ in range(2))
        run._step(ROWS, 1.0, 1e-3)
        kept = run.step.moments()
        other.step.load_moments(kept)
        assert all(torch.equal(value, kept[name]) for name, value in other.step.moments().items())
        with pytest.raises(KeyError):
            other.step.load_moments({"0.step": torch.tensor(1.0)})
        with pytest.raises(RuntimeError, match="size"):
            other.step.load_moments(kept | {"0.exp_avg": torch.zeros(3, 3)})

    def test_the_names_are_those_of_states_that_were_saved_before(self):
        run = Run(config("sg"), few_digits())
        run._step(ROWS, 1.0, 1e-3)
        shapes = {name: value.shape for name, value in run.step.moments().items()}
        for number, weight in enumerate(run.model.parameters()):
            assert shapes.pop(f"{number}.exp_avg") == shapes.pop(f"{number}.exp_avg_sq") == weight.shape
            assert shapes.pop(f"{number}.step") == ()
        assert not shapes

    @pytest.mark.parametrize("optimizer", ["adam", "adam-norm-grad"])
    @pytest.mark.parametrize("skips_itself", [True, False])
    def test_leaves_everything_alone_where_something_is_not_finite(self, optimizer, skips_itself):
        run = Run(config("vamp", optimizer=optimizer), few_digits())
        run.step._skips_itself = skips_itself
        assert run.step(*arguments(run))[2] == 1
        assert_skips_what_is_not_finite(run)
        assert run.step(*arguments(run))[2] == 1
        assert run.step.moments()["0.step"] == 2


def assert_same_curve(settings: Config, rtol: float = 1e-4) -> Run:
    """Train as it is and compiled, compare the validation ELBOs of all epochs, and return the compiled run."""
    curves = {}
    for compile in ("off", "on"):
        run = Run(settings, few_digits(), compile=compile)
        curves[compile] = [record.validation_elbo for record in run.epochs()]
    torch.testing.assert_close(*map(torch.tensor, curves.values()), rtol=rtol, atol=0)
    return run


class TestCompiled:
    """In processes without the hook that checks shapes, which torch.compile cannot look through.

    Code is generated where bits or bf16 depend on it; else the graph is traced and run by torch, which is quicker.
    """

    def test_trains_to_the_same_curve_and_resumes_to_the_same_bits(self, tmp_path):
        """The run that goes on does so from the state of one that went on itself."""
        run_python(
            """
import shutil, sys
from pathlib import Path
import torch
from tests.small_runs import config, few_digits
from tests.training.test_step import assert_same_curve
from vampcore.training import Run, fit
from vampcore.training.state import read_state

settings = config("vamp", epochs=4)
whole, parts = Path(sys.argv[1]) / "whole", Path(sys.argv[1]) / "parts"
sys.modules["vampcore.training.fit"].SECONDS_BETWEEN_STATES = -1
sys.modules["vampcore.training.fit"].SHARE_FOR_STATES = 1e9
compiled = []
for record in fit(settings, few_digits(), whole, compile="on"):
    compiled.append(record.validation_elbo)
    if record.epoch == 2:
        shutil.copytree(whole, parts)
as_it_is = [record.validation_elbo for record in Run(settings, few_digits()).epochs()]
torch.testing.assert_close(torch.tensor(compiled), torch.tensor(as_it_is), rtol=1e-4, atol=0)
assert read_state(parts, settings).epoch == 2
assert [record.epoch for record in fit(settings, few_digits(), parts, resume=True, compile="on")] == [3, 4]
one, other = read_state(whole, settings), read_state(parts, settings)
assert one.epoch == other.epoch == 4
for part in ("weights", "best", "optimizer"):
    assert all(torch.equal(value, getattr(other, part)[name]) for name, value in getattr(one, part).items()), part

assert_same_curve(config("vamp", precision="bf16", epochs=3), rtol=2e-3)
""",
            str(tmp_path),
        )

    def test_what_changes_while_a_run_goes_on_is_seen(self):
        """Components that begin to live, the weight of the KL, an image that is not finite; and so in other models.

        Few as the exemplars are, their density is not written out, as that of 50,000 is not.
        """
        run_python("""
from tests.small_runs import config
from tests.tracing import trace_only
from tests.training.test_step import assert_same_curve, assert_skips_what_is_not_finite
from vampcore.distributions import log_sum

trace_only()
growing = {"epochs": 6, "warmup": 3, "components": 6, "grow_from": 2, "grow_every": 1, "optimizer": "adam-norm-grad"}
run = assert_same_curve(config("vamp-weighted", **growing))
assert int(run.model.prior.alive.sum()) > 2
assert_skips_what_is_not_finite(run)

small = {"transforms": 1, "transform_hidden": 8, "epochs": 1}
assert_same_curve(config("realnvp", **small))
assert_same_curve(config("sg", posterior="iaf", latent_dim=3, precision="bf16", **small), rtol=2e-3)

log_sum.PAIRS_WRITTEN_OUT = log_sum.PAIRS_FUSED = 0
assert_same_curve(config("exemplar", epochs=3))
""")
