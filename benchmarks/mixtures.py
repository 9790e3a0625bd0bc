"""What the pages ask of a model and its prior, for K = 500 to 5,000 components in 40 dimensions.

Each is timed against a floor in the same turns: the matrix products in it, and for densities the reduction over the
components too, on numbers that are there already.

- decode: the means of 64 and of 1,000 places, by the networks of the shipped static-mnist-40d/vamp, whatever K is.
- projection: the mixture's exact marginal on a plane. Its floor is the products with the basis.
- contour grid: the projected log-density at 100 x 100 places. Its floor is the float64 product of 10,000 places (four
  products of two coordinates, and the two) with K components, and a float32 logsumexp over them.
- responsibilities: p(k | z) of 10,000 places, in one call, as the page of components asks for them. Its floor is the
  float64 product of 10,000 places (squares and coordinates, 80 numbers) with K components, and a float32 softmax.

The floors of the last two go through the places in chunks that stay in the cache, which is faster than all at once.
The mixtures are random: means of a standard normal, scales of about a half.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.products import Dense, forward_only, gated_body
from benchmarks.timing import Row, Table, Timing, compare, ratio, significant, threads
from vampcore import DiagNormalMixture, zoo
from vampcore.distributions import DiagNormal
from vampcore.metrics import log_density

MODEL = "static-mnist-40d/vamp"
COMPONENTS = (500, 1000, 2000, 5000)
DIMENSIONS = 40
PLACES = 10_000
DECODED = (64, 1000)
TURNS = 9
THREADS = 2
# Of the floors' chunks; 2 ** 20 was the best of 2 ** 16 to 2 ** 21, and better than all at once.
PAIRS_AT_ONCE = 2**20

Call = Callable[[], object]


@torch.inference_mode()
def tables() -> list[Table]:
    """One table, on two threads."""
    with threads(THREADS):
        rows = [row for count in DECODED for row in decoding(count)]
        rows += [row for components in COMPONENTS for row in of_mixture(components)]
    note = (
        f"{DIMENSIONS} dimensions, float32 in and out, {THREADS} threads, {TURNS} turns. *Floor*: the matrix products "
        "alone; for the grid and the responsibilities in float64, as ours, and with a logsumexp or softmax over K. "
        f"Contour grid: 100 × 100 places of the projected density; responsibilities: p(k | z) of {PLACES:,} places."
    )
    columns = ("what", "K", "time", "a place", "floor", "÷ floor")
    return [Table("Decoding, densities and responsibilities on the CPU", columns, tuple(rows), note)]


def decoding(count: int) -> list[Row]:
    """Time the decoded means of so many places."""
    checkpoint = zoo.load(MODEL)
    model, config = checkpoint.model, checkpoint.config
    z = torch.randn((count, config.latent_dim), generator=torch.Generator().manual_seed(0))
    layers = gated_body(count, config.latent_dim, config.hidden, config.layers, torch.float32, to_inputs=True)
    layers.append(Dense(count, config.hidden, torch.Size(checkpoint.observation.shape).numel()))
    timings = compare(turns=TURNS, ours=lambda: model.decode(z).mean(), floor=forward_only(layers))
    return [_row(f"decode {count:,} places", "any", timings, count)]


def of_mixture(components: int) -> list[Row]:
    """Time projection, contour grid and responsibilities of a mixture of so many components."""
    mixture, basis, z = random_mixture(components)
    origin = torch.zeros(DIMENSIONS)
    plane = mixture.project(basis, origin)
    axis = torch.linspace(-3, 3, round(PLACES**0.5))
    grid = torch.cartesian_prod(axis, axis)
    work: dict[str, tuple[Call, Call, int]] = {
        "projection": (lambda: mixture.project(basis, origin), projection_products(mixture, basis), components),
        "contour grid": (
            lambda: log_density(plane, grid),
            _floor(len(grid), 6, components, lambda joint: joint.logsumexp(-1)),
            len(grid),
        ),
        "responsibilities": (
            lambda: mixture.responsibilities(z),
            _floor(len(z), 2 * DIMENSIONS, components, lambda joint: joint.softmax(-1)),
            len(z),
        ),
    }
    rows = []
    for name, (ours, floor, places) in work.items():
        rows.append(_row(name, f"{components:,}", compare(turns=TURNS, ours=ours, floor=floor), places))
    return rows


def random_mixture(components: int) -> tuple[DiagNormalMixture, Tensor, Tensor]:
    """A mixture, an orthonormal basis of a plane, and places drawn from the mixture."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn((components, DIMENSIONS), generator=generator)
    logvar = -1.4 + 0.3 * torch.randn((components, DIMENSIONS), generator=generator)
    mixture = DiagNormalMixture(DiagNormal(mean, logvar), torch.zeros(components))
    basis, _ = torch.linalg.qr(torch.randn((DIMENSIONS, 2), generator=generator))
    return mixture, basis, mixture.sample((PLACES,), generator)


def projection_products(mixture: DiagNormalMixture, basis: Tensor) -> Callable[[], tuple[Tensor, Tensor]]:
    """A call that makes the products of a projection: the means, K x 2, and the flattened covariances, K x 4."""
    mean, variance = mixture.components.mean, mixture.components.logvar.exp()
    pairs = (basis.unsqueeze(-1) * basis.unsqueeze(-2)).flatten(1)
    return lambda: (mean @ basis, variance @ pairs)


def _floor(places: int, inputs: int, components: int, reduce: Callable[[Tensor], Tensor]) -> Call:
    chunk = min(places, PAIRS_AT_ONCE // components)
    product = Dense(chunk, inputs, components, torch.float64).forward()
    joint = torch.randn(chunk, components)

    def call() -> None:
        for _ in range(0, places, chunk):
            product()
            reduce(joint)

    return call


def _row(what: str, components: str, timings: dict[str, Timing], places: int) -> Row:
    ours, floor = timings["ours"], timings["floor"]
    each = f"{significant(1e6 * ours.per(places).median)} µs"
    return (what, components, str(ours), each, str(floor), str(ratio(ours, floor)))
