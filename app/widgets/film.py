"""The trainings of an experiment as a film: how the priors and the images' codes found each other."""

from collections.abc import Sequence

from app.figures import theme
from app.frontend import Kept
from app.frontend import film as player
from app.services import catalogue
from app.services import film as films
from app.services.content import Content
from app.services.loading import Ref
from app.widgets import family, film_export, lanes, numbers
from app.widgets.kept import bring, kept
from app.widgets.text import printable

STARTED = {
    "random": "random noise",
    "data": "training images",
    "class-means": "averages of training images of one class",
    "kmeans": "k-means centres of the training images",
}


def show(refs: Sequence[Ref], *, key: str, unfolded: bool = False, with_pictures: bool = False) -> None:
    """Play how these checkpoints were trained, in step; of an edited prior there is nothing to play.

    Arguments:
        refs: Checkpoints of one experiment.
        key: Of the element.
        unfolded: Whether the maps are there at once; else a bar stands for them until somebody plays.
        with_pictures: Show the pseudo-inputs of a single prior beside its map, where they are few enough.
    """
    known = {ref: catalogue.facts(ref) for ref in refs}
    shown = [ref for ref in refs if known[ref].info.latent_dims[0] > 1 and known[ref].edit is None]
    if not shown:
        return
    pictures = films.packed_pictures(shown[0]) if with_pictures else None
    player.film(
        [_part(ref) for ref in shown],
        _classes(shown[0]),
        key=key,
        label="Film of the training of " + ", ".join(family.full_name(ref) for ref in shown),
        note=note(shown) + (" Pseudo-inputs: contrast stretched." if pictures else ""),
        pictures=None if pictures is None else _source("pictures", shown[0], pictures),
        unfolded=unfolded,
    )
    film_export.offer(tuple(shown), f"{key}_export")


def _source(kind: str, ref: Ref, content: Content) -> Kept:
    """Where a browser finds a content; where the server has no address for it, the page brings it."""
    bring(kind, ref, content)
    return kept(kind, ref, content)


def _part(ref: Ref) -> player.Part:
    name = family.full_name(ref)
    lines = ", lines around 50, 80, 95 and 99 % of the prior's mass" if films.film(ref).components.shape[1] else ""
    alt = f"Map of {printable(name)}: test images by class{lines}"
    return player.Part(_source("film", ref, films.packed(ref)), lanes.lane(ref.kind, name, alt))


def _classes(ref: Ref) -> list[player.Class]:
    named = catalogue.facts(ref).classes
    return [player.Class(printable(name), theme.class_colour(i)) for i, name in enumerate(named)]


def note(refs: Sequence[Ref]) -> str:
    """What is seen, and of which prior no film was kept."""
    played = {ref: films.film(ref) for ref in refs}
    images = numbers.count(next(iter(played.values())).points.shape[1])
    said = [f"Points: posterior means of {images} test images"]
    if any(film.components.shape[1] for film in played.values()):
        said += ["larger marks: means of the components", "lines: 50, 80, 95 and 99 % of the prior\u2019s mass"]
    if len(refs) > 1:
        said.append("each map at its own scale")
    words = "; ".join(said) + "."
    without = [ref for ref, film in played.items() if not film.filmed]
    if without:
        whose = "" if len(without) == len(refs) else " for " + ", ".join(family.short_name(ref) for ref in without)
        most = max(len(played[ref].epochs) for ref in without)
        words += f" No film was kept{whose}: points are those of the finished model, and the lines "
        words += f"move between at most {most} stored states of the prior." if most > 1 else "stand still."
    return words
