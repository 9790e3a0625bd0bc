"""What the KL of each prior of an experiment is made of, from the stored scores."""

from collections.abc import Sequence

import numpy as np

from app.figures import surgery
from app.services import catalogue, scores
from app.services.loading import Ref
from app.widgets.export import figure
from app.widgets.family import short_name
from app.widgets.page import mode


def stored_kl(ref: Ref) -> surgery.SurgeryBar | None:
    """The stored parts of a prior's KL as a bar; None where they were not measured."""
    information, marginal = (catalogue.metric(ref, name) for name in ("mutual_information", "marginal_kl"))
    if information is None or marginal is None:
        return None
    lower = [catalogue.metric(ref, "kl", layer) for layer in range(1, len(catalogue.facts(ref).info.latent_dims))]
    return surgery.SurgeryBar(
        short_name(ref),
        ref.kind,
        information.value,
        information.se or 0.0,
        marginal.value,
        marginal.se or 0.0,
        sum(each.value for each in lower if each is not None),
        scores.saturated(information, catalogue.facts(ref).test_images),
    )


def show_kl(bars: Sequence[surgery.SurgeryBar], images: int, *, experiment: str, key: str) -> None:
    """The bars as a chart, with the ceiling that so many images give the mutual information."""
    drawing = surgery.surgery(mode(), bars, log_n=float(np.log(images)))
    figure(drawing, key=key, name=f"{experiment}-kl")
