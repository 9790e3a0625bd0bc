"""Priors whose components are the encoder's posteriors at pseudo-inputs: learned ones, or training images."""

from typing import Any

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from vampcore.config import Config
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.kinds import PriorKind
from vampcore.priors.active_mask import initial_active, mask_inactive
from vampcore.priors.encoder import Encoder
from vampcore.priors.registry import GrowingPrior, Prior, TrainingImages

# At 0 and 1 a pixel of a pseudo-input can move one way only, so every pixel starts inside by this margin.
MARGIN = 0.01


class _ClampInwards(torch.autograd.Function):
    """The function behind `clamp_inwards`."""

    @staticmethod
    def forward(ctx: Any, raw: Tensor) -> Tensor:
        ctx.save_for_backward(raw)
        return raw.clamp(0, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (raw,) = ctx.saved_tensors
        # A step goes against the gradient.
        outwards = ((raw <= 0) & (gradient > 0)) | ((raw >= 1) & (gradient < 0))
        return gradient.masked_fill(outwards, 0.0)


def clamp_inwards(raw: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """`raw` clamped to [0, 1]; its gradient is let through wherever descending it does not lead further out.

    The gradient at a value that has left is that at the end of the interval, where the value is seen.
    """
    return _ClampInwards.apply(raw)


class VampPrior(GrowingPrior):
    """sum_k w_k q(z | u_k): the encoder's posteriors at K trainable pseudo-inputs.

    The pseudo-inputs are clamped to [0, 1] where they enter the encoder, as in the paper. A plain clamp passes no
    gradient outside, so that a pixel that has left never comes back (39 % of them after 40 epochs of static MNIST);
    here one at an end keeps the gradient that leads inwards: see `clamp_inwards`.

    Arguments:
        pseudo_inputs: Where they start.
        learned_weights: Learn w_k; otherwise they are equal.
        grow_from: Components that are alive at the start; 0 for all, always. See `vampcore.training.growing`.

    Reference:
        Tomczak, Welling, VAE with a VampPrior, AISTATS 2018. https://arxiv.org/abs/1705.07120
    """

    alive: UInt8[Tensor, " K"] | None

    def __init__(
        self, pseudo_inputs: Float[Tensor, "K C H W"], learned_weights: bool = False, grow_from: int = 0
    ) -> None:
        super().__init__()
        self.register_buffer("alive", initial_active(len(pseudo_inputs), grow_from))
        self.pseudo_inputs = nn.Parameter(pseudo_inputs.clone())
        logits = torch.zeros(len(pseudo_inputs))
        if learned_weights:
            self.logits = nn.Parameter(logits)
        else:
            self.register_buffer("logits", logits, persistent=False)

    def forward(self, encoder: Encoder, index: Int[Tensor, " N"] | None = None) -> DiagNormalMixture:
        return DiagNormalMixture(encoder(self.images()), mask_inactive(self.logits, self.alive))

    @torch.no_grad()
    def start(self, images: TrainingImages) -> None:
        pixels = images.first_pseudo_inputs()
        if self.alive is not None:
            # What waits for its growth learns nothing: started at a training image, it would be kept as that image.
            pixels[self.alive.cpu() == 0] = images.noise_mean()
        self.pseudo_inputs.copy_(pixels.clamp(MARGIN, 1 - MARGIN))

    @torch.no_grad()
    def place(self, slots: Int[Tensor, " R"], images: Float[Tensor, "R C H W"], posterior: DiagNormal) -> None:
        """Let some components start at these images: as pseudo-inputs."""
        self.pseudo_inputs[slots] = images

    def images(self) -> Float[Tensor, "K C H W"]:
        """The pseudo-inputs as the encoder sees them, in [0, 1]."""
        return clamp_inwards(self.pseudo_inputs)

    def outside(self) -> float:
        """Share of pseudo-input pixels at or beyond 0 and 1, which are seen as 0 and 1.

        Their gradient leads inwards or is 0; an optimiser's momentum may carry one further out for some steps.
        """
        raw = self.pseudo_inputs.detach()
        return ((raw <= 0) | (raw >= 1)).float().mean().item()


class VampData(Prior):
    """The VampPrior with fixed training images for pseudo-inputs ("Vamp data").

    A checkpoint holds the images' row numbers and their encoded components, never the images; `attach` lends the
    images while training, and without them the stored components are the prior.
    """

    rows: Int[Tensor, " K"]
    mean: Float[Tensor, "K D"]
    logvar: Float[Tensor, "K D"]

    def __init__(self, components: int, latent_dim: int) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(components, dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(components, latent_dim))
        self.register_buffer("logvar", torch.zeros(components, latent_dim))
        self.register_buffer("pseudo_inputs", None, persistent=False)

    def forward(self, encoder: Encoder, index: Int[Tensor, " N"] | None = None) -> DiagNormalMixture:
        normal = DiagNormal(self.mean, self.logvar) if self.pseudo_inputs is None else encoder(self.pseudo_inputs)
        return DiagNormalMixture(normal, normal.mean.new_zeros(len(self.rows)))

    def lend(self, images: TrainingImages) -> None:
        rows = images.random_rows()
        self.attach(rows, images.observed(rows))

    def attach(self, rows: Int[Tensor, " K"], images: Float[Tensor, "K C H W"]) -> None:
        """Lend the training images at `rows`; from now on they are encoded afresh at each call."""
        self.rows.copy_(rows)
        self.pseudo_inputs = images.to(self.mean.device)

    def give_back(self) -> None:
        """Let go of the images; from now on the stored components are the prior."""
        self.register_buffer("pseudo_inputs", None, persistent=False)

    @torch.no_grad()
    def refresh(self, encoder: Encoder) -> None:
        """Keep the components as `encoder` sees the lent images now."""
        if self.pseudo_inputs is not None:
            normal = encoder(self.pseudo_inputs)
            self.mean.copy_(normal.mean)
            self.logvar.copy_(normal.logvar)


def _learned(config: Config, shape: tuple[int, int, int]) -> VampPrior:
    weighted = config.prior == "vamp-weighted"
    return VampPrior(torch.full((config.components, *shape), 0.5), weighted, config.grow_from)


KINDS = (
    PriorKind(
        key="vamp",
        short="Vamp",
        name="VampPrior",
        sentence="VampPrior with equal weights",
        idea="{K} clouds, each the encoding of a learned image",
        build=_learned,
        grows=True,
    ),
    PriorKind(
        key="vamp-weighted",
        short="Vamp, learned weights",
        name="VampPrior, learned weights",
        sentence="VampPrior with learned weights",
        noun="VampPrior with learned weights",
        idea="{K} clouds, each the encoding of a learned image, with a weight of its own",
        build=_learned,
        grows=True,
        of_images=lambda images, logits: {"pseudo_inputs": images, "logits": logits},
    ),
    PriorKind(
        key="vamp-data",
        short="Vamp data",
        name="VampPrior, training images",
        sentence="VampPrior with fixed training images",
        noun="VampPrior on training images",
        idea="{K} clouds, each the encoding of a training image",
        build=lambda config, shape: VampData(config.components, config.latent_dim),
        no_pseudo_inputs="The pseudo-inputs of this prior are training images, which are not stored in the checkpoint.",
    ),
)
