"""The importance-weighted bound of some images while it grows, under every prior of an experiment."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.services.compare import seconds_a_sample
from app.services.giving_up import go_on
from app.services.latent_plane.encoding import latents
from app.services.loading import Ref, loaded, noise, prior_on_device
from app.services.memory import cached
from app.services.originals import observations
from app.services.scores import score
from app.services.turns import lock_released
from vampcore.metrics import can_cover, can_integrate, covering, pareto_k
from vampcore.metrics.bound_curve import bound_curve
from vampcore.metrics.pareto import LEAST_SAMPLES, UNRELIABLE
from vampcore.metrics.scores import integrate

BUDGET = 2**17
"""Log-weights of each prior, shared by the images."""
AT_ONCE = 512
COVERING_SAMPLES = 1000
# Samples that refining a covering proposal costs an image, about.
REFINING = 4000
# Seconds of one prior that the line to reach may take, as estimated from a timed block.
MOST_SECONDS = 30.0
BINS = 40


@dataclass(frozen=True)
class Target:
    """The value that the bound of some images rises to, in nats.

    Attributes:
        value: Mean over the images.
        error: Standard error by sampling; 0 where the value is exact.
        exact: Whether it is an integral; else a covering estimate, itself a lower bound in expectation.
    """

    value: float
    error: float
    exact: bool


@dataclass(frozen=True)
class Growth:
    """The bound of some images under one prior so far, in nats.

    Attributes:
        samples: The values of K, `(J,)`.
        bound: L_K, the mean over the images, `(J,)`.
        error: Its standard error by sampling, `(J,)`.
        drawn: Samples of each image.
        of_images: The bound of each image from all its samples, `(N,)`.
        error_of_mean: Of their mean, by sampling.
        ess: Median effective sample size.
        shape: Median Pareto k-hat; None with too few samples.
        unreliable: Share of the images whose k-hat is above 0.7.
        edges: Edges of the bins of the log-weights, minus the bound of their image, `(BINS + 1,)`.
        counts: Log-weights in each bin, those farther out in the outermost ones, `(BINS,)`.
    """

    samples: NDArray[np.int64]
    bound: NDArray[np.float64]
    error: NDArray[np.float64]
    drawn: int
    of_images: NDArray[np.float64]
    error_of_mean: float
    ess: float
    shape: float | None
    unreliable: float
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


class LiveBound:
    """Log-weights of some images under several priors, drawn a little at a time; of one viewer's session.

    Arguments:
        refs: Checkpoints that keep the latents of the same images.
        rows: The images.
        seed: Of the noise.
        budget: Log-weights of each prior at most.

    Raises:
        DataMissing: If the images are not at hand.
    """

    def __init__(self, refs: tuple[Ref, ...], rows: tuple[int, ...], seed: int = 0, budget: int = BUDGET) -> None:
        self.refs, self.rows, self.running = refs, rows, True
        self.most = max(1, budget // len(rows))
        self.drawn = 0
        self.seconds = 0.0
        self._x = {ref: observations(loaded(ref), torch.tensor(rows)) for ref in refs}
        self._noise = {ref: noise(seed) for ref in refs}
        self._log_weights = {ref: np.empty((self.most, len(rows)), np.float32) for ref in refs}

    @property
    def done(self) -> bool:
        """Whether the budget is used."""
        return self.drawn >= self.most

    def advance(self, seconds: float) -> None:
        """Draw for about so long, as many samples for every prior; other pages are drawn meanwhile."""
        began = time.perf_counter()
        with torch.inference_mode(), lock_released():
            while not self.done:
                count = min(max(1, AT_ONCE // len(self.rows)), self.most - self.drawn)
                found = {ref: self._draw(ref, count) for ref in self.refs}
                for ref, log_w in found.items():
                    self._log_weights[ref][self.drawn : self.drawn + count] = log_w.float().cpu().numpy()
                self.drawn += count
                if time.perf_counter() - began > seconds:
                    break
        self.seconds += time.perf_counter() - began

    def _draw(self, ref: Ref, count: int) -> Tensor:
        model = loaded(ref)
        prior = prior_on_device(model)
        log_w: Tensor = model.checkpoint.model(self._x[ref], count, prior=prior, generator=self._noise[ref]).total()
        return log_w

    def log_weights(self, ref: Ref) -> NDArray[np.float32]:
        """The log-weights under a prior so far, `(S, N)`."""
        return self._log_weights[ref][: self.drawn]

    def growth(self, ref: Ref) -> Growth | None:
        """The bound under a prior so far; None before the first sample."""
        return growth(self.log_weights(ref)) if self.drawn else None


def growth(log_weights: NDArray[np.float32]) -> Growth:
    """The bound of some images and its diagnostics, from their log-weights, `(S, N)`."""
    with torch.inference_mode():
        log_w = torch.from_numpy(log_weights)
        drawn, images = log_w.shape
        curve = bound_curve(log_w)
        wide = log_w.double()
        total = wide.logsumexp(0)
        ess = (2 * total - (2 * wide).logsumexp(0)).exp()
        of_images = total - float(np.log(drawn))
        error = (1 / ess - 1 / drawn).clamp(min=0).sum().sqrt() / images
        shapes = pareto_k(log_w).double() if drawn >= LEAST_SAMPLES else None
        centred = (wide - of_images).flatten().numpy()
    low = min(-10.0, float(np.quantile(centred, 0.01)))
    edges = np.linspace(low, max(1.0, float(centred.max())), BINS + 1)
    return Growth(
        samples=np.array(curve.samples, np.int64),
        bound=curve.bound.double().mean(1).numpy(),
        error=(curve.error.double().square().sum(1).sqrt() / images).numpy(),
        drawn=drawn,
        of_images=of_images.numpy(),
        error_of_mean=float(error),
        ess=float(ess.median()),
        shape=None if shapes is None else float(shapes.median()),
        unreliable=0.0 if shapes is None else float((shapes > UNRELIABLE).double().mean()),
        edges=edges,
        counts=np.histogram(np.clip(centred, edges[0], edges[-1]), edges)[0],
    )


def difference(one: Growth, other: Growth) -> tuple[float, float]:
    """The bound of `other` minus that of `one`, image by image, with its standard error.

    The error is over the images; of a single image, by sampling.
    """
    each = other.of_images - one.of_images
    if len(each) > 1:
        return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))
    return float(each[0]), float(np.hypot(one.error_of_mean, other.error_of_mean))


@cached(200, "Estimating log p(x)")
def target(ref: Ref, rows: tuple[int, ...]) -> Target | None:
    """What the bound rises to: the stored integral, an integral, or a covering estimate.

    None where the posteriors cannot be refined, or it would take longer than `MOST_SECONDS`.

    Raises:
        DataMissing: If the images are not at hand.
    """
    known, stored = score(ref), latents(ref).log_likelihood
    if known is not None and known.estimator == "quadrature" and stored is not None:
        exact = stored[list(rows)].astype(np.float64)
        if np.isfinite(exact).all():
            return Target(float(exact.mean()), 0.0, exact=True)
    model = loaded(ref)
    vae = model.checkpoint.model
    with torch.inference_mode(), lock_released():
        x = observations(model, torch.tensor(rows))
        if can_integrate(vae, x):
            integral = integrate(vae, x, prior_on_device(model), go_on).log_likelihood
            if integral is not None:
                return Target(float(integral.double().mean()), 0.0, exact=True)
        seconds = len(rows) * (COVERING_SAMPLES + REFINING) * seconds_a_sample(ref)
        # Weights that were moved to another device in inference mode give no gradients to refine by.
        if not can_cover(vae, x) or seconds > MOST_SECONDS or any(each.is_inference() for each in vae.parameters()):
            return None
    with lock_released():
        found = covering(vae, x.clone(), COVERING_SAMPLES, noise(0), progress=go_on)
    error = float(found.error.double().square().sum().sqrt()) / len(rows)
    return Target(float(found.log_likelihood.double().mean()), error, exact=False)
