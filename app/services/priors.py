"""What the pages call a prior, from its entry in the library's registry."""

from vampcore.config import Config
from vampcore.kinds import PRIORS

# Shown first where an experiment has it.
DEFAULT_PRIOR = Config.prior


def prior_name(key: str, edited: bool = False) -> str:
    """A prior's name in full; its key where it is not registered."""
    return _named(PRIORS[key].name if key in PRIORS else key, edited)


def short_prior_name(key: str, edited: bool = False) -> str:
    """A prior's name where there is little room; its key where it is not registered."""
    return _named(PRIORS[key].short if key in PRIORS else key, edited)


def _named(name: str, edited: bool) -> str:
    """What stands after a comma says how the prior was trained, as "VampPrior, learned weights", which an edit ends."""
    return f"{name.partition(',')[0]}, edited" if edited else name


def prior_subject(key: str, edited: bool = False) -> str:
    """A prior as the subject or object of a sentence: "the mixture of Gaussians", "the edited VampPrior"."""
    subject = PRIORS[key].subject if key in PRIORS else key
    return f"the edited {subject.removeprefix('the ').partition(' with ')[0]}" if edited else subject


def prior_idea(key: str, components: int) -> str:
    """A prior's idea in half a sentence, for so many components."""
    return PRIORS[key].in_a_nutshell(components) if key in PRIORS else ""


def no_pseudo_inputs(key: str) -> str:
    """The sentence that says why a prior has no pseudo-inputs to show."""
    return PRIORS[key].no_pseudo_inputs if key in PRIORS else "This prior has no pseudo-inputs."


def prior_rank(key: str) -> tuple[int, str]:
    """Where a prior stands in a list of them: in the order of the registry, others after it."""
    return (list(PRIORS).index(key) if key in PRIORS else len(PRIORS), key)
