"""Exemplars: the aggregated posterior of the training images as a prior, with one learned scale.

Reference:
    Norouzi, Fleet, Norouzi, Exemplar VAE: linking generative models, nearest neighbor retrieval, and data
    augmentation, NeurIPS 2020. https://arxiv.org/abs/2004.04795
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vampcore.distributions import DiagNormalMixture, OneScaleNormal
from vampcore.kinds import PriorKind
from vampcore.priors.encoder import Encoder
from vampcore.priors.registry import Prior, TrainingImages


class ExemplarPrior(Prior):
    """1/K sum_k N(m(x_k), scale^2 I): a component at the encoder's mean of every training image, one scale for all.

    Component k is training image k, so the number of a component is a row of the training set, and that is all a
    checkpoint tells of the image: it holds the means and the scale. `attach` lends the images while training.

    Given the rows of a batch, the prior of image n leaves component n out and has K - 1 components of equal weight:
    otherwise an image would be explained by itself. To encode all K images in every step would cost K / N times the
    step, so the means are kept:

    - The density is the sum over all K components, none of which is approximated away; it integrates to one.
    - The means of the images in the batch and of their `neighbours` nearest images are those of the encoder as it is.
      All others are as old as the image's last turn, an epoch at most. `refresh` makes all of them current; it
      is called before every validation and for every checkpoint, so that no figure is of stale components.
    - Gradients with respect to z and to the scale are those of the whole sum. The encoder learns through z and through
      the neighbours alone, which carry nearly all of the responsibility; far components would move it little.

    `choose` does what differs from step to step before the step, for the whole batch: the step itself is a function
    of tensors of fixed shapes, and every process of several has the same components.

    Arguments:
        components: Number K of training images.
        latent_dim: D.
        neighbours: Nearest images of each image that a step encodes with gradients.
    """

    mean: Float[Tensor, "K D"]
    lent: Float[Tensor, "K C H W"] | None
    fresh: Int[Tensor, " F"] | None

    def __init__(self, components: int, latent_dim: int, neighbours: int) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.logvar = nn.Parameter(torch.zeros(()))
        self.register_buffer("mean", torch.zeros(components, latent_dim))
        self.register_buffer("lent", None, persistent=False)
        self.register_buffer("fresh", None, persistent=False)

    def forward(self, encoder: Encoder, index: Int[Tensor, " N"] | None = None) -> DiagNormalMixture:
        mean = self.mean if index is None else self._with_neighbours(encoder)
        return DiagNormalMixture(OneScaleNormal.of(mean, self.logvar), mean.new_zeros(len(mean)), left_out=index)

    def lend(self, images: TrainingImages) -> None:
        self.attach(images.observed())

    def attach(self, images: Float[Tensor, "K C H W"]) -> None:
        """Lend all training images, in their order."""
        self.lent = images.to(self.mean.device)

    def give_back(self) -> None:
        """Let go of the images; from now on the means that are kept are the prior."""
        self.register_buffer("lent", None, persistent=False)
        self.register_buffer("fresh", None, persistent=False)

    @torch.no_grad()
    def refresh(self, encoder: Encoder) -> None:
        """Keep the means that `encoder` gives the lent images now."""
        if self.lent is not None:
            for mean, images in zip(self.mean.split(1000), self.lent.split(1000), strict=True):
                mean.copy_(encoder(images).mean)

    def before_step(self, encoder: Encoder, rows: Int[Tensor, " N"]) -> None:
        self.choose(encoder, rows)

    def before_validation(self, encoder: Encoder) -> None:
        self.refresh(encoder)

    @torch.no_grad()
    def choose(self, encoder: Encoder, rows: Int[Tensor, " N"]) -> None:
        """Bring the means of a batch up to date, and choose the neighbours that the next step encodes."""
        if self.lent is None:
            return
        count = len(self.mean)
        self.mean[rows] = encoder(self.lent[rows]).mean
        # Squared distances but for a constant of each row; their rounding decides nothing but a choice.
        distances = torch.addmm(self.mean.square().sum(-1), self.mean[rows], self.mean.mT, alpha=-2)
        distances.scatter_(1, rows.unsqueeze(-1), math.inf)
        nearest = distances.topk(min(self.neighbours, count - 1), largest=False).indices
        chosen = nearest.unique()
        # Of one size in every step, for the sake of compiled ones; what is too much points behind the last image.
        if self.fresh is None or len(self.fresh) < min(nearest.numel(), count):
            self.fresh = rows.new_empty(min(nearest.numel(), count))
        self.fresh[: len(chosen)] = chosen
        self.fresh[len(chosen) :] = count

    def _with_neighbours(self, encoder: Encoder) -> Float[Tensor, "K D"]:
        """The means that are kept, those of the chosen neighbours encoded afresh, with gradients."""
        if self.lent is None or self.fresh is None:
            return self.mean
        count = len(self.mean)
        encoded = encoder(self.lent[self.fresh.clamp_max(count - 1)]).mean
        room = torch.cat([self.mean, self.mean.new_zeros(1, self.mean.shape[1])])
        return room.index_copy(0, self.fresh, encoded)[:count]


KINDS = (
    PriorKind(
        key="exemplar",
        short="Exemplars",
        name="Exemplars, all training images",
        sentence="exemplars, one component at each training image, all with one learned scale",
        noun="exemplar prior",
        idea="{K} clouds of one size, one at the encoding of each training image",
        build=lambda config, shape: ExemplarPrior(config.components, config.latent_dim, config.neighbours),
        one_an_image=True,
        no_pseudo_inputs="The components of this prior are training images, which are not stored in the checkpoint.",
    ),
)
