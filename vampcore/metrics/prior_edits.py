"""What an edit of a mixture prior does to log p(x), from weighted draws of the posteriors under the prior as it was.

p'(x) / p(x) = E[p'(z) / p(z)] over p(z | x): one product of sparse responsibilities for other weights of the same
components.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics.chunks import PAIRS_AT_ONCE, log_density, rows_at_once
from vampcore.metrics.metric import Metric
from vampcore.metrics.posterior_draws import PosteriorDraws

# Smaller responsibilities are left out.
SMALLEST = 1e-7
# Draws at which the density falls below this share are computed again, as a logarithm.
RECOMPUTED = 1e-3
# With fewer effective samples an edit is not estimated.
FEWEST_EFFECTIVE = 5.0
# Of the EM steps: nats that the best weights can still gain at the end, and steps at most.
WEIGHT_TOLERANCE, MOST_STEPS = 1e-3, 20_000

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class EditEffect:
    """What an edit does to each of N observations.

    Attributes:
        change: log p(x) after it less log p(x) before it, in nats.
        ess: Effective samples that this was estimated from.
    """

    change: Float[Tensor, " N"]
    ess: Float[Tensor, " N"]

    @property
    def is_estimable(self) -> bool:
        """Whether the median of the effective samples suffices."""
        return self.ess.median().item() >= FEWEST_EFFECTIVE

    @property
    def doubtful(self) -> int:
        """Images with too few effective samples, whose change tends to be overstated."""
        return int((self.ess < FEWEST_EFFECTIVE).sum())

    def metric(self) -> Metric | None:
        """The mean change with its standard error; None where there are too few effective samples."""
        if not self.is_estimable:
            return None
        n = len(self.change)
        se = self.change.std().item() / math.sqrt(n) if n > 1 else None
        return Metric("log_likelihood_difference", self.change.mean().item(), "nats/image", se, n)


@dataclass(frozen=True)
class PriorEdits:
    """A mixture prior at draws of the posteriors, from which any edit of it is estimated.

    Attributes:
        prior: As it was.
        z: S draws of each of N observations, the draws of one observation after each other, in float64.
        weights: Of the draws, which sum to one over those of an observation, `(N, S)`.
        log_p: Log-density of the prior at the draws, `(N S,)`.
        shares: Responsibilities of its components, `(N S, K)`.
    """

    prior: DiagNormalMixture
    z: Float[Tensor, "NS D"]
    weights: Doubles
    log_p: Doubles
    shares: csr_array

    @classmethod
    @torch.no_grad()
    def of(cls, prior: DiagNormalMixture, draws: PosteriorDraws) -> "PriorEdits":
        """Take the prior's responsibilities at the draws."""
        prior = _double(prior)
        z = draws.z.cpu().double().transpose(0, 1).flatten(0, 1)
        log_p, parts = [], []
        for part in z.split(rows_at_once(len(prior.logits))):
            joint = prior.joint(part)
            total = joint.logsumexp(-1, keepdim=True)
            shares = (joint - total).exp_()
            parts.append(csr_array(shares.masked_fill_(shares < SMALLEST, 0).numpy()))
            log_p.append(total[:, 0])
        rows = np.concatenate([np.diff(part.indptr) for part in parts])
        data, columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("data", "indices"))
        shape = (len(z), len(prior.logits))
        shares_of_all = csr_array((data, columns, np.concatenate([[0], rows.cumsum()])), shape=shape)
        return cls(prior, z, draws.log_weights.cpu().double().exp().mT.numpy(), torch.cat(log_p).numpy(), shares_of_all)

    @torch.no_grad()
    def effect(self, edited: DiagNormalMixture) -> EditEffect:
        """What an edited prior does.

        Arguments:
            edited: The prior's components in their order with other weights, 0 where one is removed, and after them any
                that were added.
        """
        edited, count = _double(edited), len(self.prior.logits)
        weights, before = edited.log_weights.exp().numpy(), self.prior.log_weights.exp().numpy()
        known = weights[:count]
        ratio = self.shares @ np.divide(known, before, out=np.zeros(count), where=before > 0)
        if len(weights) > count:
            added = edited.components[count:].pairwise_log_prob(self.z).numpy() - self.log_p[:, None]
            ratio = ratio + np.exp(added) @ weights[count:]
        log_ratio = np.log(ratio, out=np.full(len(ratio), -np.inf), where=ratio > 0)
        if len(again := np.flatnonzero(ratio < RECOMPUTED)):
            log_ratio[again] = log_density(edited, self.z[again]).numpy() - self.log_p[again]
        log_terms = torch.from_numpy(log_ratio.reshape(self.weights.shape)) + torch.tensor(self.weights).log()
        total = log_terms.logsumexp(1)
        return EditEffect(total, (2 * total - (2 * log_terms).logsumexp(1)).exp())

    @torch.no_grad()
    def log_evidence(self, components: DiagNormal) -> Float[Tensor, "N K"]:
        """log p(x | k) - log p(x) of every observation and component: the evidence that it would have alone."""
        components = DiagNormal(components.mean.cpu().double(), components.logvar.cpu().double())
        images, draws = self.weights.shape
        log_ratios = torch.tensor(self.weights).log().flatten() - torch.tensor(self.log_p)
        at_once = max(1, PAIRS_AT_ONCE // (draws * len(components.mean)))
        found = []
        for start in range(0, images * draws, at_once * draws):
            rows = slice(start, start + at_once * draws)
            terms = components.pairwise_log_prob(self.z[rows]) + log_ratios[rows, None]
            found.append(terms.unflatten(0, (-1, draws)).logsumexp(1))
        return torch.cat(found)


def removal_changes(log_evidence: Float[Tensor, "N K"], log_weights: Float[Tensor, " K"]) -> Float[Tensor, "N K"]:
    """The change of log p(x) when one component alone is removed, for all of them at once; the others share its weight.

    Arguments:
        log_evidence: See `PriorEdits.log_evidence`; of these components.
        log_weights: Of the mixture, minus infinity for those that are removed already: their removal changes nothing.
    """
    joint = log_evidence.double() + log_weights.double()
    total = joint.logsumexp(1, keepdim=True)
    share = (joint - total).exp()
    # Where nearly all of an observation is its first component's, the rest is added up without it.
    first = joint.argmax(1, keepdim=True)
    rest = joint.scatter(1, first, -math.inf).logsumexp(1, keepdim=True) - total
    change = torch.log1p(-share.scatter(1, first, 0.0)).scatter(1, first, rest)
    return change - torch.log1p(-log_weights.double().exp())


def learned_weights(log_evidence: Float[Tensor, "N K"], log_weights: Float[Tensor, " K"]) -> Float[Tensor, " K"]:
    """The weights that maximise mean log p(x) with these components, by EM from those that they have.

    A step gives each component the mean of its responsibilities. It ends where log max_k mean_n r_nk / w_k, which
    bounds what the best weights gain over these, is below `WEIGHT_TOLERANCE` nats. A weight of 0 stays 0.

    Arguments:
        log_evidence: See `PriorEdits.log_evidence`; of these components.
        log_weights: Of the mixture at the start.
    """
    living = log_weights > -math.inf
    evidence = log_evidence[:, living].double()
    evidence = (evidence - evidence.amax(1, keepdim=True)).exp()
    weights = log_weights[living].double().exp()
    for _ in range(MOST_STEPS):
        gain = (evidence / (evidence @ weights).unsqueeze(1)).mean(0)
        if gain.max().log().item() < WEIGHT_TOLERANCE:
            break
        weights = weights * gain
    found = torch.zeros(len(log_weights), dtype=torch.float64)
    found[living] = weights / weights.sum()
    return found


def _double(mixture: DiagNormalMixture) -> DiagNormalMixture:
    """The mixture on the CPU in float64."""
    components = mixture.components
    return DiagNormalMixture(
        DiagNormal(components.mean.cpu().double(), components.logvar.cpu().double()), mixture.logits.cpu().double()
    )
