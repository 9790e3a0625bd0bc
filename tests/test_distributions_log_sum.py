"""Sums over many components, part by part: values, gradients, what is left out, and memory."""

import math
import subprocess
import sys

import pytest
import torch
from torch.nn import functional

from tests.mixtures import mixture, points
from vampcore.distributions import DiagNormal, DiagNormalMixture, OneScaleNormal, log_sum
from vampcore.distributions import mixture as mixtures
from vampcore.distributions.log_sum import linear_logsumexp

ROWS, COMPONENTS, FEATURES = 7, 11, 3


@pytest.fixture
def small_parts(monkeypatch) -> None:
    """Parts of 2 rows and 3 components, which divide neither."""
    monkeypatch.setattr(log_sum, "PAIRS_WRITTEN_OUT", 0)
    monkeypatch.setattr(log_sum, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(log_sum, "PAIRS_AT_ONCE_ON_CPU", 6)


@pytest.fixture
def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    x, weight, bias = points((ROWS, FEATURES)), points((COMPONENTS, FEATURES), seed=1), points((COMPONENTS,), seed=2)
    return x.requires_grad_(), weight.requires_grad_(), bias.requires_grad_()


def written_out(x, weight, bias, left_out=None):
    terms = functional.linear(x, weight, bias)
    return (terms if left_out is None else terms.scatter(-1, left_out.unsqueeze(-1), -math.inf)).logsumexp(-1)


@pytest.mark.usefixtures("small_parts")
class TestLogSumExp:
    @pytest.mark.parametrize("left_out", [None, torch.tensor([0, 10, 2, 3, 3, 5, 9])])
    def test_values_and_gradients_are_those_of_the_sum_written_out(self, inputs, left_out):
        ours, theirs = linear_logsumexp(*inputs, left_out), written_out(*inputs, left_out)
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
        towards = points((ROWS,), seed=3)
        torch.testing.assert_close(
            torch.autograd.grad(ours, inputs, towards), torch.autograd.grad(theirs, inputs, towards)
        )

    def test_gradients_agree_with_differences(self, inputs):
        left_out = torch.tensor([0, 10, 2, 3, 3, 5, 9])
        assert torch.autograd.gradcheck(lambda *each: linear_logsumexp(*each, left_out), inputs)

    def test_a_part_without_a_component_adds_nothing(self, inputs):
        x, weight, bias = (each.detach() for each in inputs)
        bias[:6] = -math.inf
        torch.testing.assert_close(linear_logsumexp(x, weight, bias), written_out(x, weight[6:], bias[6:]))

    def test_terms_far_below_the_largest_change_no_digit(self, inputs):
        x, weight, bias = (each.detach().clone() for each in inputs)
        bias[1:] -= 1000
        assert torch.equal(linear_logsumexp(x, weight, bias), functional.linear(x, weight[:1], bias[:1])[:, 0])

    def test_what_is_not_a_number_is_not_hidden(self, inputs):
        x, weight, bias = (each.detach().clone() for each in inputs)
        x[4] = math.nan
        assert linear_logsumexp(x, weight, bias).isnan().tolist() == [row == 4 for row in range(ROWS)]

    def test_precision_is_that_of_the_rows_under_autocast(self, inputs):
        x, weight, bias = (each.float() for each in inputs)
        with torch.autocast("cpu", torch.bfloat16):
            found = linear_logsumexp(x, weight, bias)
            gradient = torch.autograd.grad(found.sum(), inputs[1])[0]
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, written_out(x, weight, bias), rtol=1e-6, atol=1e-6)
        expected = torch.autograd.grad(written_out(*inputs).sum(), inputs[1])[0]
        torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-5)

    def test_no_more_pairs_than_a_part_are_held(self, inputs, monkeypatch):
        held = []
        terms = log_sum._terms
        monkeypatch.setattr(log_sum, "_terms", lambda *each: held.append(found := terms(*each)) or found)
        linear_logsumexp(*inputs).sum().backward()
        assert max(part.numel() for part in held) == 6
        assert sum(part.numel() for part in held) == 2 * ROWS * COMPONENTS  # once forwards, once backwards

    def test_a_small_sum_is_the_same(self, inputs, monkeypatch):
        left_out = torch.tensor([0, 10, 2, 3, 3, 5, 9])
        in_parts = linear_logsumexp(*inputs, left_out)
        monkeypatch.setattr(log_sum, "PAIRS_WRITTEN_OUT", ROWS * COMPONENTS)
        torch.testing.assert_close(linear_logsumexp(*inputs, left_out), in_parts, rtol=1e-12, atol=1e-12)

    @pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # opcheck's own
    @pytest.mark.parametrize("left_out", [None, torch.tensor([0, 10, 2, 3, 3, 5, 9])])
    def test_torch_finds_nothing_wrong_with_the_operation(self, inputs, left_out):
        torch.library.opcheck(log_sum._compiled_sums, (*inputs, left_out))

    def test_only_compiled_code_needs_the_compiler(self):
        script = "import torch, sys; from vampcore.distributions import log_sum; log_sum.PAIRS_WRITTEN_OUT = 0\n" + (
            "x, w, b = (torch.randn(shape, requires_grad=True) for shape in ((7, 3), (5, 3), (5,)))\n"
            "log_sum.linear_logsumexp(x, w, b).sum().backward(); sys.exit('torch._dynamo' in sys.modules)"
        )
        subprocess.run([sys.executable, "-c", script], check=True)

    def test_rows_keep_their_shape(self, inputs):
        x, weight, bias = (each.detach() for each in inputs)
        z = x[:6].view(2, 3, FEATURES)
        assert torch.equal(linear_logsumexp(z, weight, bias), linear_logsumexp(x[:6], weight, bias).view(2, 3))
        assert linear_logsumexp(x[:0], weight, bias).shape == (0,)


@pytest.mark.usefixtures("small_parts")
class TestMixturesInParts:
    """A mixture's density is the same in parts and written out."""

    @staticmethod
    def both(p: DiagNormalMixture, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return p.log_prob(z), p.joint(z).logsumexp(-1)

    def test_of_any_scales(self):
        torch.testing.assert_close(*self.both(mixture(9, 5), points((4, 3, 5))))

    def test_with_components_removed(self):
        torch.testing.assert_close(
            *self.both(mixture(9, 5).without(0).without(1).without(2).without(7), points((4, 3, 5)))
        )

    def test_where_each_observation_leaves_one_out(self):
        p = mixture(9, 5).without(torch.tensor([8, 0, 4]))
        torch.testing.assert_close(*self.both(p, points((4, 3, 5))))

    @pytest.mark.parametrize("less", [0, 20, 40, 800])
    def test_where_one_component_has_nearly_all_the_weight(self, less):
        p = mixture(3)
        heavy = DiagNormalMixture(p.components, torch.tensor([0.0, -less, -less - 1], dtype=torch.float64))
        torch.testing.assert_close(*self.both(heavy.without(torch.tensor([0, 1])), points((4, 2, 2))))

    @pytest.mark.parametrize("left_out", [None, torch.tensor([8, 0, 4])])
    @pytest.mark.parametrize("one_scale", [False, True])
    def test_gradients_are_those_of_the_sum_written_out(self, one_scale, left_out):
        p, z = mixture(9, 5), points((4, 3, 5)).requires_grad_()
        mean = p.components.mean.clone().requires_grad_()
        logvar = p.components.logvar[(0, 0) if one_scale else ...].clone().requires_grad_()
        logits = p.logits.clone().requires_grad_()
        components = OneScaleNormal.of(mean, logvar) if one_scale else DiagNormal(mean, logvar)
        made = DiagNormalMixture(components, logits, left_out)
        ours, theirs = (torch.autograd.grad(each.sum(), (mean, logvar, logits, z)) for each in self.both(made, z))
        torch.testing.assert_close(ours, theirs)

    def test_without_float64_some_places_are_taken_at_a_time(self, monkeypatch):
        """What MPS takes, here on the CPU."""
        p, z = mixture(9, 5), points((4, 3, 5))
        whole = p.log_prob(z)
        monkeypatch.setattr(mixtures, "NUMBERS_AT_ONCE", 2 * 9 * 5)
        seen = []
        joint = DiagNormalMixture.joint
        monkeypatch.setattr(DiagNormalMixture, "joint", lambda self, z: seen.append(len(z)) or joint(self, z))
        with torch.no_grad():
            torch.testing.assert_close(p._directly(z), whole)
        assert seen == [2] * 6

    def test_of_one_scale(self):
        p, logvar = mixture(9, 5), torch.tensor(-0.8, dtype=torch.float64)
        shared = DiagNormalMixture(OneScaleNormal.of(p.components.mean, logvar), p.logits)
        torch.testing.assert_close(*self.both(shared, points((4, 3, 5))))


class TestOneScaleNormal:
    MEANS = points((50, 40), seed=4, dtype=torch.float32)

    def test_density_is_that_of_normals_written_out(self):
        z = points((6, 40), dtype=torch.float32)
        q = OneScaleNormal.of(self.MEANS, torch.tensor(-2.0))
        expected = q.log_prob(z.double().unsqueeze(-2)).float()
        torch.testing.assert_close(q.pairwise_log_prob(z), expected, rtol=0, atol=1e-3)
        with torch.no_grad():
            torch.testing.assert_close(q.pairwise_log_prob(z), expected, rtol=2e-7, atol=0)

    def test_far_from_zero_it_is_as_accurate(self):
        z, far = points((6, 40), dtype=torch.float32), 100.0
        near = OneScaleNormal.of(self.MEANS, torch.tensor(0.0)).pairwise_log_prob(z)
        there = OneScaleNormal.of(self.MEANS + far, torch.tensor(0.0)).pairwise_log_prob(z + far)
        torch.testing.assert_close(there, near, rtol=0, atol=5e-3)

    def test_gradients_reach_means_scale_and_places(self):
        means, logvar, z = self.MEANS.double(), torch.tensor(-1.0, dtype=torch.float64), points((6, 40))
        leaves = [each.requires_grad_() for each in (means, logvar, z)]
        q = OneScaleNormal.of(means, logvar)
        ours = torch.autograd.grad(q.pairwise_log_prob(z).logsumexp(-1).sum(), leaves)
        written = torch.autograd.grad(q.log_prob(z.unsqueeze(-2)).logsumexp(-1).sum(), leaves)
        torch.testing.assert_close(ours, written)

    def test_a_part_of_them_is_of_one_scale_too(self):
        assert isinstance(OneScaleNormal.of(self.MEANS, torch.tensor(0.0))[3:5], OneScaleNormal)
