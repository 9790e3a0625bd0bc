"""What `benchmarks.growth` measures: for each subject, a function of a size that prepares it and returns the call.

The sizes of what stays fixed stand beside each. Pages are not opened here: what they ask of services and figures is.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tools.synthetic import untrained
from vampcore import DiagNormalMixture, zoo
from vampcore.config import Config, Observation
from vampcore.distributions import DiagNormal
from vampcore.metrics import elbo_surgery, log_density
from vampcore.models import build
from vampcore.objectives import elbo

Call = Callable[[], object]
PLACES = 10_000
DIMENSIONS, COMPONENTS = 40, 500
BATCH, HIDDEN, SIDE = 100, 300, 28
SURGERY_IMAGES = 2000


def mixture(components: int, dimensions: int) -> DiagNormalMixture:
    """A random mixture of equal weights."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(components, dimensions, generator=generator)
    logvar = -1.5 + 0.3 * torch.randn(components, dimensions, generator=generator)
    return DiagNormalMixture(DiagNormal(mean, logvar), torch.zeros(components))


def places(dimensions: int) -> torch.Tensor:
    """Random places of the latent space."""
    return torch.randn(PLACES, dimensions, generator=torch.Generator().manual_seed(1))


def log_prob(components: int = COMPONENTS, dimensions: int = DIMENSIONS) -> Call:
    """Log-density of 10,000 places, in the chunks of the library."""
    prior, z = mixture(components, dimensions), places(dimensions)
    return lambda: log_density(prior, z)


def responsibilities(components: int) -> Call:
    """p(k | z) of 10,000 places, all of them at once."""
    prior, z = mixture(components, DIMENSIONS), places(DIMENSIONS)
    return lambda: prior.responsibilities(z)


def contour_grid(components: int) -> Call:
    """The projected density at 100 x 100 places."""
    basis = torch.linalg.qr(torch.randn(DIMENSIONS, 2, generator=torch.Generator().manual_seed(2)))[0]
    prior, z = mixture(components, DIMENSIONS), places(2)
    return lambda: log_density(prior.project(basis, torch.zeros(DIMENSIONS)), z)


def training_step(components: int) -> Call:
    """Forward, backward and Adam on 100 binary images of 28 x 28, two layers of 300 units."""
    torch.manual_seed(0)
    config = Config(data="static_mnist", experiment="growth", components=components, latent_dim=DIMENSIONS)
    model = build(config, Observation((1, SIDE, SIDE), 1))
    optimiser = torch.optim.Adam(model.parameters(), fused=True)
    x = (torch.rand(BATCH, 1, SIDE, SIDE) < 0.15).float()

    def step() -> None:
        optimiser.zero_grad()
        (-elbo(model(x)).mean()).backward()
        optimiser.step()

    return step


def projection(dimensions: int) -> Call:
    """The exact marginal of 500 components on a plane."""
    basis = torch.linalg.qr(torch.randn(dimensions, 2, generator=torch.Generator().manual_seed(2)))[0]
    prior = mixture(COMPONENTS, dimensions)
    return lambda: prior.project(basis, torch.zeros(dimensions))


def log_prob_in(dimensions: int) -> Call:
    """Log-density of 10,000 places under 500 components."""
    return log_prob(COMPONENTS, dimensions)


def surgery(dimensions: int) -> Call:
    """ELBO surgery on 2,000 images of 8 x 8, against the mixture of all their posteriors."""
    torch.manual_seed(0)
    config = Config(
        data="digits",
        experiment="growth",
        components=COMPONENTS,
        latent_dim=dimensions,
        hidden=HIDDEN,
        likelihood="binomial",
    )
    model = build(config, Observation((1, 8, 8), 16)).eval().requires_grad_(False)
    x = torch.rand(SURGERY_IMAGES, 1, 8, 8)
    prior = model.prior(model.encoder)
    return lambda: elbo_surgery(model, x, generator=torch.Generator().manual_seed(0), prior=prior)


def principal_axes(dimensions: int) -> Call:
    """The plane of the first two principal axes of 10,000 posterior means."""
    from app.services import latent_space

    ref, _ = _checkpoint(images=PLACES, latent_dim=dimensions)
    latent_space.latents(ref)

    def axes() -> None:
        latent_space.plane.clear()
        latent_space.plane(ref)

    return axes


def open_points(images: int) -> Call:
    """Load the checkpoint, draw a sample of each posterior, place it and name its component (K = 16, D = 2)."""
    from app import services
    from app.services.loading import loaded

    ref, _ = _checkpoint(images=images, latent_dim=2)
    kept = (loaded, services.latents, services.plane, services.points, services.components_of_images)

    def opened() -> None:
        for each in kept:
            each.clear()
        services.points(ref)
        services.components_of_images(ref)

    return opened


def figure(images: int) -> Call:
    """The figure of the whole plane, coloured by class, as it is sent; returns its bytes."""
    return _figure(images, outlined=False)


def figure_chosen(images: int) -> Call:
    """The same after a lasso of 200 corners round a quarter of the points or so."""
    return _figure(images, outlined=True)


def _figure(images: int, outlined: bool) -> Call:
    import json

    from app import services
    from app.figures.theme import LIGHT
    from app.widgets import latent_plane

    ref, _ = _checkpoint(images=images, latent_dim=2)
    services.points(ref)
    services.prior_density(ref, services.window((ref,)))
    middle, spread = np.median(services.points(ref), 0), services.points(ref).std(0)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = middle + spread * np.stack([np.cos(angle), np.sin(angle)], 1)
    outline = tuple((float(x), float(y)) for x, y in circle)

    def drawn() -> int:
        latent_plane.draw.clear()
        latent_plane.draw_crowd.clear()
        services.rows_inside.clear()
        look, by_class = latent_plane.Look(outlines=(outline,) if outlined else ()), latent_plane.Coloured("class")
        if services.is_crowd(ref):
            drawing = latent_plane.draw_crowd(
                ref, LIGHT, 680, False, latent_plane.Coloured("class"), False, look
            ).drawing
        else:
            drawing = latent_plane.draw(ref, LIGHT, 680, False, by_class, False, look)
        return len(json.dumps(drawing.spec()))

    return drawn


def list_cold(folders: int) -> Call:
    """The list of checkpoints as a new process reads it."""
    root = _folders(folders)

    def listed() -> None:
        zoo._known.clear()
        assert len(zoo.entries((root,))) == folders

    return listed


def list_warm(folders: int) -> Call:
    """The list of checkpoints again, when none has changed."""
    root = _folders(folders)
    zoo.entries((root,))
    return lambda: zoo.entries((root,))


def _folders(count: int) -> Path:
    """Copies of a shipped checkpoint (2.6 MB each), three to an experiment."""
    root = Path(tempfile.mkdtemp(prefix="growth-"))
    for number in range(count):
        shutil.copytree(
            zoo.SHIPPED / "mnist-2d" / "vamp", root / f"experiment-{number // 3:04d}" / f"prior-{number % 3}"
        )
    return root


def _checkpoint(images: int, latent_dim: int):  # type: ignore[no-untyped-def]  # services are imported late
    """A checkpoint of its own in a catalogue of its own."""
    import functools

    from app import services

    root = Path(tempfile.mkdtemp(prefix="growth-"))
    untrained(root / "growth" / "mog", images=images, latent_dim=latent_dim)
    whole = functools.partial(zoo.entries, (root,))
    zoo.entries = whole
    return services.experiments()[0].refs[0], root


SUBJECTS: dict[str, Callable[[int], Call]] = {
    "log p(z)": log_prob,
    "responsibilities": responsibilities,
    "contour grid": contour_grid,
    "training step": training_step,
    "projection": projection,
    "principal axes": principal_axes,
    "log p(z) by D": log_prob_in,
    "ELBO surgery": surgery,
    "open": open_points,
    "figure": figure,
    "figure with a lasso": figure_chosen,
    "list, first": list_cold,
    "list, again": list_warm,
}
