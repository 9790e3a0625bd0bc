"""`edit.json`: read strictly, and written."""

import dataclasses
from pathlib import Path
from typing import Any

from vampcore.checkpoints.edit import Edit
from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.reading import read_json
from vampcore.checkpoints.records import FORMAT, CheckpointError
from vampcore.config import dumps

EDIT = "edit.json"


def edit_bytes(edit: Edit) -> bytes:
    """The content of `edit.json`."""
    return dumps({"format": FORMAT, **dataclasses.asdict(edit)}).encode()


def read_edit(folder: Path) -> Edit | None:
    """Read `edit.json`; None where there is none, as of a prior that was trained.

    Raises:
        CheckpointError: If it is not sound.
    """
    if not is_edited(folder):
        return None
    try:
        return _edit_of(read_json(folder, EDIT))
    except ValueError as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{folder / EDIT} is not valid ({error}): restore it or save the edit again") from error


def is_edited(folder: Path) -> bool:
    """Whether the checkpoint of a folder says that its prior was edited."""
    return (readable(folder) / EDIT).exists()


def _edit_of(fields: dict[str, Any]) -> Edit:
    names = {"format", *(field.name for field in dataclasses.fields(Edit))}
    if set(fields) != names:
        raise ValueError(f"it must hold exactly {', '.join(sorted(names))}")
    steps = fields["steps"]
    texts = [fields["experiment"], fields["prior"], fields["sha256"], *(steps if isinstance(steps, list) else [None])]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a name, its sha256 or a step is no text")
    return Edit(fields["experiment"], fields["prior"], fields["sha256"], tuple(steps))
