"""Drawing along diagonals gives what drawing pixel by pixel with a pass of the whole network each gives."""

import pytest
import torch

from vampcore.models.outputs import pixel_output
from vampcore.models.pixelcnn import Autoregressive, PixelCNN


def pixel_by_pixel(p: Autoregressive, u: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """One pass of the network for each pixel."""
    image, mean = torch.zeros_like(u[0]), torch.zeros_like(u[0])
    for i in range(image.shape[-2]):
        for j in range(image.shape[-1]):
            distribution = p.network(image, p.condition)
            image[..., i, j] = distribution.at(u)[..., i, j]
            mean[..., i, j] = distribution.mean()[..., i, j]
    return image, mean


@pytest.mark.parametrize(("name", "levels"), [("bernoulli", 1), ("binomial", 5), ("logistic", 255)])
@pytest.mark.parametrize("shape", [(1, 5, 7), (1, 7, 4), (2, 4, 4), (1, 1, 6), (1, 6, 1), (3, 1, 1), (1, 2, 9)])
def test_agrees_with_a_pass_for_each_pixel(shape, name, levels, generator):
    output = pixel_output(name, levels)
    network = PixelCNN(shape, 2, output, filters=6, depth=3).double()
    for parameter in network.parameters():
        parameter.data *= 2
    condition = torch.randn(3, 2, *shape[1:], generator=generator).double()
    u = torch.rand(output.draws, 3, *shape, generator=generator).double()
    p = Autoregressive(network, condition)
    with torch.no_grad():
        (image, mean), (slow_image, slow_mean) = p.at(u), pixel_by_pixel(p, u)
    torch.testing.assert_close(image, slow_image, rtol=0, atol=1e-12)
    torch.testing.assert_close(mean, slow_mean, rtol=1e-9, atol=1e-12)


def test_many_images_are_drawn_in_parts(monkeypatch, generator):
    network = PixelCNN((1, 4, 3), 2, pixel_output("bernoulli", 1), filters=4, depth=1)
    p = Autoregressive(network, torch.randn(7, 2, 4, 3, generator=generator))
    u = torch.rand(1, 7, 1, 4, 3, generator=generator)
    whole = p.at(u)
    monkeypatch.setattr("vampcore.models.pixelcnn.DRAWN_AT_ONCE", 3)
    for part, expected in zip(p.at(u), whole, strict=True):
        torch.testing.assert_close(part, expected)
