"""What is known of a prior or an architecture before there is a model, and the two registries of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PriorKind:
    """What is known of a prior before there is a model; `vampcore.priors.registry` says how one is added.

    Attributes:
        key: In a configuration, on the command line, in a folder's name.
        short: Its name where there is little room.
        name: Its name in full.
        sentence: Its name within a sentence, in lower case.
        build: From a `Config` and the shape of an observation (channels, height, width) to a `Prior`.
        fixed_components: Number of components that no configuration changes: 1 of a single normal, 0 of a density
            without components. None where it is the configuration's.
        one_an_image: Whether the components are the training images, and so as many.
        grows: Whether it can start with few components and add others while it is trained.
        is_flow: Whether it is a normalising flow, built of the configuration's `transforms`.
        any_posterior: Whether posteriors may be flows: nothing of it is made of the encoder's means and scales.
        noun: Its name after "the": "the mixture of Gaussians"; made of `name` where it is "".
        idea: Its idea in half a sentence for somebody who sees it first, with {K} for the number of components; made of
            `sentence` where it is "".
        no_pseudo_inputs: The sentence that stands in place of the pseudo-inputs where there are none to show.
        of_images: From images and logits to the weights with which this prior is the mixture of the images' encodings;
            None where it can be no given one, so that no edited mixture is saved as this prior.
        of_components: The same from the components, a `DiagNormal`, and logits.
    """

    key: str
    short: str
    name: str
    sentence: str
    build: Callable[[Any, tuple[int, int, int]], Any]
    fixed_components: int | None = None
    one_an_image: bool = False
    grows: bool = False
    is_flow: bool = False
    any_posterior: bool = False
    noun: str = ""
    idea: str = ""
    no_pseudo_inputs: str = "This prior has no pseudo-inputs."
    of_images: Callable[[Any, Any], dict[str, Any]] | None = None
    of_components: Callable[[Any, Any], dict[str, Any]] | None = None

    @property
    def subject(self) -> str:
        """Its name as the subject or object of a sentence, with the article."""
        return f"the {self.noun or self.name}"

    def in_a_nutshell(self, components: int) -> str:
        """Its idea as a sentence, for so many components."""
        idea = self.idea.replace("{K}", f"{components:,}") or self.sentence
        return f"{idea[0].upper()}{idea[1:]}."

    @property
    def components_are_chosen(self) -> bool:
        """Whether the number of components is the configuration's choice."""
        return self.fixed_components is None and not self.one_an_image


@dataclass(frozen=True)
class ModelKind:
    """What is known of an architecture before there is a model; `vampcore.models.build` says how one is added.

    Attributes:
        key: In a configuration and on the command line.
        stochastic_layers: Number of layers of latent variables.
        build: From a `Config` and the `DataSpec` that it observes to an `Architecture`, the modules without the prior.
        note: What the name of an experiment adds for it; "" of a dense network.
        steps_worth_compiling: Steps of a run on a CPU from which compiling saves more time than it takes; None where it
            never does.
    """

    key: str
    stochastic_layers: int
    build: Callable[[Any, Any], Any]
    note: str = ""
    steps_worth_compiling: int | None = 6_000


# Every prior by its key, in the order in which they are shown; `vampcore.priors.register` fills it.
PRIORS: dict[str, PriorKind] = {}
# Every architecture by its key; `vampcore.models.build` fills it.
MODELS: dict[str, ModelKind] = {}
