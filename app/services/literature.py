"""Published figures that one of our checkpoints may be held against, with where they stand."""

from dataclasses import dataclass

from app.services.catalogue import facts
from app.services.loading import Ref

PAPER = "Tomczak and Welling, VAE with a VampPrior, AISTATS 2018"
PAPER_URL = "https://arxiv.org/abs/1705.07120"


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


_LOG_LIKELIHOOD = {
    ("static_mnist", "sg"): -88.56,
    ("static_mnist", "vamp"): -85.57,
    ("mnist", "sg"): -84.50,
    ("mnist", "vamp"): -82.38,
    ("caltech101_silhouettes", "sg"): -123.43,
    ("caltech101_silhouettes", "vamp"): -114.55,
}


def published(ref: Ref) -> tuple[Published, ...]:
    """What the VampPrior paper reports for the same data, prior and architecture; () when nothing is comparable.

    Its one-layer models have 40 latent dimensions, so others are not held against them.
    """
    known = facts(ref)
    value = _LOG_LIKELIHOOD.get((known.data, known.prior))
    comparable = (known.model, known.posterior, known.likelihood) == ("vae", "normal", "bernoulli")
    if value is None or not comparable or known.latent_dims != (40,):
        return ()
    return (Published("log_likelihood", value, "nats/image", PAPER, PAPER_URL, as_reported=True),)
