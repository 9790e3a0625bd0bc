"""Learned invertible transforms: what moves what, bounds, gradients, and what a file may hold of them."""

import pytest
import torch

from tests.flows import transforms
from tests.mixtures import points
from vampcore.transforms import LOG_SCALE_BOUND, AffineTransforms, count_learned


def jacobian(transform, x):
    return torch.autograd.functional.jacobian(lambda each: transform.call_and_ladj(each)[0], x)


def movers(transform, x):
    """Which dimension depends on which."""
    return jacobian(transform, x).abs() > 1e-12


class TestAffineTransforms:
    def test_one_half_moves_the_other_in_turns(self):
        first, second, third = (movers(each, points((5,))) for each in transforms(5, coupling=True)())
        alone = torch.eye(5, dtype=torch.bool)
        lower, upper = alone.clone(), alone.clone()
        lower[3:, :3] = True
        upper[:2, 2:] = True
        assert torch.equal(first, lower)
        assert torch.equal(second, upper)
        assert torch.equal(third, lower)

    def test_earlier_dimensions_move_later_ones_in_turns(self):
        first, second, _ = (movers(each, points((4,))) for each in transforms(4, coupling=False)())
        every = torch.ones(4, 4, dtype=torch.bool)
        assert torch.equal(first, every.tril())
        assert torch.equal(second, every.triu())

    @pytest.mark.parametrize("coupling", [True, False])
    def test_inverse(self, coupling):
        x, context = points((6, 5)), points((6, 3), seed=4)
        for transform in transforms(5, coupling, context=3)(context):
            y, forward = transform.call_and_ladj(x)
            back, backward = transform.inv.call_and_ladj(y)
            torch.testing.assert_close(back, x)
            torch.testing.assert_close(backward, -forward)

    @pytest.mark.parametrize("coupling", [True, False])
    def test_gradients_reach_every_weight_that_is_not_masked(self, coupling):
        # Start values: a flow that could not leave its start would not show in a trained one.
        with torch.random.fork_rng():
            torch.manual_seed(0)
            chain = AffineTransforms(4, 3, 8, coupling, context=3).double()
        total, x = 0, points((50, 4))
        for transform in chain(points((50, 3), seed=4)):
            x, log_determinant = transform.call_and_ladj(x)
            total = total + log_determinant + x.square().sum(-1)
        total.sum().backward()
        for name, layer in chain.named_modules():
            if hasattr(layer, "mask"):
                assert torch.equal(layer.weight.grad != 0, layer.mask), name
                assert (layer.bias.grad != 0).all(), name

    def test_scales_are_bounded_whatever_the_weights(self):
        chain = transforms(4, coupling=True)
        for parameter in chain.parameters():
            parameter.data *= 1e4
        for transform in chain():
            y, log_determinant = transform.call_and_ladj(points((30, 4)))
            assert y.isfinite().all()
            assert (log_determinant.abs() <= 4 * LOG_SCALE_BOUND).all()

    def test_starts_near_the_identity(self):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            chain = AffineTransforms(6, 8, 64, coupling=True)
        x = points((100, 6), dtype=torch.float32)
        y = x
        for transform in chain():
            y = transform.call_and_ladj(y)[0]
        assert 0 < (y - x).square().mean().sqrt() < 0.3 * x.std()

    def test_masks_are_not_stored(self):
        assert {name.rpartition(".")[2] for name in transforms(3, coupling=True).state_dict()} == {"weight", "bias"}

    @pytest.mark.parametrize("coupling", [True, False])
    def test_without_memory_it_has_the_same_shapes(self, coupling):
        with torch.device("meta"):
            empty = AffineTransforms(5, 2, 8, coupling, context=3)
        real = AffineTransforms(5, 2, 8, coupling, context=3)
        assert all(value.is_meta for value in empty.state_dict().values())
        assert {name: value.shape for name, value in empty.state_dict().items()} == {
            name: value.shape for name, value in real.state_dict().items()
        }


def test_masked_weights_are_not_counted_as_learned():
    chain = transforms(2, coupling=True, count=1, hidden=3)
    # Of the first dimension: a scale and a shift. Of the second: 1 x 3, 3 x 3, 3 x 2 weights; and all biases.
    assert count_learned(chain) == 3 + 9 + 6 + (3 + 3 + 4)
    assert count_learned(torch.nn.Linear(3, 2)) == 8
