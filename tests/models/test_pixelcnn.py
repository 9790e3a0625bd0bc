"""A PixelCNN is a distribution over images: what comes before decides, all images sum to one, and samples agree."""

import dataclasses

import pytest
import torch
from scipy import stats

from tests.models.seeded import apart, assert_gradients_reach_every_parameter, binary, seeded
from tests.processes import run_python
from tests.small_runs import config, few_digits
from vampcore.config import Config, DataSpec
from vampcore.likelihoods import Likelihood
from vampcore.models import VAE, build
from vampcore.models.outputs import pixel_output
from vampcore.models.pixelcnn import Autoregressive, MaskedLayer, PixelCNN, PixelDecoder
from vampcore.models.vae import BYTES_PER_NUMBER
from vampcore.training import Run

CONFIG = Config(data="digits", experiment="a", model="pixelhvae", components=4, latent_dim=3, hidden=7, seed=4)


def likelihood(
    shape: tuple[int, int, int], *batch: int, name: str = "bernoulli", levels: int = 1, depth: int = 2
) -> Autoregressive:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = PixelCNN(shape, 2, pixel_output(name, levels), filters=8, depth=depth).double()
    for parameter in network.parameters():
        parameter.data *= 2  # so that pixels depend on one another by more than rounding
    return Autoregressive(network, torch.randn(*batch, 2, *shape[1:], generator=seeded(1)).double())


def all_images(shape: tuple[int, int, int], levels: int = 1) -> torch.Tensor:
    pixels = shape[0] * shape[1] * shape[2]
    values = torch.arange(levels + 1, dtype=torch.float64) / levels
    return torch.cartesian_prod(*[values] * pixels).view(-1, *shape)


def small(**changes) -> VAE:
    return build(dataclasses.replace(CONFIG, **changes), DataSpec((1, 4, 3), 1, ()))


class TestDependence:
    @pytest.mark.parametrize(("name", "levels"), [("bernoulli", 1), ("logistic", 255)])
    def test_a_pixel_depends_on_those_before_it_alone(self, name, levels):
        """d log p(x_i | x before i) / d x_j through the network: 0 for j >= i, not 0 for some j < i."""
        shape = (1, 4, 5)
        p = likelihood(shape, 1, name=name, levels=levels)
        x = torch.rand(1, *shape, generator=seeded()).double().requires_grad_()
        distribution = p.network(x, p.condition)
        maps = distribution.logits if name == "bernoulli" else distribution.location + distribution.log_scale
        for i, each in enumerate(maps.flatten()):
            (gradient,) = torch.autograd.grad(each, x, retain_graph=True)
            assert (gradient.flatten()[i:] == 0).all(), i
            assert i == 0 or (gradient.flatten()[:i] != 0).any(), i

    def test_what_comes_before_reaches_as_far_as_the_layers_do(self):
        p = likelihood((1, 4, 5), 1, depth=7)
        x = torch.rand(1, 1, 4, 5, generator=seeded()).double().requires_grad_()
        (gradient,) = torch.autograd.grad(p.network(x, p.condition).logits[0, 0, 3, 4], x)
        assert (gradient.flatten()[:-1] != 0).all()

    def test_channels_of_a_pixel_come_together(self):
        p = likelihood((2, 2, 3), 1)
        x = torch.rand(1, 2, 2, 3, generator=seeded()).double().requires_grad_()
        (gradient,) = torch.autograd.grad(p.network(x, p.condition).logits[0, 1, 1, 1], x)
        assert (gradient[0, :, 0] != 0).all()
        assert (gradient[0, :, 1, 0] != 0).all()
        assert (gradient[0, :, 1, 1:] == 0).all()

    def test_all_pixels_but_the_first_depend_on_both_layers(self):
        decoder = PixelDecoder((1, 3, 3), 4, pixel_output("bernoulli", 1), filters=8, depth=2)
        z2, z1 = (torch.randn(1, 4, generator=seeded(i)).requires_grad_() for i in range(2))
        logits = decoder(z2, z1).network(torch.zeros(1, 1, 3, 3), decoder(z2, z1).condition).logits.flatten()
        for i, each in enumerate(logits):
            gradients = torch.autograd.grad(each, (z2, z1), retain_graph=True)
            assert all(bool((gradient != 0).any()) == (i > 0) for gradient in gradients), i

    def test_images_do_not_see_each_other(self):
        """As they would through the statistics of a batch, also while training."""
        p, x = likelihood((1, 3, 4), 5), torch.rand(5, 1, 3, 4, generator=seeded()).double()
        assert p.network.training
        alone = Autoregressive(p.network, p.condition[2:3])
        torch.testing.assert_close(alone.log_prob(x[2:3]), p.log_prob(x)[2:3])


class TestDensity:
    @pytest.mark.parametrize(
        ("shape", "name", "levels"),
        [
            ((1, 3, 3), "bernoulli", 1),
            ((1, 2, 2), "binomial", 3),
            ((2, 2, 2), "bernoulli", 1),
            ((1, 1, 6), "binomial", 2),
        ],
    )
    def test_all_images_sum_to_one(self, shape, name, levels):
        p = likelihood(shape, name=name, levels=levels)
        log_prob = p.log_prob(all_images(shape, levels))
        assert log_prob.exp().sum().item() == pytest.approx(1, abs=1e-9)
        assert log_prob.exp().max() > 2 * log_prob.exp().median()

    def test_all_grey_images_sum_to_one(self):
        p = likelihood((1, 1, 2), name="logistic", levels=255)
        grey = (torch.arange(256, dtype=torch.float64) + 0.5) / 256
        x = torch.cartesian_prod(grey, grey).view(-1, 1, 1, 2)
        assert p.log_prob(x).exp().sum().item() == pytest.approx(1, abs=1e-6)

    def test_samples_share_an_observation(self):
        p, x = likelihood((1, 2, 3), 4, 5), torch.randint(2, (5, 1, 2, 3), generator=seeded()).double()
        together = p.log_prob(x)
        assert together.shape == (4, 5)
        torch.testing.assert_close(together[3], Autoregressive(p.network, p.condition[3]).log_prob(x))

    def test_samples_come_from_it(self):
        shape, count = (1, 2, 2), 20_000
        p = likelihood(shape)
        many = Autoregressive(p.network, p.condition.expand(count, -1, -1, -1))
        drawn = many.sample(seeded(5)).flatten(1) @ torch.tensor([8.0, 4, 2, 1], dtype=torch.float64)
        observed = torch.bincount(drawn.long(), minlength=16)
        expected = count * p.log_prob(all_images(shape)).exp()
        assert stats.chisquare(observed.numpy(), expected.detach().numpy(), sum_check=False).pvalue > 1e-3


class TestMean:
    def test_is_each_pixels_given_those_drawn_before_it(self):
        p = likelihood((2, 3, 4), 2, 3, name="binomial", levels=4)
        image, mean = p.sample(seeded(7)), p.mean(seeded(7))
        assert isinstance(p, Likelihood)
        assert image.shape == mean.shape == (2, 3, 2, 3, 4)
        given = p.network(image.flatten(0, 1), p.condition.flatten(0, 1)).mean()
        torch.testing.assert_close(mean.flatten(0, 1), given)
        assert torch.equal(4 * image, (4 * image).round())

    def test_a_seed_decides(self):
        p = likelihood((1, 6, 6), 3)
        assert torch.equal(p.mean(seeded(1)), p.mean(seeded(1)))
        assert not torch.equal(p.mean(seeded(1)), p.mean(seeded(2)))


class TestMaskedLayer:
    def test_normalises_the_channels_of_each_pixel(self):
        layer = MaskedLayer(3, 5, "B")
        x = torch.randn(2, 3, 4, 4, generator=seeded())
        features = layer.convolution(x)
        centred = features - features.mean(1, keepdim=True)
        expected = (centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()).relu()
        torch.testing.assert_close(layer(x), expected)

    def test_leaves_no_statistics_behind(self):
        """So that a step that is not finite cannot spoil any, and processes need not share them."""
        model = small()
        assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}


def test_compiles_whole():
    """In a process without the hook that checks shapes, which torch.compile cannot look through."""
    run_python("""
import torch
from vampcore.models.outputs import pixel_output
from vampcore.models.pixelcnn import PixelDecoder

shape = (1, 4, 3)
decoder = PixelDecoder(shape, 2, pixel_output("logistic", 255), filters=4, depth=1)
x, z2, z1 = torch.rand(3, *shape), torch.randn(2, 3, 2), torch.randn(2, 3, 2)
log_prob = lambda z2, z1, x: decoder(z2, z1).log_prob(x)
compiled = torch.compile(log_prob, fullgraph=True, backend="aot_eager")
found = [
    (w := function(z2, z1, x), torch.autograd.grad(w.sum(), list(decoder.parameters())))
    for function in (log_prob, compiled)
]
torch.testing.assert_close(*found, rtol=1e-3, atol=1e-3)
""")


class TestModel:
    @pytest.mark.parametrize("prior", ["sg", "mog", "vamp", "vamp-weighted", "vamp-data"])
    def test_gradients_reach_every_parameter(self, prior):
        model = apart(small(prior=prior))
        (-model(binary(6, (1, 4, 3)), 3, generator=seeded()).total().mean()).backward()
        assert_gradients_reach_every_parameter(model)

    @pytest.mark.parametrize("batch", [(), (2,), (3, 2)])
    def test_decodes_any_batch(self, batch):
        p = small().decode(torch.zeros(*batch, 3), seeded())
        assert p.sample(seeded()).shape == p.mean(seeded()).shape == (*batch, 1, 4, 3)

    def test_the_network_is_the_papers(self):
        network = small().decoder.network
        assert len(network.layers) == 8
        assert [layer.convolution.weight.shape[:2] for layer in network.layers] == [(64, 3), *[(64, 64)] * 7]
        assert [int(layer.convolution.seen.sum()) for layer in network.layers] == [4, *[5] * 7]

    def test_tells_how_much_memory_it_takes(self):
        assert small().bytes_per_number > 4 * 64 * 3
        assert small(model="hvae").bytes_per_number == BYTES_PER_NUMBER

    def test_a_step_that_is_not_finite_leaves_everything_alone(self):
        run = Run(config("vamp", model="pixelhvae"), few_digits())
        rows = torch.arange(50)
        run._step(rows, 1.0, 1e-3)
        before = {name: value.clone() for name, value in run.model.state_dict().items()}
        x = run.images[rows].float() / 16
        noise = run.model.noise(50, 1, run.noise)
        noise[0][0, 3, 1] = float("nan")
        assert run.step(x, noise, rows, 50, 1.0, 1e-3)[2] == 0
        assert all(torch.equal(value, before[name]) for name, value in run.model.state_dict().items())
