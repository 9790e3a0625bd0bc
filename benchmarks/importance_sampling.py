"""log p(x) by importance sampling, S = 5000 samples an image: ours against the public implementations' way.

- ours: `vampcore.metrics.log_likelihood` with its own choice of a chunk; compiled, as it is for 4,000,000 samples or
  more (the compiling itself, about 10 s, is not counted), and as it is for fewer.
- public way: what the public implementations do, in our own words (`benchmarks.public`): one image at a time, chunks of
  100 copies encoded and decoded, for every chunk the K pseudo-inputs computed as a linear map of the identity matrix
  and encoded again, float32, no gradients.

Both have the weights of the shipped static-mnist-40d/vamp (K = 500, 2 x 300 gated units, 40 latent dimensions). The
images are drawn from that model, so that no data set is needed.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from benchmarks import public
from benchmarks.public import PublicVampVAE
from benchmarks.timing import Row, Table, Timing, progress, ratio, significant, take_turns, threads
from vampcore import zoo
from vampcore.metrics import log_likelihood
from vampcore.models import VAE

MODEL = "static-mnist-40d/vamp"
SAMPLES = 5000
# Ours is so much faster that a turn takes more of them.
IMAGES = 10
TURNS = 11
TEST_IMAGES = 10_000


def tables() -> list[Table]:
    """One table, on one thread and on two."""
    model = zoo.load(MODEL).model
    images = drawn(model, IMAGES)
    rows = [row for number in (1, 2) for row in rows_of(model, images, number)]
    columns = (
        "threads",
        "way",
        "an image",
        "samples/s",
        "speed ÷ public way",
        f"{TEST_IMAGES:,} images, extrapolated",
        "log p(x) of one image, nats",
    )
    note = (
        f"S = {SAMPLES:,}, model {MODEL}, {TURNS} turns of {IMAGES} images for ours and of one for the public way. The "
        f"time of {TEST_IMAGES:,} images is the median of an image times {TEST_IMAGES:,}, not measured. Estimates are "
        "random: mean ± standard deviation over the turns. *Public way*: an image at a time, 100 samples at a time, "
        "for each 100 the pseudo-inputs computed as a linear map of the identity and encoded. "
        "Goal: at least 15 × the public way."
    )
    return [Table("Importance sampling on the CPU", columns, tuple(rows), note)]


def drawn(model: VAE, count: int) -> Tensor:
    """Binary images that the model draws itself, first the one whose estimate is the surest."""
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        images = model.decode(model.prior(model.encoder).sample((count,), generator)).sample(generator)
    return images[log_likelihood(model, images, 1000, generator=generator).ess.argsort(descending=True)]


def rows_of(
    model: VAE, images: Tensor, number: int, samples: int = SAMPLES, turns: int = TURNS, compiled: bool = True
) -> list[Row]:
    """Time every way with so many threads."""
    model_of_public = PublicVampVAE(model)
    own = ("ours", "ours, compiled") if compiled else ("ours",)
    estimates: dict[str, list[float]] = {name: [] for name in (*own, "public way")}
    generator = torch.Generator().manual_seed(number)

    def ours(name: str) -> None:
        found = log_likelihood(model, images, samples, generator=generator, compile=name != "ours")
        estimates[name].append(found.log_likelihood[0].item())

    def publicly() -> None:
        found = public.log_likelihood(model_of_public, images[:1].flatten(1), samples)
        estimates["public way"].append(found.item())

    calls: dict[str, Callable[[], object]] = {name: partial(ours, name) for name in own}
    with threads(number):
        timings = take_turns(calls | {"public way": publicly}, turns, warm_up=1)
    each = {name: timing.per(len(images) if name.startswith("ours") else 1) for name, timing in timings.items()}
    progress(f"threads: {number}: " + "; ".join(f"{name} {timing}" for name, timing in each.items()))
    return [_row(number, name, each, estimates[name], samples) for name in each]


def _row(number: int, name: str, timings: dict[str, Timing], estimates: list[float], samples: int) -> Row:
    timing = timings[name]
    found = torch.tensor(estimates, dtype=torch.float64)
    spread = f" ± {found.std():.2f}" if len(found) > 1 else ""
    return (
        str(number),
        name,
        str(timing),
        significant(samples / timing.median),
        "1" if name == "public way" else str(ratio(timings["public way"], timing)),
        f"{significant(timing.median * TEST_IMAGES / 60)} min",
        f"{found.mean():.2f}{spread}".replace("-", "−"),
    )
