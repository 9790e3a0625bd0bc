"""Where models live: one device, one copy of each checkpoint, shared by all viewers and never changed."""

import copy
import dataclasses
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.services.capabilities import Capabilities, as_mixture, capabilities
from app.services.degenerate import HINT, degeneracy
from app.services.home_folders import without_home
from app.services.memory import cached
from app.services.turns import lock_released
from vampcore import DiagNormal, DiagNormalMixture
from vampcore.checkpoints import Checkpoint, CheckpointError, load
from vampcore.distributions import Distribution
from vampcore.models import decoded_means

Pixels = NDArray[np.uint8]
"""Images for the eye: 0 to 255, of shape `(n, C, H, W)`."""

# Added to a seed for the noise below the top layer, which must not be that of the top layer again.
LOWER_LAYERS = 1_000_003
# As many as pages show at once.
DRAWN_AT_ONCE = 100


class ServiceError(ValueError):
    """What a page cannot show, in one line that says what to do, and no home folder."""

    def __init__(self, message: str) -> None:
        super().__init__(without_home(message))


class DataMissing(ServiceError):
    """The data set is not on disk, or not whole; `availability.download` fetches those that can be downloaded."""


class Ref(NamedTuple):
    """A checkpoint, by the names of the catalogue, its content and its folder.

    Two folders may hold one model, a reduced copy and the whole.

    Attributes:
        experiment: Its family.
        prior: The name of its folder, which may be any.
        sha256: Of configuration and weights.
        folder: The path.
        kind: The key of its prior.
        content: SHA-256 of all that it holds; results are computed anew where it was measured again.
        edited: Whether its prior was edited, and not trained.
    """

    experiment: str
    prior: str
    sha256: str
    folder: str
    kind: str
    content: str = ""
    edited: bool = False

    @property
    def name(self) -> str:
        """As the command line knows it."""
        return f"{self.experiment}/{self.prior}"


@dataclass(frozen=True)
class Device:
    """What computes: `cpu`, `cuda` or `mps`, and its name for people."""

    kind: str
    name: str


@dataclass(frozen=True)
class Loaded:
    """A checkpoint in memory: its model on the device, its distributions on the CPU.

    Noise for pictures is drawn on the CPU, so that a seed shows the same picture everywhere.

    Attributes:
        checkpoint: With the model on the device.
        prior: p(z).
        posterior: The stored q(z | x) of the test images that are kept: of a flow, the normals with its means and
            scales.
        device: Where the model computes.
        has: What can be shown of it.
    """

    checkpoint: Checkpoint
    prior: Distribution
    posterior: DiagNormal
    device: torch.device
    has: Capabilities

    @property
    def mixture(self) -> DiagNormalMixture:
        """The prior as what it mostly is.

        Raises:
            ServiceError: If it has no components.
        """
        mixture = as_mixture(self.prior)
        if mixture is None:
            raise ServiceError(f"the prior {self.checkpoint.config.prior} has no components: choose another prior")
        return mixture


@cached(1)
def device() -> Device:
    """The device in use, chosen once: a CUDA GPU, Apple's, or the CPU."""
    if torch.cuda.is_available():
        return Device("cuda", torch.cuda.get_device_name())
    if torch.backends.mps.is_available():
        return Device("mps", "Apple GPU")
    threads = threads_at_hand()
    return Device("cpu", f"CPU, {threads} thread" + ("s" if threads > 1 else ""))


@cached(1)
def threads_at_hand() -> int:
    """The cores that this process may use for one computation, at most four: viewers share them.

    What a control asks for takes a millisecond on one thread. Streamlit runs each script in a thread of its own, where
    a team of several would be raised anew for 5 to 15 ms: so one is the rule, and `several_threads` the exception.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = max(1, min(4, allowed, int(os.environ.get("OMP_NUM_THREADS") or 4)))
    torch.set_num_threads(1)
    return threads


@contextmanager
def several_threads() -> Iterator[None]:
    """All threads at hand for work that takes longer than a moment; other pages are drawn meanwhile."""
    with lock_released():
        torch.set_num_threads(threads_at_hand())
        try:
            yield
        finally:
            torch.set_num_threads(1)


@cached(24, "Loading the model")
def loaded(ref: Ref) -> Loaded:
    """The checkpoint of `ref`.

    Raises:
        ServiceError: If it is gone, was replaced since the page was drawn, cannot be read, or is degenerate.
    """
    where, folder = torch.device(device().kind), Path(ref.folder)
    gone = ServiceError(f"{ref.name} was removed or has changed: reload the page")
    try:
        # Whoever loads it first: what refines draws needs gradients.
        with lock_released(), torch.inference_mode(False):
            checkpoint = load(folder)
    except CheckpointError as error:
        if not folder.is_dir():
            raise gone from error
        raise ServiceError(f"{ref.name} cannot be read: {error}") from error
    if checkpoint.sha256 != ref.sha256:
        raise gone
    with torch.inference_mode():
        prior = _built(checkpoint)
        with torch.inference_mode(False):
            checkpoint.model.to(where)
        if what := degeneracy(prior, checkpoint.latents.layers[0]):
            raise ServiceError(
                f"{ref.name} is degenerate: the mean and scale of {what} are too far apart for single precision; {HINT}"
            )
    posterior = checkpoint.latents.layers[0]
    has = capabilities(
        prior,
        posterior,
        posterior_density=checkpoint.config.posterior == "normal",
        pseudo_inputs=checkpoint.model.prior.images() is not None,
    )
    return Loaded(checkpoint, prior, posterior, where, has)


def _built(checkpoint: Checkpoint) -> Distribution:
    """The prior, which stays on the CPU: its tensors may be the model's own parameters, which are about to move."""
    model = checkpoint.model
    built: Distribution = model.prior(model.encoder)
    if (mixture := as_mixture(built)) is not None:
        return _mapped(mixture, Tensor.clone)
    own: Distribution = copy.deepcopy(model.prior)(model.encoder)
    return own


def _mapped(mixture: DiagNormalMixture, change: Callable[[Tensor], Tensor]) -> DiagNormalMixture:
    """The mixture with its tensors changed, and components of the same kind."""
    parts = mixture.components
    components = dataclasses.replace(parts, mean=change(parts.mean), logvar=change(parts.logvar))
    return dataclasses.replace(mixture, components=components, logits=change(mixture.logits))


def warm_up(ref: Ref) -> None:
    """Warm a model; the first time in a process, then take what exists out of the garbage collector's sight.

    With its 430,000 objects in sight a full collection takes about 230 ms of processor time, without those frozen here
    5 ms (`time.thread_time` around `gc.collect`, after the first page, on two busy cores). Later models are a few
    hundred objects, and freezing again would keep other viewers' garbage for ever. Without it the 95th percentile of
    twenty viewers is 1.15 times as long (95 % interval 1.05 to 1.30; `python -m benchmarks ablation`, two cores).
    """
    _warm(ref)
    _freeze()


@cached(24)
def _warm(ref: Ref) -> None:
    model = loaded(ref)
    with torch.inference_mode():
        decode_means(model, model.posterior.mean[:1])


@cached(1)
def _freeze() -> None:
    gc.freeze()


def noise(seed: int) -> torch.Generator:
    """A generator of its own for one call, on the CPU, so that one seed gives one noise on every device."""
    return torch.Generator().manual_seed(seed)


def prior_on_device(model: Loaded) -> Distribution:
    """The prior where the model computes."""
    if model.has.components:
        return _mapped(model.mixture, lambda tensor: tensor.to(model.device))
    built: Distribution = model.checkpoint.model.prior(model.checkpoint.model.encoder)
    return built


def to_bytes(shares: Tensor) -> Pixels:
    """Images in [0, 1] as bytes.

    Raises:
        ServiceError: If a pixel is not a number.
    """
    if bool(shares.isnan().any()):
        raise ServiceError(f"this model is degenerate: it decodes pixels that are not numbers; {HINT}")
    return (shares.float().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


def first_draws(distribution: Distribution, n: int, seed: int, temperature: float = 1.0) -> Tensor:
    """The first of `at_once(n)` draws, `(n, D)`: random numbers depend on how many are drawn at once."""
    return distribution.sample((at_once(n),), noise(seed), temperature)[:n]


def at_once(n: int) -> int:
    """How many draws are made where `n` are shown."""
    return max(n, DRAWN_AT_ONCE)


def decode_means(
    model: Loaded, z: Tensor, below: tuple[Tensor, ...] = (), *, draws: int = 0, temperature: float = 1.0, seed: int = 0
) -> Pixels:
    """Decoded means of the rows of z: the same z gives the same image, wherever it stands.

    Arguments:
        model: The model.
        z: Points of the top layer's space, `(n, D)`.
        below: Points of the layers below it, where they are known. The others take the means of their priors, or are
            drawn from them.
        draws: How many noises of what is drawn the rows take in turn; 0 for the means of the priors.
        temperature: Multiplies that noise.
        seed: Of that noise, which is another than that of `noise(seed)`.
    """
    layers = [each.to(model.device) for each in (z, *below)]
    parts = decoded_means(model.checkpoint.model, layers, noise(seed + LOWER_LAYERS), draws, temperature)
    return np.concatenate([to_bytes(part) for part in parts])
