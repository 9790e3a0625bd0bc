"""What the pages compute, on the device and on the CPU: decoded images, contours and scores, equal to rounding.

Both get the same latent samples and the same noise, drawn on the CPU. The pages themselves are opened too: they choose
the device themselves.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.gpu.job import Job, Outcome, Piece
from benchmarks.timing import compare
from vampcore import zoo
from vampcore.models import VAE

MODELS = ("mnist-2d/vamp", "static-mnist-40d/vamp", "static-mnist-hvae/vamp")
DECODED, SIDE, IMAGES, SAMPLES, TURNS = 64, 200, 500, 100, 9
TOLERANCE = {"decode": 1e-3, "contours": 1e-2, "scores": 1e-2}
"""Largest difference that counts as rounding: of a pixel's mean in [0, 1], and in nats."""

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
PAGES = ("overview", "pseudo_inputs", "components", "latent_space", "active_units", "compare")
SHOWN = {"sg": "SG", "mog": "MoG", "vamp": "Vamp"}


class Compared(NamedTuple):
    """One computation on both devices.

    Attributes:
        numbers: How many were compared.
        largest_difference: Of a pixel's mean, or in nats.
        same: Whether that is rounding.
        device_ms: Median time on the device.
        cpu_ms: Median time on the CPU.
    """

    numbers: int
    largest_difference: float
    same: bool
    device_ms: float
    cpu_ms: float


class Opened(NamedTuple):
    """Pages that were opened without a browser.

    Attributes:
        device: What the pages computed on.
        seconds: Of each page's first run.
        errors: What they showed instead of a page; empty where all opened.
    """

    device: str
    seconds: dict[str, float]
    errors: list[str]


def pieces(job: Job) -> Iterator[Piece]:
    """Three computations of each model, then the pages of each."""
    models = MODELS[:1] if job.small else MODELS
    for name in models:
        for kind, build in (("decode", decoded), ("contours", contours), ("scores", scores)):
            yield Piece(f"{name}, {kind}", partial(compared, name, kind, build, job))
    for name in models:
        yield Piece(f"{name}, pages", partial(opened, name, job))


def compared(name: str, kind: str, build: Callable[[VAE, bool], Callable[[VAE], Tensor]], job: Job) -> Outcome:
    """Compute it on both devices, and time both in turns."""
    model = zoo.load(name).model
    there = copy.deepcopy(model).to(job.device)
    compute = build(model, job.small)

    def on(which: VAE) -> Tensor:
        with torch.inference_mode():
            return compute(which).cpu()  # waits for the device

    one, other = on(model), on(there)
    difference = float((one.double() - other.double()).abs().max())
    turns = 2 if job.small else TURNS
    timings = compare(turns=turns, there=partial(on, there), here=partial(on, model))
    same = difference <= TOLERANCE[kind]
    return Outcome(
        Compared(one.numel(), difference, same, 1000 * timings["there"].median, 1000 * timings["here"].median)
    )


def decoded(model: VAE, small: bool) -> Callable[[VAE], Tensor]:
    """Means of decoded latent samples; lower layers are at the means of their priors."""
    z = latents(model, 4 if small else DECODED)

    def compute(which: VAE) -> Tensor:
        above = [z.to(device_of(which))]
        for layer in which.lower_layers():
            above.append(layer.prior(*above).mean)
        return which.decoder(*above).mean()

    return compute


def contours(model: VAE, small: bool) -> Callable[[VAE], Tensor]:
    """Log-density of the prior on a grid over the first two dimensions, as the latent plane needs it."""
    side = 10 if small else SIDE
    ends = latents(model, 1000)
    grid = ends.mean(0).repeat(side * side, 1)
    first, second = (torch.linspace(*ends[:, d].aminmax(), side) for d in (0, 1))
    grid[:, :2] = torch.cartesian_prod(first, second)
    return lambda which: which.prior(which.encoder).log_prob(grid.to(device_of(which)))


def scores(model: VAE, small: bool) -> Callable[[VAE], Tensor]:
    """log p(x) of images that the model draws itself, by importance sampling with one noise for both devices."""
    images, samples = (4, 3) if small else (IMAGES, SAMPLES)
    generator = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        x = model.decode(latents(model, images), generator).sample(generator)
        noise = model.noise(images, samples, generator)

    def compute(which: VAE) -> Tensor:
        device, found = device_of(which), []
        for rows in torch.arange(images).split(50):
            part = tuple(each[:, rows].to(device) for each in noise)
            total = which(x[rows].to(device), noise=part).total()
            found.append(total.logsumexp(0) - math.log(samples))
        return torch.cat(found)

    return compute


def latents(model: VAE, count: int) -> Tensor:
    """Samples of the prior, the same on every machine."""
    with torch.inference_mode():
        return model.prior(model.encoder).sample((count,), torch.Generator().manual_seed(0))


def device_of(model: VAE) -> torch.device:
    """Where a model computes."""
    return next(model.parameters()).device


def opened(name: str, job: Job) -> Outcome:
    """Open every page of a model, on the device that the dashboard chooses."""
    from streamlit.testing.v1 import AppTest

    from app.services.loading import device

    experiment, _, prior = name.partition("/")
    seconds, errors = {}, []
    for page in PAGES[:1] if job.small else PAGES:
        at = AppTest.from_file(str(MAIN), default_timeout=600)
        at.query_params.update({"experiment": experiment, "prior": SHOWN[prior]})
        if page != "overview":
            at.switch_page(f"views/{page}.py")
        began = time.perf_counter()
        at.run()
        seconds[page] = time.perf_counter() - began
        errors += [f"{page}: {each.value}" for each in (*at.exception, *at.error)]
    return Outcome(Opened(device().kind, seconds, errors))
