"""Rewriting a checkpoint in the format of this version."""

from pathlib import Path

from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.load import load
from vampcore.checkpoints.manifest import CARD, MANIFEST, manifest_of
from vampcore.checkpoints.plain_files import plain_bytes
from vampcore.checkpoints.save import contents, write_files


def upgrade(folder: Path) -> list[str]:
    """Read and check a checkpoint, then write it in this version's format; tensors and history keep their bytes.

    Returns:
        Names of the files that changed or came; none if it was of this format already.

    Raises:
        CheckpointError: If it is not sound, or cannot be written.
    """
    files = contents(load(folder))
    before = {name: plain_bytes(readable(folder) / name) for name in files if (readable(folder) / name).exists()}
    files |= {name: content for name, content in before.items() if not name.endswith((".json", CARD))}
    files[MANIFEST] = manifest_of(files)
    changed = sorted(name for name, content in files.items() if before.get(name) != content)
    if changed:
        write_files(files, folder)
    return changed
