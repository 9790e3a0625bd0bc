"""The sentence that a page opens with: what is seen and why it matters, with its figure, as Markdown."""

from collections.abc import Mapping

from app.widgets.in_use import in_use_words
from app.widgets.numbers import listed
from app.widgets.text import plain
from app.widgets.typicality import share_words


def latent_space(inside: float | None) -> str:
    """Of the page Latent space.

    Arguments:
        inside: The share of test images inside the prior's 99 % contour; None of a prior without contours.
    """
    dots = "Each dot is a test image, placed by its posterior"
    if inside is None:
        return f"{dots}; a region without dots decodes to images that may resemble no test image."
    return (
        f"{dots}, and the contours show where the prior draws new ones: **{share_words(inside)} of the images lie "
        "inside the 99 % contour**, and samples from an empty region inside it may resemble no image."
    )


def components(alive: int, dead: int, distinct: float | None) -> str:
    """Of the page Components for a prior with several; the arguments are those of `in_use_words`."""
    return f"Each row shows what one component of the prior generates: {_in_use(alive, dead, distinct)}"


def pseudo_inputs(alive: int, dead: int, learned: bool, edited: bool = False) -> str:
    """Of the page Pseudo-inputs for a prior with several components.

    Arguments:
        alive: Components that the prior has.
        dead: Those of them that hardly any image uses.
        learned: Whether they are made of pseudo-inputs.
        edited: Whether some of these may be images that an edit added.
    """
    added = " or an edit added" if edited else ""
    tiles = (
        f"The pseudo-inputs are images that the model learned itself{added}, "
        "and their posteriors together are its prior"
        if learned
        else "Each tile is the decoded mean of one component of the prior"
    )
    return f"{tiles}: {_in_use(alive, dead, None)}"


def without_components(flow: bool) -> str:
    """Of the pages on components for a prior that has one or none."""
    what = "a flow without components" if flow else "a single Gaussian"
    return f"This prior is {what}: its samples show what it expects of an image."


def active_units(active: Mapping[str, str], few: int | None = None) -> str:
    """Of the page Active units.

    Arguments:
        active: Active units and all units, "34 of 40", by the prior's short name.
        few: The number of units where they are one or two and all active under every prior.
    """
    if few:
        which = "the only unit is" if few == 1 else "both units are"
        return (
            f"A latent unit is active if it changes with the image: **{which}, under every prior**, so no unit is "
            "unused."
        )
    counts = listed([f"{units} under {plain(name)}" for name, units in active.items()])
    return (
        "A latent unit is active if it changes with the image, and the others carry almost no information: "
        f"**active are {counts}**."
    )


def compare(verdict: str) -> str:
    """Of the page Compare priors; `verdict` is a clause."""
    return f"All priors draw from the same random numbers and are scored on the same test images: **{verdict}**."


def likelihood(verdict: str) -> str:
    """Of the page Likelihood; `verdict` is a clause."""
    return f"The log-likelihood says how probable a model finds test images that it has not seen: **{verdict}**."


def _in_use(alive: int, dead: int, distinct: float | None) -> str:
    words = in_use_words(alive, dead, distinct).removesuffix(".")
    return f"**{words[:1].lower()}{words[1:]}**."
