"""Published figures that one of our checkpoints may be held against, with where they stand."""

from app.services.catalogue import facts
from app.services.loading import Ref
from vampcore import literature
from vampcore.literature import Published


def published(ref: Ref) -> tuple[Published, ...]:
    """What the VampPrior paper reports for the same data, prior and architecture; () when nothing is comparable.

    Its models have 40 latent dimensions and maximise the ELBO of one sample,
    so others are not held against them, nor are edited priors.
    """
    known = facts(ref)
    if known.edit is not None or known.info.posterior != "normal" or known.likelihood != "bernoulli":
        return ()
    return tuple(
        found
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
