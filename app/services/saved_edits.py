"""Saving an edited prior as a new checkpoint of its experiment, and measuring log p(x) of that."""

import itertools
import re
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from app.engines import desk
from app.engines.engine import EngineError
from app.services import catalogue, compare, edit_prior
from app.services.edited import Edited, edited
from app.services.edits import Steps, said
from app.services.loading import Ref, ServiceError, loaded, several_threads
from app.services.originals import test_part
from vampcore import zoo
from vampcore.checkpoints import CheckpointError, editing, load
from vampcore.checkpoints import save as save_checkpoint
from vampcore.checkpoints.edit import Edit
from vampcore.checkpoints.folder import write_bytes
from vampcore.checkpoints.locking import RunInUseError, run_lock
from vampcore.checkpoints.measuring import observed, with_figures
from vampcore.checkpoints.packed import PACKED
from vampcore.kinds import PRIORS
from vampcore.metrics import evaluate

# Importance samples an image, as `evaluate` draws them.
SAMPLES = 5000
# Longer measurements are left to the command line, of so many seconds.
MOST_SECONDS = 60.0
# An integral over the plane takes about twice as long as the samples (300 images of digits-2d: 16.8 s and 9.8 s).
_WITH_INTEGRAL = 3
# Threads of a process share the locks of its models.
_ONE_MEASURES = threading.Lock()
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def may_save() -> bool:
    """Whether this server writes for who looks at its pages.

    Raises:
        ServiceError: If the operator's variable is wrong.
    """
    try:
        return desk.mode() == "local"
    except EngineError as error:
        raise ServiceError(str(error)) from error


def usual_name(ref: Ref) -> str:
    """The first free name of an edited prior: "vamp-edited", "vamp-edited-2"."""
    names = (f"{ref.kind}-edited{'' if number == 1 else f'-{number}'}" for number in itertools.count(1))
    return next(name for name in names if not _is_taken(ref, name))


def command(ref: Ref) -> str:
    """What measures log p(x) of a model that was saved here."""
    return f"python -m vampcore evaluate {Path(ref.folder).as_posix()} --save"


def save(ref: Ref, steps: Steps, name: str, progress: Callable[[int, int], None] | None = None) -> Ref:
    """Save the edited prior of a model, with its encoder and decoder, as a model of the same experiment.

    Arguments:
        ref: The model whose prior was edited.
        steps: One or more.
        name: Of the new one within the experiment.
        progress: Called with the test images measured and their number.

    Returns:
        The new model.

    Raises:
        DataMissing: If the test images are not at hand: the new prior is measured on them.
        ServiceError: If the name is none or is taken, this server does not save, its disk is used up, or the folder
            cannot be written.
    """
    folder = _new_folder(ref, name)
    _check_disk()
    model, after = loaded(ref), edited(ref, steps)
    checkpoint = model.checkpoint
    x = observed(checkpoint, test_part(model).split)
    edit = Edit(ref.experiment, ref.prior, ref.sha256, tuple(said(step) for step in steps))
    try:
        with several_threads():
            found = editing.edited(
                checkpoint, after.mixture, edit, x, _pseudo_inputs(ref, after), str(model.device), progress
            )
            _keep_test_images(Path(ref.folder).parent, folder.parent)
            editing.save_new(found, folder)
    except (CheckpointError, OSError) as error:
        raise ServiceError(_refusal(folder, error)) from error
    catalogue.experiments.clear()
    return _listed(folder)


def seconds_to_measure(ref: Ref) -> float:
    """What `measure` takes here, roughly."""
    parts = 1 if edit_prior.is_slow(ref) else _WITH_INTEGRAL
    return parts * SAMPLES * catalogue.facts(ref).test_images * compare.seconds_a_sample(ref)


def measure(ref: Ref, progress: Callable[[int, int], None] | None = None) -> Ref:
    """Measure log p(x) of a saved edit as `evaluate --save` does, and keep it with the model: whole, or not at all.

    Arguments:
        ref: The saved model.
        progress: Called with the samples drawn and their number.

    Returns:
        The same model with its scores.

    Raises:
        DataMissing: If the test images are not at hand.
        ServiceError: If this server does not save, the model is in use, or its folder cannot be written.
    """
    model, folder = loaded(ref), Path(ref.folder)
    if not (may_save() and ref.edited):
        raise ServiceError(f"{ref.name} is not measured from a page: {command(ref)} does it")
    split = test_part(model).split
    if not _ONE_MEASURES.acquire(blocking=False):
        raise ServiceError("another model is being measured: try again when that has ended")
    try:
        with several_threads(), run_lock(folder):
            found = load(folder)
            x, levels = observed(found, split).to(model.device), found.observation.levels
            measured = evaluate(found.model.to(model.device), x, SAMPLES, progress=progress, levels=levels)
            save_checkpoint(with_figures(found, measured), folder)
    except (CheckpointError, OSError) as error:
        raise ServiceError(_refusal(folder, error)) from error
    finally:
        _ONE_MEASURES.release()
    catalogue.experiments.clear()
    return _listed(folder)


def _new_folder(ref: Ref, name: str) -> Path:
    if not may_save():
        raise ServiceError(f"this server saves no models: whoever runs it sets {desk.VARIABLE}=local")
    if not _NAME.fullmatch(name):
        raise ServiceError("a model's name has 1 to 40 letters a-z, digits, '.', '_' and '-': choose another name")
    if name.lower() in {said.lower() for kind in PRIORS.values() for said in (kind.key, kind.short, kind.name)}:
        raise ServiceError(f"{name} is the name of a prior that is trained: choose another name")
    if name == PACKED:
        raise ServiceError(f"{name} is a file of the experiment: choose another name")
    if _is_taken(ref, name):
        raise ServiceError(f"the experiment has a model {name} already: choose another name")
    return _folder(ref, name)


def _check_disk() -> None:
    try:
        desk.check_disk()
    except EngineError as error:
        raise ServiceError(str(error)) from error


def _folder(ref: Ref, name: str) -> Path:
    """In the working folder, where it joins the experiment of its name."""
    return zoo.RUNS / Path(ref.folder).parent.name / name


def _is_taken(ref: Ref, name: str) -> bool:
    family = next((each for each in catalogue.experiments() if each.name == ref.experiment), None)
    return _folder(ref, name).exists() or (family is not None and family.ref(name) is not None)


def _refusal(folder: Path, error: Exception) -> str:
    """Why a folder could not be written, for who has no command line."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if not isinstance(cause, OSError) or isinstance(error, RunInUseError):
        return str(error)
    return f"{folder} could not be written ({cause.strerror or cause}): make room, or let the server write there"


def _pseudo_inputs(ref: Ref, after: Edited) -> Tensor | None:
    """The images whose encodings the components are, `(K, C, H, W)`; None where the prior is made of none."""
    own = loaded(ref).checkpoint.model.prior.images()
    if own is None:
        return None
    known = own.detach().cpu().numpy()
    found = [known[of] if image is None else image for of, image in zip(after.origins, after.images, strict=True)]
    return torch.from_numpy(np.stack(found))


def _keep_test_images(source: Path, target: Path) -> None:
    """Let the experiment's test images lie beside the new model too, where they are kept beside the old one."""
    if (source / PACKED).exists() and not (target / PACKED).exists():
        target.mkdir(parents=True, exist_ok=True)
        write_bytes(target / PACKED, (source / PACKED).read_bytes())


def _listed(folder: Path) -> Ref:
    refs = (ref for experiment in catalogue.experiments() for ref in experiment.refs)
    found = next((ref for ref in refs if Path(ref.folder).resolve() == folder.resolve()), None)
    if found is None:
        raise ServiceError(f"{folder} was saved and is not listed: run python -m vampcore list to see why")
    return found
