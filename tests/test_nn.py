import math

import pytest
import torch

from vampcore.nn import LOGVAR_RANGE, GatedDense, NormalHead, gated_layers


@pytest.mark.parametrize("shape", [(), (5,), (2, 5)])
def test_a_gated_layer_is_a_map_times_the_sigmoid_of_another(shape, generator):
    layer, x = GatedDense(4, 3), torch.randn(*shape, 4, generator=generator)
    value, gate = layer.linear.weight[:3], layer.linear.weight[3:]
    bias = torch.randn(6, generator=generator)
    layer.linear.bias.data = bias
    expected = (x @ value.T + bias[:3]) / (1 + torch.exp(-(x @ gate.T + bias[3:])))
    torch.testing.assert_close(layer(x), expected)


def test_a_gated_layer_starts_as_he_et_al():
    layer = GatedDense(400, 300)
    assert layer.linear.weight.std().item() == pytest.approx(math.sqrt(2 / 400), rel=0.02)
    assert (layer.linear.bias == 0).all()


def test_layers_are_as_many_and_as_wide_as_asked():
    stack = gated_layers(7, 5, 3)
    assert [(layer.linear.in_features, layer.linear.out_features) for layer in stack] == [(7, 10), (5, 10), (5, 10)]
    assert stack(torch.ones(2, 7)).shape == (2, 5)


class TestNormalHead:
    def test_is_two_affine_maps(self, generator):
        head, features = NormalHead(4, 2), torch.randn(6, 4, generator=generator)
        q = head(features)
        torch.testing.assert_close(q.mean, features @ head.linear.weight[:2].T)
        torch.testing.assert_close(q.logvar, (features @ head.linear.weight[2:].T).clamp(-6, 2))

    def test_log_variances_stay_in_the_papers_range(self, generator):
        q = NormalHead(4, 20)(100 * torch.randn(50, 4, generator=generator))
        assert (q.logvar.min().item(), q.logvar.max().item()) == LOGVAR_RANGE == (-6.0, 2.0)
        assert q.mean.abs().max() > 50

    def test_leaves_autocast(self, generator):
        head, features = NormalHead(64, 8), torch.randn(6, 64, generator=generator)
        expected = head(features)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            inside, rounded = head(features), head.linear(features)
        assert rounded.dtype == torch.bfloat16
        assert inside.mean.dtype == inside.logvar.dtype == torch.float32
        assert torch.equal(inside.mean, expected.mean)

    def test_takes_features_that_autocast_rounded(self, generator):
        features = torch.randn(6, 64, generator=generator).bfloat16()
        q = NormalHead(64, 8)(features)
        assert q.mean.dtype == torch.float32
