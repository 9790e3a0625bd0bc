"""A checkpoint with another mixture for its prior; encoder and decoder stay as they were trained."""

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.checkpoints.edit import Edit
from vampcore.checkpoints.locking import run_lock
from vampcore.checkpoints.records import Checkpoint, CheckpointError, PerImage
from vampcore.checkpoints.save import save
from vampcore.config import Config, ConfigError
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.kinds import PRIORS, PriorKind
from vampcore.metrics.evaluation import evaluate
from vampcore.models import VAE, build

# Of a component's scale: what encodings of one image differ by is rounding.
_ROUNDING = 0.01
# Threads of a process share the locks of its runs.
_ONE_SAVES = threading.Lock()


@torch.no_grad()
def edited(
    checkpoint: Checkpoint,
    mixture: DiagNormalMixture,
    edit: Edit,
    x: Float[Tensor, "N C H W"],
    pseudo_inputs: Float[Tensor, "K C H W"] | None = None,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Checkpoint:
    """The checkpoint with an edited prior, measured again but for log p(x), which takes minutes.

    What says something of the trained prior is left out: history, snapshots, film, other trainings, scores. The
    posteriors of the test images are the encoder's, and stay.

    Arguments:
        checkpoint: The trained one.
        mixture: The edited prior on the CPU. Components without weight are left out, so that K changes.
        edit: Where the prior comes from.
        x: The test set as it is evaluated, see `measuring.observed`.
        pseudo_inputs: Images whose encodings are the components of `mixture`; None where there are none. Of others than
            these a prior that owns its components is made.
        device: Where to compute.
        progress: Called with the images decoded and the images to decode.

    Raises:
        CheckpointError: If the posteriors are flows, beside which no prior has components, or no prior can be this one.
    """
    living = ~mixture.logits.isneginf()
    kept = DiagNormalMixture(mixture.components[living], mixture.log_weights[living])
    config, model = _with_prior(checkpoint, kept, None if pseudo_inputs is None else pseudo_inputs[living])
    measured = evaluate(model.to(device), x.to(device), progress=progress, levels=checkpoint.observation.levels, seed=0)
    return Checkpoint(
        config=config,
        observation=checkpoint.observation,
        progress=checkpoint.progress,
        model=model.cpu(),
        metrics=measured.metrics,
        latents=checkpoint.latents,
        per_image=PerImage(measured.elbo.cpu()),
        identity=checkpoint.identity,
        edit=edit,
    )


def save_new(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a checkpoint where none is, whole or not at all.

    Raises:
        CheckpointError: If the folder is there, in use, or cannot be written.
    """
    with _ONE_SAVES, run_lock(folder):
        if folder.exists():
            raise CheckpointError(f"{folder} is there already: choose another name")
        save(checkpoint, folder)


def _with_prior(checkpoint: Checkpoint, mixture: DiagNormalMixture, pseudo_inputs: Tensor | None) -> tuple[Config, VAE]:
    """Configuration and model with a prior of the registry that builds this mixture."""
    if pseudo_inputs is not None and not _are_encodings(checkpoint.model, mixture.components, pseudo_inputs):
        pseudo_inputs = None
    key, parts = _saved_as(checkpoint.config.prior_kind, mixture, pseudo_inputs)
    try:
        config = dataclasses.replace(checkpoint.config, prior=key, components=len(mixture.logits), grow_from=0)
    except ConfigError as error:
        raise CheckpointError(f"this edit cannot be saved: {error}") from error
    model = build(config, checkpoint.observation)
    weights = {name: value.cpu() for name, value in checkpoint.model.state_dict().items()}
    others = {name: value for name, value in weights.items() if not name.startswith("prior.")}
    model.load_state_dict(others | {f"prior.{name}": value.float() for name, value in parts.items()})
    return config, model.requires_grad_(False).eval()


def _saved_as(kind: PriorKind, mixture: DiagNormalMixture, images: Tensor | None) -> tuple[str, dict[str, Tensor]]:
    """The prior that an edited one of this kind is saved as, itself if it can be, and its weights."""
    kinds = (kind, *PRIORS.values())
    if images is not None:
        for each in kinds:
            if each.of_images is not None:
                return each.key, each.of_images(images, mixture.logits)
    for each in kinds:
        if each.of_components is not None:
            return each.key, each.of_components(mixture.components, mixture.logits)
    raise CheckpointError("this edit cannot be saved: no prior that is installed can be a given mixture")


def _are_encodings(model: VAE, components: DiagNormal, images: Float[Tensor, "K C H W"]) -> bool:
    """Whether the encoder gives these components for these images."""
    found = model.encoder(images.to(next(model.parameters()).device))
    if not isinstance(found, DiagNormal):
        return False
    apart = (found.mean.cpu() - components.mean).abs() / components.scale
    return bool((apart < _ROUNDING).all() and ((found.logvar.cpu() - components.logvar).abs() < _ROUNDING).all())
