"""What the pages call a prior, from its entry in the library's registry."""

from vampcore.config import Config
from vampcore.kinds import PRIORS

# Shown first where an experiment has it.
DEFAULT_PRIOR = Config.prior


def prior_name(key: str) -> str:
    """A prior's name in full; its key where it is not registered."""
    return PRIORS[key].name if key in PRIORS else key


def short_prior_name(key: str) -> str:
    """A prior's name where there is little room; its key where it is not registered."""
    return PRIORS[key].short if key in PRIORS else key


def prior_subject(key: str) -> str:
    """A prior as the subject or object of a sentence: "the mixture of Gaussians"."""
    return PRIORS[key].subject if key in PRIORS else key


def prior_idea(key: str, components: int) -> str:
    """A prior's idea in half a sentence, for so many components."""
    return PRIORS[key].in_a_nutshell(components) if key in PRIORS else ""


def no_pseudo_inputs(key: str) -> str:
    """The sentence that says why a prior has no pseudo-inputs to show."""
    return PRIORS[key].no_pseudo_inputs if key in PRIORS else "This prior has no pseudo-inputs."


def prior_rank(key: str) -> tuple[int, str]:
    """Where a prior stands in a list of them: in the order of the registry, others after it."""
    return (list(PRIORS).index(key) if key in PRIORS else len(PRIORS), key)
