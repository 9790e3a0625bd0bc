"""Scores measured while the page waits, for several priors on the same images, on the device in use."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from app.services.giving_up import go_on
from app.services.loading import Ref, ServiceError, loaded, noise, prior_on_device, several_threads
from app.services.memory import cached
from app.services.originals import observations
from app.services.subsets import drawn
from vampcore.metrics import Metric, bound, elbo_surgery, log_likelihood, paired_difference

LIVE_ROWS = (
    "elbo",
    "reconstruction",
    "kl",
    "mutual_information",
    "marginal_kl",
    "log_likelihood",
    "ess_median",
)
# Images whose log-likelihood is estimated, and kept, between two reports of progress.
BLOCK = 100
# A block that is timed grows until it takes so many seconds, between a smallest and a largest number of samples.
TIMED_SECONDS, FEWEST_TIMED, MOST_TIMED = 0.01, 8, 4096

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class LiveFigures:
    """What was measured for one checkpoint.

    Attributes:
        ref: The checkpoint.
        metrics: One each of `LIVE_ROWS`, with standard errors and counts, and with several layers the KL of each; where
            the posterior is a flow, without the parts of the KL, which take its aggregate.
        rows: The test images that the subset holds.
        log_likelihood: log p(x) of each of them, in nats.
        seconds: What the measurement took when it was made.
        device: Kind of device that made it.
    """

    ref: Ref
    metrics: tuple[Metric, ...]
    rows: NDArray[np.int64]
    log_likelihood: NDArray[np.float64]
    seconds: float
    device: str

    def find(self, name: str, layer: int | None = None) -> Metric | None:
        """One score by name, of a layer or of the whole; None if it was not measured."""
        return next((each for each in self.metrics if each.name == name and each.layer == layer), None)

    def get(self, name: str) -> Metric:
        """One score by name.

        Raises:
            ServiceError: If it was not measured.
        """
        found = self.find(name)
        if found is None:
            raise ServiceError(f"{name} was not measured; there are {', '.join(LIVE_ROWS)}")
        return found


def expected_seconds(refs: tuple[Ref, ...], limit: int, samples: int) -> float:
    """What `measure` will take here, roughly: its passes through the models, at what a pass was found to take."""
    total = 0.0
    for ref in refs:
        images = len(loaded(ref).posterior.mean)
        # The bound, the parts of the KL with the aggregate of all images, and the importance samples.
        passes = min(limit, images) * (samples + 2) + images
        total += passes * seconds_a_sample(ref)
    return total


@cached(200)
def seconds_a_sample(ref: Ref) -> float:
    """Seconds that one importance sample takes on the device in use, from a block of them, timed.

    Decoders differ by a factor of hundreds, and very many components of a prior can take longer than a decoder.
    """
    model = loaded(ref)
    shape = model.checkpoint.observation.shape
    with torch.inference_mode(), several_threads():
        # Two images: the samples of a single one lie together, which makes them cheaper.
        x, prior = torch.zeros(2, *shape, device=model.device), prior_on_device(model)

        def timed(samples: int) -> float:
            began = time.perf_counter()
            log_likelihood(model.checkpoint.model, x, samples, prior=prior, generator=noise(0), compile=False).ess.cpu()
            return time.perf_counter() - began

        timed(1)  # the first call pays for what later ones find ready
        samples = FEWEST_TIMED
        while (took := timed(samples)) < TIMED_SECONDS and samples < MOST_TIMED:
            samples *= 4
        # Others may have had the processor in one of the two.
        return min(took, timed(samples)) / (len(x) * samples)


def measure(
    refs: tuple[Ref, ...], limit: int = 500, samples: int = 100, seed: int = 0, progress: Progress | None = None
) -> tuple[LiveFigures, ...]:
    """Measure all of `LIVE_ROWS` for each checkpoint, on one random part of the test set, with one noise.

    Each step is cached by itself, so that a second call is immediate and an interrupted one goes on.

    Arguments:
        refs: Checkpoints of one experiment.
        limit: Images at most; the aggregated posterior is always that of all images that are kept.
        samples: Importance samples an image.
        seed: Of the subset and the noise.
        progress: Called with the share done and what comes next.

    Raises:
        DataMissing: If the data set is not on disk.
    """
    return tuple(
        _measure(ref, limit, samples, seed, i, len(refs), progress or (lambda share, what: None))
        for i, ref in enumerate(refs)
    )


def same_images(refs: tuple[Ref, ...]) -> bool:
    """Whether the checkpoints keep the latents of the same test images, which is what can be compared one by one."""
    ids = [loaded(ref).checkpoint.latents.ids for ref in refs]
    return all(torch.equal(ids[0], other) for other in ids[1:])


def subset_shift(figures: LiveFigures) -> float:
    """How much easier a subset is than all images that are kept: its stored ELBO minus theirs, in nats/image."""
    checkpoint = loaded(figures.ref).checkpoint
    stored = checkpoint.per_image.elbo.double()
    return float(stored[torch.tensor(figures.rows)].mean() - stored[checkpoint.latents.ids].mean())


def difference(a: LiveFigures, b: LiveFigures) -> Metric:
    """log p(x) of `a` minus that of `b`, image by image, with the standard error of the mean.

    Raises:
        ServiceError: If they were measured on different images.
    """
    if not np.array_equal(a.rows, b.rows):
        raise ServiceError("a paired difference needs the same images: measure both with one seed and one limit")
    known = a.get("log_likelihood")
    mine, theirs = torch.tensor(a.log_likelihood), torch.tensor(b.log_likelihood)
    found = paired_difference("log_likelihood", theirs, mine, known.samples, known.seed)
    if found is None:
        raise ServiceError("log p(x) is not finite for any image: the models cannot be compared")
    return replace(found, device=known.device, estimator=known.estimator)


def _measure(ref: Ref, limit: int, samples: int, seed: int, turn: int, turns: int, progress: Progress) -> LiveFigures:
    rows, _ = drawn(ref, limit, seed)
    blocks = math.ceil(len(rows) / BLOCK)
    steps = 2 + blocks

    def report(done: int, what: str) -> None:
        go_on()
        progress((turn + done / steps) / turns, f"model {turn + 1} of {turns}, {what}")

    report(0, "ELBO")
    parts_of_elbo = _bound(ref, limit, seed)
    surgery = _Part((), 0.0)
    if loaded(ref).has.posterior_density:
        report(1, "mutual information and marginal KL")
        surgery = _surgery(ref, limit, seed)
    parts = []
    for block in range(blocks):
        report(2 + block, f"log-likelihood, {min(len(rows), block * BLOCK):,} of {len(rows):,} images")
        parts.append(_log_likelihood(ref, limit, samples, seed, block))
    log_p = np.concatenate([part.log_likelihood for part in parts])
    ess = np.concatenate([part.ess for part in parts])
    where, n = loaded(ref).device.type, len(rows)
    metrics = (
        *parts_of_elbo.metrics,
        *surgery.metrics,
        Metric(
            "log_likelihood",
            float(log_p.mean()),
            "nats/image",
            _se(log_p),
            n,
            samples,
            seed=seed,
            device=where,
            estimator="is",
        ),
        Metric("ess_median", float(np.median(ess)), "samples", None, n, samples, seed=seed, device=where),
    )
    if turn == turns - 1:
        progress(1.0, "done")
    seconds = parts_of_elbo.seconds + surgery.seconds + sum(part.seconds for part in parts)
    of_the_test_set = loaded(ref).checkpoint.latents.ids.numpy()[rows]
    return LiveFigures(ref, metrics, of_the_test_set, log_p, seconds, where)


@dataclass(frozen=True)
class _Part:
    metrics: tuple[Metric, ...]
    seconds: float


@dataclass(frozen=True)
class _Block:
    log_likelihood: NDArray[np.float64]
    ess: NDArray[np.float64]
    seconds: float


@cached(200)
def _bound(ref: Ref, limit: int, seed: int) -> _Part:
    began, model = time.perf_counter(), loaded(ref)
    rows, generator = drawn(ref, limit, seed)
    with torch.inference_mode(), several_threads():
        x = observations(model, torch.tensor(rows))
        measured = bound(model.checkpoint.model, x, generator=generator, prior=prior_on_device(model))
    where = model.device.type
    layers = list(enumerate(measured.kl)) if len(measured.kl) > 1 else []
    parts: list[tuple[str, int | None, torch.Tensor]] = [
        ("elbo", None, measured.elbo),
        ("reconstruction", None, measured.reconstruction),
        ("kl", None, measured.kl.sum(0)),
        *(("kl", layer, kl) for layer, kl in layers),
    ]
    wide = [(name, layer, each.double().cpu().numpy()) for name, layer, each in parts]
    metrics = tuple(
        Metric(name, float(each.mean()), "nats/image", _se(each), len(x), 1, layer=layer, seed=seed, device=where)
        for name, layer, each in wide
    )
    return _Part(metrics, time.perf_counter() - began)


@cached(200)
def _surgery(ref: Ref, limit: int, seed: int) -> _Part:
    """The two parts of the KL; the subset and the noise are those of `_bound`, so that they add up to its KL."""
    began, model = time.perf_counter(), loaded(ref)
    with torch.inference_mode(), several_threads():
        x = observations(model, torch.arange(len(model.posterior.mean)))
        measured = elbo_surgery(
            model.checkpoint.model,
            x,
            generator=noise(seed),
            prior=prior_on_device(model),
            outer=limit,
            seed=seed,
            progress=go_on,
        )
    return _Part((measured.mutual_information, measured.marginal_kl), time.perf_counter() - began)


@cached(2000)
def _log_likelihood(ref: Ref, limit: int, samples: int, seed: int, block: int) -> _Block:
    began, model = time.perf_counter(), loaded(ref)
    rows, _ = drawn(ref, limit, seed)
    with torch.inference_mode(), several_threads():
        x = observations(model, torch.tensor(rows[block * BLOCK : (block + 1) * BLOCK]))
        measured = log_likelihood(
            model.checkpoint.model,
            x,
            samples=samples,
            generator=noise(seed * 100_003 + block),
            prior=prior_on_device(model),
            progress=go_on,
        )
    log_p, ess = measured.log_likelihood.double().cpu().numpy(), measured.ess.double().cpu().numpy()
    return _Block(log_p, ess, time.perf_counter() - began)


def _se(each: NDArray[np.float64]) -> float | None:
    return float(each.std(ddof=1) / math.sqrt(len(each))) if len(each) > 1 else None
