"""Published figures that one of our checkpoints may be held against, with where they stand."""

from dataclasses import dataclass

from app.services.catalogue import facts
from app.services.loading import Ref
from vampcore import literature


@dataclass(frozen=True)
class Published:
    """A figure from the literature.

    Attributes:
        name: What it is, a name of our own metrics.
        value: The figure.
        unit: Its unit.
        source: Who published it, to be shown beside it.
        url: Where it can be read.
        as_reported: Whether the words "as reported" must stand beside it: we have it second-hand, not from the table.
    """

    name: str
    value: float
    unit: str
    source: str
    url: str
    as_reported: bool


def published(ref: Ref) -> tuple[Published, ...]:
    """What the VampPrior paper reports for the same data, prior and architecture; () when nothing is comparable.

    Its models have 40 latent dimensions and maximise the ELBO of one sample, so others are not held against them.
    """
    known = facts(ref)
    if known.info.posterior != "normal" or known.likelihood != "bernoulli":
        return ()
    return tuple(
        Published(found.name, found.value, found.unit, found.source.title, found.source.url, found.source.as_reported)
        for found in literature.published(
            known.info.data,
            known.info.model,
            known.prior,
            known.info.latent_dims[0],
            known.objective,
            known.samples,
        )
        if found.source is literature.VAMPPRIOR and found.name == "log_likelihood"
    )
