"""A training to be watched: records as time passes, also within an epoch, in a file that only grows.

The file begins with one line of JSON, padded with spaces so that what follows starts at a multiple of four bytes. Its
keys are those of `Head`. Then comes one record after another, all of one size, as in `film.bin`
(`vampcore.checkpoints.film_file`). The epoch may have a fraction. The bounds are those after the last whole epoch,
whose number is the sixth. Each record has the plane of its own posterior means. A record that is not whole is ignored.
Nothing here is kept: the film of a checkpoint has its own records.
"""

import dataclasses
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.checkpoints.film import filmed_rows
from vampcore.checkpoints.film_file import record_layout
from vampcore.checkpoints.folder import write_bytes
from vampcore.training.film import FilmRecord, plane, record, scaled, shadow
from vampcore.training.run import Run
from vampcore.training.schedules import beta_at

# At first a record each so many seconds, later fewer: a file has a few thousand at most, however long it trains.
SHORTEST_PAUSE, SHARE_OF_PAUSE = 0.25, 1 / 300
_MOST_BYTES_OF_HEAD = 2**15


@dataclass(frozen=True)
class Head:
    """What a file of records says first.

    Attributes:
        begun: When it was begun, in seconds since 1970: a run that goes on begins another.
        prior: Its key.
        dims: Dimensions of the top latent layer.
        points: Images in each record.
        components: Components in each record; 0 of a prior without any, or with too many.
        labels: The class of each image, -1 where it has none.
        classes: Names of the classes.
    """

    begun: float
    prior: str
    dims: int
    points: int
    components: int
    labels: tuple[int, ...]
    classes: tuple[str, ...] = ()

    @property
    def record_bytes(self) -> int:
        """Size of a record."""
        return record_layout(self.points, self.components).itemsize


class LiveWriter:
    """Writes the records of a run that is filmed; begins with those that the run has kept so far.

    Arguments:
        path: The file, which is replaced.
        run: The training.
    """

    def __init__(self, path: Path, run: Run) -> None:
        self.path, self.run = path, run
        kept = run.state.film
        test = run.dataset.test
        rows = filmed_rows(len(test.images), run.config.latent_dim)
        mixture = kept[-1].mixture
        self.head = Head(
            begun=time.time(),
            prior=run.config.prior,
            dims=run.config.latent_dim,
            points=len(rows),
            components=0 if mixture is None else len(mixture.logits),
            labels=(-1,) * len(rows) if test.labels is None else tuple(test.labels[rows].tolist()),
            classes=run.observation.classes,
        )
        self.previous: Float[Tensor, "N 2"] | None = None
        self.started = time.monotonic()
        self.due = self.started + SHORTEST_PAUSE
        records = [self._bytes(each, float(each.epoch)) for each in kept]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, b"".join([_head_bytes(self.head), *records]))

    def look(self, share: float, force: bool = False) -> None:
        """Add a record of the model as it is now, if one is due.

        The run is left as it was: nothing is drawn from its generators, and its prior is not brought up to date.

        Arguments:
            share: Part of the current epoch that is done.
            force: Whether it is due whatever the time.

        Raises:
            OSError: If it cannot be written.
        """
        now, run = time.monotonic(), self.run
        if run.filmed is None or (now < self.due and not force):
            return
        self.due = now + max(SHORTEST_PAUSE, (now - self.started) * SHARE_OF_PAUSE)
        training = run.model.training
        run.model.eval()
        seen = record(run.model, run.filmed, run.state.epoch, run.config)
        run.model.train(training)
        with self.path.open("ab") as file:
            file.write(self._bytes(seen, run.state.epoch + share))

    def _bytes(self, seen: FilmRecord, epoch: float) -> bytes:
        """A record, on the plane of its own means, turned and mirrored so as to be as near as can be to the last."""
        origin, basis = plane(seen.positions)
        places = (seen.positions.double() - origin) @ basis
        if self.previous is not None and self.head.dims > 2:
            left, _, right = torch.linalg.svd(places.T @ self.previous)
            basis, places = basis @ (left @ right), places @ (left @ right)
        self.previous = places
        scale, steps = scaled(places.unsqueeze(0))
        within = shadow(seen.mixture, basis, origin)
        history = self.run.state.history
        whole = min(math.floor(epoch), len(history))
        bounds = (history[whole - 1].train_elbo, history[whole - 1].validation_elbo) if whole else (math.nan, math.nan)
        found = np.zeros(1, record_layout(self.head.points, self.head.components))
        beta = beta_at(self.run.config, math.ceil(epoch)) if epoch else 0.0
        found["numbers"][0, :6] = (epoch, beta, *bounds, float(scale[0]), whole)
        found["steps"] = steps.numpy()
        covariance = within.covariance.flatten(1)[:, [0, 1, 3]]
        found["components"] = torch.cat([within.mean, covariance, within.log_weights.unsqueeze(-1)], -1).numpy()
        return found.tobytes()


def read_live(path: Path, first: int = 0) -> tuple[Head, bytes] | None:
    """The head of a file of records, and its whole records from one on; None where there is no such file."""
    try:
        with path.open("rb") as file:
            line = file.readline(_MOST_BYTES_OF_HEAD)
            fields = json.loads(line)
            head = Head(**fields | {"labels": tuple(fields["labels"]), "classes": tuple(fields["classes"])})
            start, size = len(line), head.record_bytes
            file.seek(0, 2)
            count = (file.tell() - start) // size
            first = min(max(0, first), count)
            file.seek(start + first * size)
            return head, file.read((count - first) * size)
    except (FileNotFoundError, NotADirectoryError, KeyError, TypeError, ValueError):
        return None


def _head_bytes(head: Head) -> bytes:
    line = json.dumps(dataclasses.asdict(head), separators=(",", ":")).encode()
    return line + b" " * (-(len(line) + 1) % 4) + b"\n"
