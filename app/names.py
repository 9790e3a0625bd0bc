"""Human names of experiments, and which of them is shown first."""

from collections import Counter
from collections.abc import Mapping, Sequence

NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def numeral(number: int) -> str:
    """A small number as a word, a larger one in digits."""
    return NUMERALS[number] if 0 <= number < len(NUMERALS) else f"{number:,}"


def experiment_name(data: str, latent_dims: Sequence[int], notes: Sequence[str] = ()) -> str:
    """What people call an experiment: "MNIST, 2 latent dimensions", "Static MNIST, two layers, PixelCNN decoder".

    Arguments:
        data: Name of the data set for people.
        latent_dims: Dimensions of each stochastic layer.
        notes: What else its models share that is not the default.
    """
    if len(latent_dims) > 1:
        size = f"{numeral(len(latent_dims))} layers"
    else:
        size = f"{latent_dims[0]:,} latent dimension{'s' * (latent_dims[0] != 1)}"
    return ", ".join((data, size, *notes))


def told_apart(names: Mapping[str, str], usual: Mapping[str, str]) -> dict[str, str]:
    """Names of which no two are the same: those that share one also say their key.

    Arguments:
        names: The name of each experiment by its key.
        usual: The key that training gives such an experiment where it is given none; an experiment of that key keeps
            the plain name.
    """
    shared = Counter(names.values())
    return {
        key: name if shared[name] == 1 or key == usual.get(key) else f"{name} ({key})" for key, name in names.items()
    }


def says_most(shipped: bool, latent_dims: Sequence[int], shape: tuple[int, int, int]) -> tuple[bool, bool, bool, int]:
    """How much an experiment says at a glance, larger is more: the dashboard opens on the largest.

    Shipped models come before a viewer's own, a plane that shows all before a projection, images before vectors, large
    images before small ones.
    """
    channels, height, width = shape
    return shipped, tuple(latent_dims) == (2,), (channels, height) != (1, 1), channels * height * width
