"""Which own data a checkpoint may have read: one from elsewhere can name any path, so its word is not enough."""

import os
from pathlib import Path

from vampcore import zoo
from vampcore.datasets import DataError, data_root, own_data, short_name

PATHS = "VAMPSCOPE_DATA_PATHS"


def may_read(data: str, folder: Path | None, root: Path | None = None) -> bool:
    """Whether to read the data that a checkpoint names.

    Data sets known by name always. A path only under the data folder or a folder of `$VAMPSCOPE_DATA_PATHS`, or where
    the checkpoint is a run in `runs/` with its training state. The root of a file system never.

    A forged training state passes: a folder from elsewhere that is put into `runs/` with such a file counts as a run.
    What that leads to: files of the named path are opened as images or tables with the rights of the reader, which can
    take long for a large folder. Nothing is written or sent. Images are shown and measured only if they have the
    digests that the checkpoint keeps, or, where it keeps none, give the ELBO that it stores for some test images.

    Arguments:
        data: As the checkpoint's configuration names it.
        folder: The checkpoint's; None where no run is one's own.
        root: Data folder; that of `data_root` unless given.

    Raises:
        DataError: If the name cannot be understood.
    """
    own = own_data(data)
    if own is None:
        return True
    try:
        path = own.path.expanduser().resolve()
        roots = [each.expanduser().resolve() for each in (data_root(root), *_configured())]
        if any(path.is_relative_to(each) for each in roots if each != Path(each.anchor)):
            return True
        return path != Path(path.anchor) and _is_own_run(folder)
    except (OSError, RuntimeError, ValueError):  # no such user, too long, a NUL, a loop of links
        return False


def check_readable(data: str, folder: Path | None, root: Path | None = None, hint: str = "") -> None:
    """Refuse to read the data that a checkpoint names, unless `may_read` allows it.

    Arguments:
        data: As the checkpoint's configuration names it.
        folder: The checkpoint's.
        root: Data folder; that of `data_root` unless given.
        hint: What else helps, as a clause that ends in ", ".

    Raises:
        DataError: If it must not be read.
    """
    if not may_read(data, folder, root):
        raise DataError(
            f"the checkpoint names its data {short_name(data)} by a path that is not read on its word alone: {hint}put "
            f"the data into the data folder, or name their folder in ${PATHS}"
        )


def _configured() -> list[Path]:
    return [Path(each) for each in os.environ.get(PATHS, "").split(os.pathsep) if each]


def _is_own_run(folder: Path | None) -> bool:
    return (
        folder is not None
        and folder.resolve().is_relative_to(zoo.RUNS.resolve())
        and (folder / "state.safetensors").is_file()
    )
