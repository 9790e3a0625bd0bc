"""Tables of models that train in a moment."""

from pathlib import Path

from filelock import FileLock

TINY = """
[defaults]
data = "digits"
experiment = "tiny"
components = 4
latent_dim = 3
hidden = 8
layers = 1
epochs = 3
warmup = 1
batch_size = 400
"""


def write_table(folder: Path, *rows: str, defaults: str = TINY) -> Path:
    path = folder / "table.toml"
    path.write_text(defaults + "".join(f"\n[[row]]\n{row}\n" for row in rows))
    return path


def held(folder: Path) -> FileLock:
    """The lock of a run, as another process would hold it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(folder.with_name(f".{folder.name}.lock"))
