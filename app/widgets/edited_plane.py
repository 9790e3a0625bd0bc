"""The plane of an edited prior: its contours and components over the test images."""

from app.figures.drawing import Drawing, Spec
from app.figures.plane import Components, plane
from app.figures.theme import Theme
from app.services import densities, edit_prior, edited, priors
from app.services.edits import Steps
from app.services.latent_plane import encoding
from app.services.loading import Ref
from app.services.memory import cached
from app.widgets.latent_plane.points import TOP

# Test images that are drawn: a picture of them travels with every edit.
MOST_POINTS = 2000
HEIGHT = 480


@cached(48)
def edited_plane(ref: Ref, steps: Steps, mode: Theme, height: int = HEIGHT) -> Drawing:
    """Draw the edited prior in the window of the prior as trained."""
    window = densities.window((ref,))
    after = edited.edited(ref, steps)
    means, covariances = edit_prior.plane_components(ref, steps)
    drawing = plane(
        mode,
        window,
        alt=f"The edited prior of {ref.name} on the latent plane: {len(after.living)} components, and contours that "
        "hold 50, 80, 95 and 99 % of its mass.",
        prior_density=edit_prior.density(ref, steps, window),
        components=Components(means, covariances, after.weights, ellipses=False),
        prior=ref.kind,
        title=priors.prior_name(ref.kind, ref.edited or bool(steps)),
        axes=encoding.plane(ref).axis_names,
        height=height,
    )
    for picture in _points(ref, mode):
        drawing.picture(picture)
    # Room for plotly's tools over the title, which a phone shows for good.
    drawing.update(margin={"t": TOP})
    return drawing


@cached(12)
def _points(ref: Ref, mode: Theme) -> list[Spec]:
    """The test images as a picture, which no edit changes."""
    points, window = encoding.points(ref)[:MOST_POINTS], densities.window((ref,))
    pictures: list[Spec] = plane(mode, window, alt="", points=points, rasterised=True).layout["images"]
    return pictures
