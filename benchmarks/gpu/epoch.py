"""The time of an epoch against its floors: `benchmarks.epoch_on_gpu`, a row a piece."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from benchmarks import epoch_on_gpu
from benchmarks.gpu.job import Job, Outcome, Piece
from benchmarks.training_step import PAPER, PRECISIONS, PRIORS
from vampcore.config import Config


class Cells(NamedTuple):
    """A row of the table of benchmarks/RESULTS.md, under its columns."""

    columns: list[str]
    row: list[str]


def pieces(job: Job) -> Iterator[Piece]:
    """Three priors in two precisions; one of them where it is tried out."""
    for prior in PRIORS:
        for precision in PRECISIONS:
            yield Piece(f"{prior}, {precision}", partial(cells, replace(PAPER, prior=prior, precision=precision), job))
            if job.small:
                return


def cells(config: Config, job: Job) -> Outcome:
    """One row."""
    if job.small:
        config = replace(config, components=6, latent_dim=3, hidden=8, batch_size=10)
        row = epoch_on_gpu.row(config, job.device, images=40, turns=2, compile="off")
    else:
        row = epoch_on_gpu.row(config, job.device)
    return Outcome(Cells(list(epoch_on_gpu.COLUMNS), list(row)))
