"""What is known of the test images on the plane: their classes, what colours them, the table and the hover text."""

from typing import NamedTuple

import numpy as np

from app.figures.class_labels import MOST_IN_LEGEND
from app.figures.points import ByClass, ByComponent, ByValue, Colouring
from app.services import catalogue, images
from app.services.latent_plane import encoding
from app.services.loading import Ref
from app.services.memory import cached


class Coloured(NamedTuple):
    """What colours a plane, and which classes are in view.

    Attributes:
        by: "class", "component" or "ELBO".
        classes: Indices of the classes in view; all if empty.
    """

    by: str
    classes: tuple[int, ...] = ()


def class_names(ref: Ref) -> tuple[str, ...]:
    """Names of the classes where every image has one, else ()."""
    return catalogue.facts(ref).classes if int(encoding.latents(ref).labels.min()) >= 0 else ()


def has_no_legend(ref: Ref, coloured: Coloured) -> bool:
    """Whether there are too many classes for a legend."""
    return coloured.by == "class" and len(coloured.classes or class_names(ref)) > MOST_IN_LEGEND


@cached(16)
def of_classes(ref: Ref, classes: tuple[int, ...]) -> np.ndarray:
    """The test images of some classes, of all if empty: one truth value each."""
    labels = encoding.latents(ref).labels
    return np.isin(labels, classes) if classes else np.ones(len(labels), bool)


@cached(4)
def shuffled(images: int) -> np.ndarray:
    """Rows in a fixed random order, so that no class covers the others because it comes last in the data set."""
    return np.random.default_rng(0).permutation(images)


def colouring_of(ref: Ref, colour: str, rows: np.ndarray) -> Colouring:
    """What colours the points of some images."""
    if colour == "class":
        return ByClass(encoding.latents(ref).labels[rows], catalogue.facts(ref).classes)
    if colour == "component":
        return ByComponent(encoding.components_of_images(ref).component[rows])
    return ByValue(encoding.latents(ref).elbo[rows], "ELBO (nats)", encoding.elbo_ends(ref))


def image_table(ref: Ref, means: bool, rows: np.ndarray) -> dict[str, np.ndarray]:
    """What is known of some test images, a row each; names carry units.

    Their position is what the plane shows, a sample or the posterior mean: x and y on the plane, z1 to zD in all.
    """
    latents = encoding.latents(ref)
    names, where = class_names(ref), encoding.points(ref, means)[rows]
    columns: dict[str, np.ndarray] = {"image": rows, "number in the data set": latents.ids[rows]}
    files = images.image_names(ref)
    if files is not None:
        columns["file"] = np.array([files[row] for row in rows.tolist()])
    if names:
        columns["class"] = np.array(names)[latents.labels[rows]]
    columns |= {"x (latent units)": where[:, 0], "y (latent units)": where[:, 1]}
    z = (latents.mean if means else latents.sample)[rows]
    columns |= {f"z{dimension + 1} (latent units)": z[:, dimension] for dimension in range(z.shape[1])}
    if catalogue.facts(ref).has.components:
        assigned = encoding.components_of_images(ref)
        columns |= {"component": assigned.component[rows], "responsibility": assigned.responsibility[rows]}
    columns["elbo (nats)"] = latents.elbo[rows]
    if latents.log_likelihood is not None:
        columns["log_likelihood (nats)"] = latents.log_likelihood[rows]
    return columns


def described(ref: Ref, rows: np.ndarray) -> list[str]:
    """What hovering over an image says: its number, class, component (not of a flow, which has none) and ELBO."""
    latents, names = encoding.latents(ref), class_names(ref)
    kinds = [f"\nclass {names[label]}" for label in latents.labels[rows]] if names else [""] * len(rows)
    if catalogue.facts(ref).has.components:
        components = encoding.components_of_images(ref).component[rows]
        kinds = [f"{kind}\ncomponent {k}" for kind, k in zip(kinds, components, strict=True)]
    each = zip(rows, kinds, latents.elbo[rows], strict=True)
    return [f"image {row}{kind}\nelbo (nats) {elbo:.1f}" for row, kind, elbo in each]
