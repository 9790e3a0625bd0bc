"""Whether weights and snapshots are those of their configuration: checked as they are saved and as they are read."""

from collections.abc import Mapping

import torch
from torch import Tensor

from vampcore.checkpoints.plain_files import one_line
from vampcore.config import Config, DataSpec
from vampcore.models import build


def expected_weights(config: Config, observation: DataSpec) -> Mapping[str, Tensor]:
    """Names and shapes of the configuration's weights, without the memory that they would take."""
    with torch.device("meta"):
        return build(config, observation).state_dict()


def check_weights(stored: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Hold weights, in float32, against those that the configuration asks for.

    Raises:
        ValueError: If one is missing, unknown, or of another shape or type.
    """
    for name, value in expected.items():
        if name not in stored:
            raise ValueError(f"it lacks {name}: it belongs to another model")
        if stored[name].shape != value.shape or stored[name].dtype != value.dtype:
            raise ValueError(
                f"{name} has shape {tuple(stored[name].shape)}, its config asks for {tuple(value.shape)}: "
                "it belongs to another model"
            )
    if unknown := sorted(set(stored) - set(expected)):
        raise ValueError(f"{one_line(unknown[0])} is unknown: it belongs to another model")


def check_alive(stored: Mapping[str, Tensor]) -> None:
    """Hold the components of a prior that grows against what a mixture needs.

    Raises:
        ValueError: If none is alive.
    """
    if "prior.alive" in stored and not bool(stored["prior.alive"].any()):
        raise ValueError("no component of the prior is alive")


def check_snapshots(tensors: Mapping[str, Tensor], config: Config, observation: DataSpec) -> None:
    """Hold snapshots, as tensors named `<epoch>.<part>`, against the configuration.

    Raises:
        ValueError: If one has another shape.
    """
    components = config.prior_components
    shapes = {
        "mean": (components, config.latent_dim),
        "logvar": (components, config.latent_dim),
        "logits": (components,),
        "pseudo_inputs": (components, *observation.shape),
    }
    for name, value in tensors.items():
        if value.shape != shapes.get(name.partition(".")[2]):
            raise ValueError(f"{one_line(name)} does not fit its config")
