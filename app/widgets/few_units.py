"""What is said of a model whose few units are all active, and the way to one that has more."""

from urllib.parse import quote

from app.frontend.links import Link, links
from app.services import catalogue, units
from app.services.catalogue import Experiment
from app.services.loading import Ref
from app.widgets.text import printable

# So many units leave nothing to be found among them.
FEW = 2


def few_units(refs: tuple[Ref, ...]) -> int | None:
    """How many units the models have, where they are few and all active under every prior; else None."""
    return catalogue.facts(refs[0]).info.latent_dims[0] if all(_is_plain(ref) for ref in refs) else None


def lead_to_more() -> None:
    """A link to the experiment with most units, where it has more than a few."""
    most = max((each for each in catalogue.experiments() if each.priors), key=_units)
    if _units(most) > FEW:
        address = f"./active_units?experiment={quote(most.name)}"
        links("Another experiment", [Link(f"See {printable(most.title)}", address)], key="units_other")


def _is_plain(ref: Ref) -> bool:
    layers = units.activity(ref)
    return sum(len(layer.active) for layer in layers) <= FEW and all(layer.active.all() for layer in layers)


def _units(experiment: Experiment) -> int:
    return experiment.priors[0].info.latent_dims[0]
