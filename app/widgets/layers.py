"""What is said of models with more than one stochastic layer, and of decoders that draw their pixels."""

from app.services import availability, catalogue
from app.services.loading import Ref


def _lower(ref: Ref) -> str:
    """The layers below the top by name, "z1" or "z2 and z1"; "" where there is none."""
    return " and ".join(f"z{depth}" for depth in range(len(catalogue.facts(ref).info.latent_dims) - 1, 0, -1))


def mean_words(ref: Ref) -> str:
    """How an image of a point of the top layer was decoded; "" where that layer is the only one."""
    lower = _lower(ref)
    top = f"z{len(catalogue.facts(ref).info.latent_dims)}"
    return f"Decoded from {top} alone, with {lower} at the mean of its prior p({lower} | {top})." if lower else ""


def drawn_words(ref: Ref) -> str:
    """How an image of a sample of the top layer was decoded; "" where that layer is the only one."""
    lower = _lower(ref)
    top = f"z{len(catalogue.facts(ref).info.latent_dims)}"
    return f"Decoded from {top} alone, with {lower} drawn from its prior p({lower} | {top})." if lower else ""


def mean_and_drawn_words(ref: Ref) -> str:
    """How samples of the top layer and their mean, beside each other, were decoded; "" where it is the only one."""
    words, lower = drawn_words(ref), _lower(ref)
    return f"{words[:-1]}; for the decoded mean, {lower} is the mean of that prior." if words else ""


def rebuilt_words(ref: Ref) -> str:
    """How a reconstruction was decoded; "" where there is one layer."""
    lower = _lower(ref)
    if not lower:
        return ""
    top = f"z{len(catalogue.facts(ref).info.latent_dims)}"
    if availability.has_data(ref):
        return f"Reconstructed from the mean of q({top} | x) and, given that, the mean of q({lower} | x, {top})."
    return f"Reconstructed from the stored posterior means of {top} and {lower}."
