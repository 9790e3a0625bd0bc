"""A checkpoint from elsewhere: a zip file of its folder, or its path on one's own machine."""

import hashlib
import tempfile
from pathlib import Path

from app.engines import desk
from app.engines.engine import EngineError
from app.services import catalogue
from app.services.archives import entries
from app.services.loading import ServiceError
from app.services.turns import lock_released
from vampcore import zoo
from vampcore.checkpoints import CheckpointError, load
from vampcore.checkpoints.folder import move_folder
from vampcore.checkpoints.manifest import CARD, MANIFEST, OURS
from vampcore.checkpoints.plain_files import plain_bytes
from vampcore.config import dumps, to_json

FILES = frozenset((*OURS, MANIFEST, CARD))
"""What a checkpoint has; nothing else is unpacked."""


def accept(content: bytes) -> tuple[str, str]:
    """Keep the model of a zip file, and list it.

    Arguments:
        content: A zip file with the files of one checkpoint, at its top or in one folder.

    Returns:
        Its experiment and its prior.

    Raises:
        ServiceError: If it is no sound checkpoint, or is there already.
    """
    try:
        desk.check_disk()
        zoo.RUNS.mkdir(parents=True, exist_ok=True)
        with lock_released(), tempfile.TemporaryDirectory(dir=zoo.RUNS, prefix=".upload-") as scratch:
            folder = Path(scratch) / "model"
            _unpack(content, folder)
            return _keep(folder)
    except (CheckpointError, EngineError) as error:
        raise ServiceError(str(error)) from error
    except OSError as error:
        raise ServiceError(f"the model could not be kept ({error.strerror or error}): make room on disk") from error


def accept_folder(path: str) -> tuple[str, str]:
    """Keep a copy of the model in a folder of this machine, and list it; only where the viewer is who owns the machine.

    Returns:
        Its experiment and its prior.

    Raises:
        ServiceError: If it is no sound checkpoint, is there already, or training is not `local`.
    """
    try:
        if desk.mode() != "local":
            raise ServiceError(
                "folders are opened only where VAMPSCOPE_TRAIN=local: upload a zip file of the checkpoint"
            )
        desk.check_disk()
        source = Path(path).expanduser()
        if not source.is_dir():
            raise ServiceError("there is no such folder: give the path of a checkpoint's folder")
        zoo.RUNS.mkdir(parents=True, exist_ok=True)
        with lock_released(), tempfile.TemporaryDirectory(dir=zoo.RUNS, prefix=".upload-") as scratch:
            folder = Path(scratch) / "model"
            folder.mkdir()
            for name in FILES:
                if (source / name).exists():
                    (folder / name).write_bytes(plain_bytes(source / name))
            return _keep(folder)
    except (CheckpointError, EngineError) as error:
        raise ServiceError(str(error)) from error
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, ServiceError):
            raise
        raise ServiceError(f"the folder could not be opened ({error!s:.100}): give another path") from error


def _unpack(content: bytes, folder: Path) -> None:
    folder.mkdir()
    top: set[tuple[str, ...]] = set()
    for entry in entries(content):
        name = entry.parts[-1]
        top.add(entry.parts[:-1])
        if len(entry.parts) > 2 or len(top) > 1:
            raise ServiceError("the archive has more than one folder: pack the files of one checkpoint alone")
        if name not in FILES:
            raise ServiceError(
                f"the archive has a file that no checkpoint has ({name!r:.60}): pack the files of one checkpoint alone"
            )
        if (folder / name).exists():
            raise ServiceError(f"the archive has {name} twice: pack the checkpoint again")
        (folder / name).write_bytes(entry.content)
    if not (folder / "config.json").exists():
        raise ServiceError("the archive has no config.json: pack the folder of a checkpoint")


def _keep(folder: Path) -> tuple[str, str]:
    try:
        checkpoint = load(folder)
    except CheckpointError as error:
        raise ServiceError(f"no sound checkpoint: {str(error).replace(str(folder), 'the upload')}") from error
    prior = checkpoint.config.prior
    shared = {name: value for name, value in to_json(checkpoint.config).items() if name != "prior"}
    experiment = f"uploaded-{hashlib.sha256(dumps(shared).encode()).hexdigest()[:8]}"
    target = zoo.RUNS / experiment / prior
    if target.exists():
        raise ServiceError(
            f"a model of this experiment and prior is there already: choose {experiment} under Experiment"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    move_folder(folder, target)
    catalogue.experiments.clear()
    return experiment, prior
