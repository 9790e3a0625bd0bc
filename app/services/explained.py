"""What a model makes of one image: where it lands, what it is rebuilt as, log p(x), and which components explain it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.services.capabilities import as_normal
from app.services.latent_plane.encoding import Floats, latents, plane
from app.services.loading import Loaded, Pixels, Ref, decode_means, loaded, noise, prior_on_device, several_threads
from app.services.memory import cached
from app.services.own_image import observation
from app.services.scores import score
from vampcore import metrics
from vampcore.metrics.pareto import UNRELIABLE
from vampcore.metrics.scores import integrate

SAMPLES = 5000
# Of a posterior that is a flow, for its mean and scales.
DRAWS = 1000
MOST_COMPONENTS, LEAST_SHARE = 5, 0.01


@dataclass(frozen=True)
class LogLikelihood:
    """log p(x) of one image, in nats.

    Attributes:
        value: The estimate.
        error: Its standard error by sampling; None of an integral.
        samples: S of importance sampling; 0 of an integral.
        ess: Effective sample size; infinite of an integral.
        shape: Pareto k-hat of the weights; None of an integral.
        below: Share of the test images whose stored log p(x), of the same estimator, is lower; None without one.
        tested: Test images that it is a share of.
    """

    value: float
    error: float | None
    samples: int
    ess: float
    shape: float | None
    below: float | None
    tested: int

    @property
    def unreliable(self) -> bool:
        """Whether the weights have too heavy a tail."""
        return self.shape is not None and not self.shape <= UNRELIABLE


@dataclass(frozen=True)
class Explained:
    """One image under a model.

    Attributes:
        mean: Of q(z | x), `(D,)`.
        scale: Its standard deviations, `(D,)`.
        place: The mean on the plane.
        covariance: Of q(z | x) on the plane, `(2, 2)`.
        rebuilt: Decoded from the mean, `(1, C, H, W)`.
        log_likelihood: log p(x).
        components: The prior's components with the highest responsibilities at the mean, and these; none of a flow.
    """

    mean: Floats
    scale: Floats
    place: tuple[float, float]
    covariance: NDArray[np.float64]
    rebuilt: Pixels
    log_likelihood: LogLikelihood
    components: tuple[tuple[int, float], ...]


@cached(100, "Estimating log p(x)")
def explained(ref: Ref, content: bytes) -> Explained:
    """What a model makes of an image, see `own_image.packed`.

    Raises:
        ServiceError: If it is no image of this model.
    """
    model, where = loaded(ref), plane(ref)
    with torch.inference_mode(), several_threads():
        x = torch.tensor(observation(ref, content))[None].to(model.device)
        mean, scale = _posterior(model, x)
        below = model.checkpoint.model.lower_means(x, mean)
        rebuilt = decode_means(model, mean.cpu(), tuple(each.cpu() for each in below))
        z, spread = mean[0].cpu(), scale[0].cpu().numpy().astype(np.float64)
        components = _components(model, z)
        log_likelihood = _log_likelihood(ref, x)
    x_axis, y_axis = (float(each) for each in where.project(z.numpy()))
    basis = where.basis.astype(np.float64)
    return Explained(
        mean=z.numpy(),
        scale=spread.astype(np.float32),
        place=(x_axis, y_axis),
        covariance=(basis.T * spread**2) @ basis,
        rebuilt=rebuilt,
        log_likelihood=log_likelihood,
        components=components,
    )


def _posterior(model: Loaded, x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and scales of q(z | x), `(1, D)` each; of a flow, those of its draws."""
    posterior = model.checkpoint.model.encoder(x)
    normal = as_normal(posterior)
    if normal is not None:
        return normal.mean, normal.scale
    drawn = posterior.sample((DRAWS,), noise(0))
    return drawn.mean(0), drawn.std(0)


def _components(model: Loaded, z: Tensor) -> tuple[tuple[int, float], ...]:
    if not model.has.components:
        return ()
    shares = model.mixture.responsibilities(z[None])[0].numpy()
    order = np.argsort(-shares, kind="stable")[:MOST_COMPONENTS]
    return tuple((int(k), float(shares[k])) for k in order if k == order[0] or shares[k] >= LEAST_SHARE)


def _log_likelihood(ref: Ref, x: Tensor) -> LogLikelihood:
    """The integral where there is one that holds, else importance sampling with q(z | x)."""
    model = loaded(ref)
    vae, prior = model.checkpoint.model, prior_on_device(model)
    if metrics.can_integrate(vae, x):
        # Around the mass alone where that holds: the other integral takes a few times as long.
        around = metrics.posterior_grid(vae, x, prior)
        whole = None if around.holds else integrate(vae, x, prior).log_likelihood
        if around.holds or whole is not None:
            exact = around.log_likelihood if whole is None else float(whole)
            return LogLikelihood(exact, None, 0, np.inf, None, *_compared(ref, exact, "quadrature"))
    found = metrics.log_likelihood(vae, x, SAMPLES, None, noise(0), prior, compile=False)
    value, ess = float(found.log_likelihood), float(found.ess)
    error = float(np.sqrt(max(0.0, 1 / ess - 1 / SAMPLES)))
    shape = None if found.pareto_k is None else float(found.pareto_k)
    return LogLikelihood(value, error, SAMPLES, ess, shape, *_compared(ref, value, "is"))


def _compared(ref: Ref, value: float, estimator: str) -> tuple[float | None, int]:
    known, stored = score(ref), latents(ref).log_likelihood
    if known is None or known.estimator != estimator or stored is None:
        return None, 0
    scored = stored[np.isfinite(stored)]
    return float((scored < value).mean()), len(scored)
