"""The manifest of a checkpoint, written again over changed files."""

import json
import stat
from pathlib import Path

from vampcore.checkpoints.manifest import manifest_of

MANIFEST = "manifest.json"
UNSEALED = frozenset((MANIFEST, "README.md", "state.safetensors", "status.json"))
"""Files that a manifest does not speak of: itself, the card, and those of a run."""
MOST_BYTES = 2**26


def is_sealed(folder: Path) -> bool:
    """Whether a checkpoint has a manifest."""
    return (folder / MANIFEST).is_file()


def seal(folder: Path) -> bool:
    """Let a manifest that is as it was written say what the files are now; whether that could be done."""
    try:
        names = json.loads((folder / MANIFEST).read_text())["files"]
        found = [folder / name for name in names if stat.S_ISREG((folder / name).stat().st_mode)]
        if len(found) < len(names) or any(file.stat().st_size > MOST_BYTES for file in found):
            return False
        (folder / MANIFEST).write_bytes(manifest_of({file.name: file.read_bytes() for file in found}))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True
