"""Mixtures that grow while they are trained: components are added where there are images and the prior has no mass.

All K components have their place from the start, so that no shape ever changes: neither of the step, compiled or not,
nor of the optimiser's moments, nor of a checkpoint. Those that are not alive have a weight of exactly 0. After every
`grow_every` epochs, dead ones are removed and new ones added, in equal numbers a time, until all K are alive: after
half of the epochs, or where the learning rate starts to fall, if that is earlier. From then on they are left alone.

What is added where is decided by a seed and the weights: a resumed run grows as one that was never interrupted.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vampcore.config import Config, ConfigError
from vampcore.datasets import Dataset, observe
from vampcore.distributions import DiagNormal
from vampcore.metrics import log_density
from vampcore.metrics.coverage import DEAD_SHARE, usage
from vampcore.models import VAE
from vampcore.priors import aggregated_posterior
from vampcore.priors.vamp import MARGIN
from vampcore.training.step import MOMENTS, Step

# Training images, drawn anew each time, by which usage and places are judged: the component that each of them would be
# meets the samples of all of them, 32 MiB in float64.
IMAGES = 2000
# All components are alive after this share of the epochs; where the learning rate falls earlier, then, but not before
# the other share.
LATEST, EARLIEST = 1 / 2, 1 / 4


def growths(config: Config) -> int:
    """How often the mixture grows in a whole run; 0 if it does not.

    Raises:
        ConfigError: If it should grow, but there is no time to.
    """
    if not config.grow_from:
        return 0
    last = math.floor(config.epochs * max(EARLIEST, min(LATEST, 1 - config.decay)))
    if config.grow_every > last:
        raise ConfigError(
            f"grow_every is {config.grow_every}; of {config.epochs} epochs a mixture grows in the first {last}: "
            "ask for fewer epochs between growths, or for more --epochs"
        )
    return last // config.grow_every


def last_growth(config: Config) -> int:
    """Epochs that are done when the mixture grows for the last time; 0 if it does not grow."""
    return growths(config) * config.grow_every


def wanted(config: Config, epoch: int) -> int | None:
    """Components that shall be alive when `epoch` epochs are done and the next begins; None if nothing is due."""
    times = growths(config)
    time, rest = divmod(epoch, config.grow_every)
    if rest or not 1 <= time <= times:
        return None
    return config.grow_from + (config.components - config.grow_from) * time // times


def seeded(config: Config, epoch: int) -> torch.Generator:
    """The source of all that is random in a growth."""
    return torch.Generator().manual_seed((config.seed * 1_000_003 + epoch) % 2**63)


@torch.no_grad()
def grow(model: VAE, step: Step, config: Config, dataset: Dataset, epoch: int) -> None:
    """Remove dead components and add new ones, if that is due after `epoch`; else do nothing."""
    prior, count = model.prior.growing(), wanted(config, epoch)
    if count is None or prior is None or prior.alive is None:
        return
    generator, train = seeded(config, epoch), dataset.train
    rows = torch.randperm(len(train.images), generator=generator)[:IMAGES]
    x = observe(train.images[rows], train.levels, config.likelihood, generator).to(step.processes.device)
    aggregate = aggregated_posterior(model.encoder, x)
    z = aggregate.components.sample((), generator)

    gone = dead(usage(prior(model.encoder), z), prior.alive > 0)
    prior.alive[gone] = 0
    living = prior.alive > 0
    alive = int(living.sum())
    slots = (~living).nonzero().squeeze(-1)[: max(0, min(count - alive, len(x)))]
    if len(slots):
        images = x.clamp(MARGIN, 1 - MARGIN)
        candidates = aggregated_posterior(model.encoder, images).components
        chosen = places(log_density(prior(model.encoder), z), candidates, z, alive, len(slots))
        prior.place(slots, images[chosen], candidates[chosen])
        if prior.logits.requires_grad:
            # The mean weight of the others: with it, each of the new ones has an equal share of the whole.
            prior.logits[slots] = prior.logits[living].logsumexp(0) - math.log(alive)
        prior.alive[slots] = 1
    forget(step, prior, torch.cat([gone.nonzero().squeeze(-1), slots]))


def dead(usage: Float[Tensor, " K"], alive: Bool[Tensor, " K"]) -> Bool[Tensor, " K"]:
    """Living components used less than a tenth of an equal share among them; never all, for usages sum to one."""
    return alive & (usage < DEAD_SHARE / alive.sum())


def places(
    log_p: Float[Tensor, " M"], candidates: DiagNormal, z: Float[Tensor, "M D"], alive: int, count: int
) -> Int[Tensor, " count"]:
    """Which candidates to add: each time the one that lowers KL(q || p) most, p with those that were added before.

    The KL from the aggregated posterior q is estimated over its samples z, where the mean of log p is all that a
    candidate changes. The place where log q - log p itself is largest is nearly always a single odd image.

    Arguments:
        log_p: Of the prior at z.
        candidates: The component that each of M images would become.
        z: A sample of each image's posterior.
        alive: Components of the prior, of which each new one gets an equal share.
        count: How many to choose; all, if there are fewer.

    Reference:
        Li, Barron, Mixture Density Estimation, NIPS 1999: components added one at a time, each the best for those
        before it, come as near as the best mixture of so many does, up to a term that falls with their number.
    """
    each = candidates.pairwise_log_prob(z)
    chosen: list[int] = []
    for _ in range(min(count, len(z))):
        share = 1 / (alive + len(chosen) + 1)
        kept = log_p + math.log1p(-share)
        gain = torch.logaddexp(kept.unsqueeze(1), each + math.log(share)).mean(0)
        gain[chosen] = -math.inf
        chosen.append(int(gain.argmax()))
        log_p = torch.logaddexp(kept, each[:, chosen[-1]] + math.log(share))
    return torch.tensor(chosen, dtype=torch.int64, device=z.device)


def forget(step: Step, prior: torch.nn.Module, slots: Int[Tensor, " R"]) -> None:
    """Set to 0 what the optimiser remembers of these components."""
    for weight in prior.parameters():
        for name in MOMENTS:
            step.optimizer.state[weight][name][slots] = 0
