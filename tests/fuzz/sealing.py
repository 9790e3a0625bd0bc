"""The manifest of a checkpoint, written again over changed files."""

import hashlib
import json
import stat
from pathlib import Path

MANIFEST = "manifest.json"
UNSEALED = frozenset((MANIFEST, "README.md", "state.safetensors", "status.json"))
"""Files that a manifest does not speak of: itself, the card, and those of a run."""


def is_sealed(folder: Path) -> bool:
    """Whether a checkpoint has a manifest."""
    return (folder / MANIFEST).is_file()


def seal(folder: Path) -> bool:
    """Let the manifest say what the files are now; whether that could be done."""
    try:
        said = json.loads((folder / MANIFEST).read_text())
        for name in said["files"]:
            if stat.S_ISREG((folder / name).stat().st_mode) and (folder / name).stat().st_size < 2**26:
                content = (folder / name).read_bytes()
                said["files"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        (folder / MANIFEST).write_text(json.dumps(said, indent=2) + "\n")
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True
