"""Decoded means for pictures that are to differ by z alone: noise that a decoder draws is shared among them."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions import noise, uniform
from vampcore.models.pixelcnn import Autoregressive
from vampcore.models.vae import VAE


@torch.no_grad()
def decoded_means(
    model: VAE,
    layers: Sequence[Float[Tensor, "N D"]],
    generator: torch.Generator,
    draws: int = 0,
    temperature: float = 1.0,
    chunk: int = 1000,
) -> Iterator[Float[Tensor, "n C H W"]]:
    """Decoded means of N points, some at a time; the same point gives the same image wherever it stands.

    Layers that are not given take the means of their priors, or with `draws` are drawn from them: row i with the noise
    number i % draws. A PixelCNN has no mean in closed form: its images are drawn, those of one number with one noise.

    Arguments:
        model: In evaluation mode.
        layers: z of the top layer, and of as many layers below it as are known.
        generator: Source of the noise.
        draws: How many noises the rows take in turn; 0 for none.
        temperature: Multiplies the noise of the lower layers.
        chunk: Rows at once.
    """
    count, top = max(1, draws), layers[0]
    missing = model.lower_layers()[len(layers) - 1 :]
    epsilon = [noise((count, layer.latent_dim), top, generator) * min(draws, 1) for layer in missing]
    pixel_noise = None
    for start in range(0, max(1, len(top)), chunk):
        z, *below = (layer[start : start + chunk] for layer in layers)
        turn = torch.arange(start, start + len(z), device=top.device) % count
        p = model.decode(z, temperature=temperature, below=below, noise=[each[turn] for each in epsilon])
        if not isinstance(p, Autoregressive):
            yield p.mean()
            continue
        if pixel_noise is None:
            pixel_noise = uniform((p.network.output.draws, count, *p.network.shape), top, generator)
        yield p.at(pixel_noise[:, turn])[1]
