"""Mixtures of normal distributions, and a mixture's exact shadow on a plane."""

import dataclasses
import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from vampcore.distributions.log_sum import is_small, linear_logsumexp
from vampcore.distributions.normal import LOG_2PI, DiagNormal, Products, noise, uniform

# Differences of places and components at once where they are taken one by one: 2 ** 24 in float32 are 64 MiB.
NUMBERS_AT_ONCE = 2**24


@dataclass(frozen=True)
class DiagNormalMixture:
    """sum_k w_k N(z; mean_k, diag exp(logvar_k)), the distribution that nearly every prior builds.

    Attributes:
        components: K normals of D dimensions.
        logits: Unnormalised log-weights, one a component. Minus infinity removes a component; its index stays.
        left_out: The component that each of N observations leaves out, where there is a mixture for each of them
            (leave-one-out).
    """

    components: DiagNormal
    logits: Float[Tensor, " K"]
    left_out: Int[Tensor, " N"] | None = None

    @property
    def log_weights(self) -> Float[Tensor, "*n K"]:
        """log w_k, which sum to one; a row for each observation where each leaves one out."""
        if self.left_out is None:
            return self.logits.log_softmax(-1)
        removed = torch.arange(len(self.logits), device=self.logits.device) == self.left_out.unsqueeze(-1)
        return self.logits.masked_fill(removed, -math.inf).log_softmax(-1)

    def joint(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s K"]:
        """log w_k + log N(z; mean_k, scale_k) for every component."""
        return self.components.pairwise_log_prob(z) + self.log_weights

    def log_prob(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s"]:
        """Log-density in nats: dimensions are summed before components are.

        Memory stays bounded, however many components there are, also that of the gradients; without float64 (MPS),
        where differences are taken one by one, only that without gradients.
        """
        if z.device.type == "mps":
            return self._directly(z)
        if is_small(z.shape[:-1].numel() * len(self.logits)):
            return self.joint(z).logsumexp(-1)
        x, weight, bias, rest = self.components.products(z)
        left_out = None if self.left_out is None else self.left_out.expand(z.shape[:-1])
        found = linear_logsumexp(x, weight, bias + self.logits, left_out) - self._log_total()
        return (found if rest is None else found + rest).to(z.dtype)

    def _log_total(self) -> Float[Tensor, "*n"]:
        """log of the sum of the unnormalised weights, of those that each observation keeps."""
        logits = self.logits.double()
        total = logits.logsumexp(-1)
        if self.left_out is None:
            return total
        # Of weights up to a half the difference has all digits; the one that may be heavier is summed without.
        heaviest = logits.argmax()
        is_heaviest = torch.arange(len(logits), device=logits.device) == heaviest
        others = logits.masked_fill(is_heaviest, -math.inf).logsumexp(-1)
        share = (logits[self.left_out] - total).exp().clamp_max(0.5)
        return torch.where(self.left_out == heaviest, others, total + torch.log1p(-share))

    def _directly(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s"]:
        """The log-density where there is no float64: of some places at a time, but where gradients keep all anyway."""
        rows = z.reshape(-1, z.shape[-1])
        most = max(1, NUMBERS_AT_ONCE // self.components.mean.numel())
        if self.left_out is not None or len(rows) <= most or torch.is_grad_enabled():
            return self.joint(z).logsumexp(-1)
        return torch.cat([self.joint(part).logsumexp(-1) for part in rows.split(most)]).view(z.shape[:-1])

    def responsibilities(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s K"]:
        """p(k | z)."""
        return self.joint(z).softmax(-1)

    def component(self, k: int) -> DiagNormal:
        """The k-th component."""
        return self.components[k]

    def sample(
        self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None, temperature: float = 1.0
    ) -> Float[Tensor, "*shape D"]:
        """Ancestral samples of shape `(*shape, D)`.

        The noise is drawn first and the components follow from uniforms by the inverse of their cumulative weights, so
        that two mixtures given generators of one seed share every random number. A mixture of leave-one-out rows takes
        `shape` ending in N.
        """
        epsilon = noise((*shape, self.components.mean.shape[-1]), self.components.mean, generator)
        u = uniform(shape, self.components.mean, generator)
        k = self._inverse_cdf(u)
        return self.components.mean[k] + temperature * self.components.scale[k] * epsilon

    def without(self, k: int | Int[Tensor, " N"]) -> "DiagNormalMixture":
        """The mixture with component k removed; with one k a row, N mixtures (leave-one-out).

        Raises:
            ValueError: If nothing would remain, or if every observation leaves one out already.
        """
        if isinstance(k, int):
            logits = self.logits.index_fill(-1, torch.tensor(k, device=self.logits.device), -math.inf)
            less = dataclasses.replace(self, logits=logits)
        else:
            if self.left_out is not None:
                raise ValueError("an observation leaves out one component: make the mixtures from the whole one")
            less = dataclasses.replace(self, left_out=k)
        if bool(less.log_weights.isnan().any()):
            raise ValueError("a mixture cannot lose its last component")
        return less

    def reweighted(self, weights: Float[Tensor, " K"]) -> "DiagNormalMixture":
        """The same components with other weights, normalised to one.

        Raises:
            ValueError: If a weight is negative or not finite, or all are 0.
        """
        if not bool(weights.isfinite().all()) or bool((weights < 0).any()) or not bool((weights > 0).any()):
            raise ValueError("weights must be finite, at least 0, and not all 0")
        return DiagNormalMixture(self.components, weights.log())

    def plus(self, component: DiagNormal, weight: float) -> "DiagNormalMixture":
        """The mixture with one more component of the given weight; the others keep their proportions.

        Raises:
            ValueError: If the weight is not strictly between 0 and 1.
        """
        if not 0 < weight < 1:
            raise ValueError("the weight of an added component lies strictly between 0 and 1")
        mean = torch.cat([self.components.mean, component.mean.unsqueeze(0)])
        logvar = torch.cat([self.components.logvar, component.logvar.unsqueeze(0)])
        others = self.log_weights + math.log1p(-weight)
        return DiagNormalMixture(DiagNormal(mean, logvar), torch.cat([others, others.new_tensor([math.log(weight)])]))

    def project(self, basis: Float[Tensor, "D P"], origin: Float[Tensor, " D"]) -> "NormalMixture":
        """The exact marginal of y = basis' (z - origin) for a basis with orthonormal columns."""
        mean = (self.components.mean - origin) @ basis
        variance = self.components.logvar.exp()
        covariance = torch.einsum("dp,kd,dq->kpq", basis, variance, basis)
        return NormalMixture(mean, covariance, self.log_weights)

    def lift(
        self, y: Float[Tensor, "*s P"], basis: Float[Tensor, "D P"], origin: Float[Tensor, " D"]
    ) -> Float[Tensor, "*s D"]:
        """The most likely z above a place y of the plane, given the component most responsible for y.

        z = mean_k + V_k B (B' V_k B)^-1 (y - B' (mean_k - origin)), the mean of that component conditioned on y; the
        result projects onto y exactly.
        """
        plane = self.project(basis, origin)
        k = plane.joint(y).argmax(-1)
        spread = self.components.logvar[k].exp().unsqueeze(-1) * basis
        step = torch.linalg.solve(plane.covariance[k], (y - plane.mean[k]).unsqueeze(-1))
        return self.components.mean[k] + (spread @ step).squeeze(-1)

    def _inverse_cdf(self, u: Float[Tensor, "*s"]) -> Int[Tensor, "*s"]:
        if u.device.type == "mps":  # has no float64
            left_out = None if self.left_out is None else self.left_out.cpu()
            here = dataclasses.replace(self, logits=self.logits.cpu(), left_out=left_out)
            return here._inverse_cdf(u.cpu()).to(u.device)
        cumulative = self.log_weights.double().exp().cumsum(-1)
        u = u.double().clamp_max(1 - 1e-12) * cumulative[..., -1]
        if cumulative.ndim == 1:
            return torch.searchsorted(cumulative, u, right=True)
        return (u.unsqueeze(-1) >= cumulative).sum(-1)


@dataclass(frozen=True)
class NormalMixture:
    """sum_k w_k N(y; mean_k, covariance_k) with full covariances, on a plane."""

    mean: Float[Tensor, "K P"]
    covariance: Float[Tensor, "K P P"]
    log_weights: Float[Tensor, " K"]

    def joint(self, y: Float[Tensor, "*s P"]) -> Float[Tensor, "*s K"]:
        """log w_k + log N(y; mean_k, covariance_k) for every component.

        One product, -1/2 y'Py + y'Pm - 1/2 m'Pm with precision P, whose terms are added in float64 where the device
        has it; see `DiagNormal.products`.
        """
        x, weight, bias, _ = self._products(y)
        return functional.linear(x, weight, bias).to(y.dtype) + self.log_weights

    def _products(self, y: Float[Tensor, "*s P"]) -> Products:
        mean, covariance, wide = _wide(self.mean), _wide(self.covariance), _wide(y)
        precision = torch.linalg.inv(covariance)
        linear = (precision @ mean.unsqueeze(-1)).squeeze(-1)
        bias = -0.5 * ((mean * linear).sum(-1) + torch.logdet(covariance) + y.shape[-1] * LOG_2PI)
        squares = (wide.unsqueeze(-1) * wide.unsqueeze(-2)).flatten(-2)
        weight = torch.cat([-0.5 * precision.flatten(-2), linear], -1)
        return Products(torch.cat([squares, wide], -1), weight, bias, None)

    def log_prob(self, y: Float[Tensor, "*s P"]) -> Float[Tensor, "*s"]:
        """Log-density in nats; memory stays bounded, however many components there are."""
        x, weight, bias, _ = self._products(y)
        return linear_logsumexp(x, weight, bias + self.log_weights).to(y.dtype)

    def responsibilities(self, y: Float[Tensor, "*s P"]) -> Float[Tensor, "*s K"]:
        """p(k | y)."""
        return self.joint(y).softmax(-1)

    def sample(
        self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None
    ) -> Float[Tensor, "*shape P"]:
        """Samples of shape `(*shape, P)`: components by inverse CDF after the noise, as in `DiagNormalMixture`."""
        epsilon = noise((*shape, self.mean.shape[-1]), self.mean, generator)
        u = uniform(shape, self.mean, generator)
        k = DiagNormalMixture(DiagNormal(self.mean, self.mean), self.log_weights)._inverse_cdf(u)
        root = torch.linalg.cholesky(self.covariance)
        return self.mean[k] + (root[k] @ epsilon.unsqueeze(-1)).squeeze(-1)


def _wide(t: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """`t` in float64, or as it is on a device that has none."""
    return t if t.device.type == "mps" else t.double()
