import math

import pytest
import torch
from torch.nn import functional

from vampcore.nn import LOGVAR_RANGE, GatedConv2d, GatedDense, MaskedConv2d, NormalHead, gated_layers


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


def test_a_gated_layer_of_both_is_that_of_the_two_side_by_side(generator):
    layer, shared = GatedDense(5, 3), torch.randn(4, 2, generator=generator)
    layer.linear.bias.data = torch.randn(6, generator=generator)
    each = torch.randn(7, 4, 3, generator=generator)
    side_by_side = torch.cat([shared.expand(7, 4, 2), each], -1)
    torch.testing.assert_close(layer.of_both(shared, each), layer(side_by_side))


def test_layers_are_as_many_and_as_wide_as_asked():
    stack = gated_layers(7, 5, 3)
    assert [(layer.linear.in_features, layer.linear.out_features) for layer in stack] == [(7, 10), (5, 10), (5, 10)]
    assert stack(torch.ones(2, 7)).shape == (2, 5)


class TestGatedConv2d:
    @pytest.mark.parametrize("stride", [1, 2])
    @pytest.mark.parametrize("kernel", [1, 3, 5])
    def test_is_a_convolution_times_the_sigmoid_of_another(self, kernel, stride, generator):
        layer, x = GatedConv2d(2, 3, kernel, stride), torch.randn(4, 2, 7, 6, generator=generator)
        layer.convolution.bias.data = torch.randn(6, generator=generator)
        weight, bias = layer.convolution.weight, layer.convolution.bias
        value, gate = (
            functional.conv2d(x, weight[part], bias[part], stride, kernel // 2) for part in (slice(3), slice(3, 6))
        )
        torch.testing.assert_close(layer(x), value / (1 + torch.exp(-gate)))

    @pytest.mark.parametrize("size", [(1, 1), (7, 8), (28, 20), (5, 9)])
    def test_keeps_the_size_or_halves_it_upwards(self, size):
        x = torch.zeros(1, 1, *size)
        for kernel in (3, 5, 7):
            assert GatedConv2d(1, 2, kernel)(x).shape == (1, 2, *size)
            assert GatedConv2d(1, 2, kernel, 2)(x).shape == (1, 2, (size[0] + 1) // 2, (size[1] + 1) // 2)

    def test_starts_as_he_et_al(self):
        layer = GatedConv2d(32, 64, 5)
        assert layer.convolution.weight.std().item() == pytest.approx(math.sqrt(2 / (32 * 25)), rel=0.02)
        assert (layer.convolution.bias == 0).all()


@pytest.mark.parametrize("mask", ["A", "B"])
class TestMaskedConv2d:
    @pytest.mark.parametrize("kernel", [3, 5])
    def test_is_the_whole_convolution_with_zeros_after_the_centre(self, mask, kernel, generator):
        layer, x = MaskedConv2d(2, 3, kernel, mask), torch.randn(4, 2, 6, 5, generator=generator)
        whole = torch.zeros(3, 2, kernel * kernel)
        seen = kernel * kernel // 2 + (mask == "B")
        whole[..., :seen] = layer.weight.flatten(2)[..., :seen]
        expected = functional.conv2d(x, whole.view(3, 2, kernel, kernel), layer.bias, padding=kernel // 2)
        torch.testing.assert_close(layer(x), expected)

    def test_sees_the_pixels_before_and_no_other(self, mask):
        layer, x = MaskedConv2d(1, 1, 3, mask), torch.zeros(1, 1, 4, 5, requires_grad=True)
        (gradient,) = torch.autograd.grad(layer(x)[0, 0, 2, 2], x)
        seen = {(1, 1), (1, 2), (1, 3), (2, 1)} | ({(2, 2)} if mask == "B" else set())
        assert {tuple(place) for place in gradient[0, 0].nonzero().tolist()} == seen

    def test_places_and_matrix_are_the_layer_at_one_pixel(self, mask, generator):
        layer, x = MaskedConv2d(2, 3, 3, mask), torch.randn(1, 2, 4, 5, generator=generator)
        around = torch.cat([x[0, :, 2 + row, 3 + column] for row, column in layer.places()])
        torch.testing.assert_close(layer.matrix() @ around + layer.bias, layer(x)[0, :, 2, 3])

    def test_its_scale_at_the_start_counts_what_it_sees(self, mask):
        layer = MaskedConv2d(64, 128, 3, mask)
        fan_in = 64 * (4 + (mask == "B"))
        assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.02)
        assert 0 < layer.bias.abs().max() <= 1 / math.sqrt(fan_in)

    def test_the_mask_is_not_stored(self, mask):
        assert set(MaskedConv2d(1, 1, 3, mask).state_dict()) == {"weight", "bias"}


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
