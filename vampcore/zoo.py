"""The trained models at hand, by name: those that ship in `checkpoints/`, and those of your own in `runs/`."""

from dataclasses import dataclass
from pathlib import Path

from vampcore.checkpoints import Checkpoint, CheckpointError, fingerprint, read_description, read_metrics
from vampcore.checkpoints import load as load_checkpoint
from vampcore.checkpoints.folder import readable, reserved_name, whole
from vampcore.metrics.metric import Metric

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"
RUNS = Path("runs")


@dataclass(frozen=True)
class Entry:
    """One checkpoint in a list.

    Attributes:
        name: What `load` takes: `<experiment>/<prior>`, with `runs/` before it for a run of your own.
        experiment: Family; the name of the parent folder.
        prior: Name within the family; the name of the folder.
        path: The folder.
        data: Data set.
        model: Architecture.
        components: Mixture components of the prior.
        latent_dims: Dimensions of each stochastic layer, top first.
        epochs: Epochs trained.
        converged: Whether training came to its end.
        log_likelihood: log p(x) of the test set, where it was evaluated.
        sha256: Of configuration and weights.
        error: Why the folder cannot be opened; the other fields are then empty.
    """

    name: str
    experiment: str
    prior: str
    path: Path
    data: str = ""
    model: str = ""
    components: int = 0
    latent_dims: tuple[int, ...] = ()
    epochs: int = 0
    converged: bool = False
    log_likelihood: Metric | None = None
    sha256: str = ""
    error: str | None = None


def entries(roots: tuple[Path, ...] = (SHIPPED, RUNS)) -> list[Entry]:
    """All checkpoints under the roots, `<root>/<experiment>/<prior>`; a folder that is not sound carries its error."""
    return [_entry(folder, _name(folder, root, roots)) for root in roots for folder in _folders(root)]


def load(name: str, roots: tuple[Path, ...] = (SHIPPED, RUNS)) -> Checkpoint:
    """The checkpoint of a name in `entries`, or in the folder of that path.

    Raises:
        CheckpointError: If there is none, or it is not sound.
    """
    return load_checkpoint(find(name, roots))


def find(name: str, roots: tuple[Path, ...] = (SHIPPED, RUNS)) -> Path:
    """The folder of a checkpoint's name or path.

    Raises:
        CheckpointError: If there is none.
    """
    for root in roots:
        for folder in _folders(root):
            if _name(folder, root, roots) == name:
                return folder
    try:
        if name and readable(Path(name)).is_dir():
            return Path(name)
    except OSError:  # too long for a path, or behind a folder that is closed to us: no checkpoint of ours
        pass
    raise CheckpointError(f"no checkpoint is called {name!r:.200}: see `python -m vampcore list`")


def _folders(root: Path) -> list[Path]:
    found = {reserved_name(path.parent) for path in root.glob("*/*/config.json")}
    return sorted(folder for folder in found if not folder.name.startswith("."))


def _name(folder: Path, root: Path, roots: tuple[Path, ...]) -> str:
    short = f"{folder.parent.name}/{folder.name}"
    return short if root == roots[0] else f"{root.name}/{short}"


def _entry(folder: Path, name: str) -> Entry:
    try:
        return whole(folder, lambda folder: _sound_entry(folder, name))
    except CheckpointError as error:
        return Entry(name, folder.parent.name, folder.name, folder, error=str(error))


def _sound_entry(folder: Path, name: str) -> Entry:
    described, metrics = read_description(folder), read_metrics(folder)
    config = described.config
    return Entry(
        name=name,
        experiment=folder.parent.name,
        prior=folder.name,
        path=folder,
        data=config.data,
        model=config.model,
        components=1 if config.prior == "sg" else config.components,
        latent_dims=(config.latent_dim,),
        epochs=described.progress.epochs,
        converged=described.progress.converged,
        log_likelihood=next((metric for metric in metrics if metric.name == "log_likelihood"), None),
        sha256=fingerprint(folder),
    )
