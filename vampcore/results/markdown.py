"""A table's results as Markdown, from what is on disk."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from vampcore.checkpoints import Checkpoint, CheckpointError
from vampcore.checkpoints.card import objective_name
from vampcore.checkpoints.folder import write_bytes
from vampcore.config import Config
from vampcore.literature import Source
from vampcore.metrics.elbo_surgery import SATURATED
from vampcore.metrics.metric import Metric
from vampcore.results import cells
from vampcore.results.paired import DIFFERENCES
from vampcore.results.table import Estimate, Table
from vampcore.results.work import find, is_finished, is_measured


class Column(NamedTuple):
    """A column: its heading, and the cell of a model."""

    heading: str
    values: list[str]


def write_report(tables: Sequence[Table], path: Path, runs: Path) -> None:
    """Write the report of one table, or of several under one heading, completely or not at all.

    Other processes write it too, each after a row of its own. Whoever sees, after the writing, that the disk says more
    by now writes again; so what stands there in the end is all of it, whoever was last.

    Raises:
        OSError: If it cannot be written; what was there is unchanged.
    """
    text = _together(tables, runs)
    while True:
        write_bytes(path, text.encode())
        if (newer := _together(tables, runs)) == text:
            return
        text = newer


def _together(tables: Sequence[Table], runs: Path) -> str:
    if len(tables) == 1:
        return report(tables[0], runs)
    return "\n".join(["# Results\n", *(report(table, runs, level=2) for table in tables)])


def report(table: Table, runs: Path, level: int = 1) -> str:
    """Markdown with a row for every model of the table, and what differs between the priors of an experiment."""
    found = [(config, _at_hand(config, runs)) for config in table.rows]
    sources: list[Source] = []
    columns = _columns(found, table.estimate, sources)
    headings = [column.heading for column in columns]
    lines = [f"{'#' * level} {table.title}", "", _line(headings), "|" + "---|" * len(headings)]
    lines += [_line(list(row)) for row in zip(*(column.values for column in columns), strict=True)]
    lines += ["", *_notes(found, table.estimate)]
    for number, source in enumerate(sources, 1):
        lines += [f"[{number}] {cells.cited(source)}.", ""]
    done = [each for _, each in found if each is not None and _is_done(each, table.estimate)]
    lines += _differences(done, level + 1)
    return "\n".join(lines).rstrip("\n") + "\n"


def _at_hand(config: Config, runs: Path) -> Checkpoint | None:
    try:
        return find(config, runs)
    except CheckpointError:  # said by whoever works on that row
        return None


def _is_done(checkpoint: Checkpoint | None, estimate: Estimate) -> bool:
    return checkpoint is not None and is_finished(checkpoint) and is_measured(checkpoint, estimate)


def _columns(found: list[tuple[Config, Checkpoint | None]], estimate: Estimate, sources: list[Source]) -> list[Column]:
    configs = [config for config, _ in found]

    def measured(name: str, decimals: int = 2) -> list[str]:
        return ["" if each is None else cells.figure(each, name, decimals) for _, each in found]

    def of_the_run(cell: Callable[[Checkpoint], str]) -> list[str]:
        return ["" if each is None else cell(each) for _, each in found]

    columns = [
        Column("data", [config.data for config in configs]),
        Column("model", [cells.model(config) for config in configs]),
        Column("prior", [cells.prior(config, each) for config, each in found]),
        Column("objective", [objective_name(config) for config in configs]),
        Column(f"test log p(x), S = {estimate.samples:,}", [_log_likelihood(each, estimate) for _, each in found]),
    ]
    if any(config.likelihood == "logistic" for config in configs):
        columns.append(Column("bits/dimension", [_bits(each, estimate) for _, each in found]))
    columns += [
        Column("ELBO", measured("elbo")),
        Column("KL", measured("kl")),
        Column("active units", of_the_run(cells.active_units)),
        Column("mutual information", of_the_run(cells.mutual_information)),
        Column("marginal KL", measured("marginal_kl")),
        Column("epochs", of_the_run(cells.epochs)),
        Column("training", of_the_run(cells.wall_time)),
        Column("device", of_the_run(lambda each: each.progress.device)),
        Column("seed", [_seed(config, configs) for config in configs]),
        Column("published", [cells.others(config, sources) for config in configs]),
    ]
    return columns


def _log_likelihood(checkpoint: Checkpoint | None, estimate: Estimate) -> str:
    if checkpoint is None:
        return "not trained yet"
    if not is_finished(checkpoint):
        return f"in training, epoch {checkpoint.progress.epochs} of {checkpoint.config.epochs} at most"
    if not is_measured(checkpoint, estimate):
        return "not measured yet"
    found = checkpoint.metric("log_likelihood")
    if found is None:
        return ""
    if _is_exact(checkpoint):
        return f"{cells.figure(checkpoint, 'log_likelihood')} (exact)"
    other = [f"S = {found.samples:,}"] if found.samples != estimate.samples else []
    other += [f"{found.n:,} images"] if found.n != estimate.images_of(checkpoint.test_images) else []
    return cells.figure(checkpoint, "log_likelihood") + (f" ({', '.join(other)})" if other else "")


def _bits(checkpoint: Checkpoint | None, estimate: Estimate) -> str:
    measured = checkpoint is not None and is_measured(checkpoint, estimate)
    return cells.figure(checkpoint, "bits_per_dimension", 3) if checkpoint is not None and measured else ""


def _seed(config: Config, configs: list[Config]) -> str:
    """The seed, and whether the table has no other of the same setting."""
    settings = [dataclasses.replace(each, seed=0, experiment="any") for each in configs]
    alone = settings.count(dataclasses.replace(config, seed=0, experiment="any")) == 1
    return f"{config.seed} (one seed)" if alone else str(config.seed)


_EXACT = '; "exact" is the integral over two latent dimensions by quadrature'


def _is_exact(checkpoint: Checkpoint) -> bool:
    score = checkpoint.metric("log_likelihood")
    return score is not None and score.estimator == "quadrature"


def _notes(found: list[tuple[Config, Checkpoint | None]], estimate: Estimate) -> list[str]:
    done = [checkpoint for _, checkpoint in found if checkpoint is not None]
    counts = sorted({len(checkpoint.per_image.elbo) for checkpoint in done})
    images = " or ".join(f"{count:,}" for count in counts) or "no"
    is_part = estimate.images is not None and any(estimate.images < count for count in counts)
    part = (
        f" of a random {estimate.images:,} of them, the same for every row unless the row says otherwise,"
        if is_part
        else ""
    )
    lines = [
        f"Scores of {images} test images in nats/image, ± one standard "
        "error over images, after rounding the weights to "
        f"float16. log p(x){part} is estimated by importance sampling with S = {estimate.samples:,}. The estimate is a "
        "lower bound in expectation; how far it is below the true value depends on the posterior mass that q misses, "
        "which the effective sample size does not "
        f"show{_EXACT if any(map(_is_exact, done)) else ''}. The ELBO uses one "
        "sample, whatever the training objective. Active units are listed from the layer next to the data upwards. "
        "Mutual information and marginal KL belong to the top layer and depend on the number of test images, N. If "
        f"mutual information is above {SATURATED:.0%} of log N, it is a "
        "lower bound and the marginal KL an upper bound. "
        "Training time is the sum over epochs, validation included.",
        f"Priors: {cells.prior_words(config.prior for config, _ in found)}.",
    ]
    if is_part:
        lines.append(
            "The score for all images is a difference estimate: the mean ELBO of all images plus the mean of "
            "log p(x) − ELBO over the random subset."
        )
    missing = sum(not _is_done(checkpoint, estimate) for _, checkpoint in found)
    if missing:
        lines.append(f"{missing} of {len(found)} rows are not finished yet.")
    return [text for line in lines for text in (line, "")]


def _differences(done: list[Checkpoint], level: int) -> list[str]:
    """Markdown: for every two priors of an experiment, by how much the second one is better, image by image."""
    lines = []
    for (experiment, *_), family in _families(done).items():
        for one, other in itertools.combinations(family, 2):
            if len(one.per_image.elbo) != len(other.per_image.elbo):
                continue
            images = len(one.per_image.elbo)
            log_p, elbo = (_paired(measure(one, other), images) for measure in DIFFERENCES)
            pair = f"{other.config.prior} {cells.MINUS} {one.config.prior}"
            same = one.config.seed == other.config.seed
            seeds = f"{one.config.seed} (one seed each)" if same else f"{other.config.seed}, {one.config.seed}"
            lines.append(_line([experiment, pair, log_p, elbo, f"{images:,}", seeds]))
    if not lines:
        return []
    headings = ["experiment", "priors", "log p(x)", "ELBO", "images", "seed"]
    title = [f"{'#' * level} Priors of one experiment, paired", "", _line(headings), "|" + "---|" * len(headings)]
    note = (
        "Mean difference image by image, nats/image, ± its standard error over images. How much another seed of the "
        "training would change is not in that error."
    )
    return [*title, *lines, "", note]


def _families(done: list[Checkpoint]) -> dict[tuple[str, ...], list[Checkpoint]]:
    """By experiment, and by what makes a comparison of priors one of other things too."""
    families: dict[tuple[str, ...], list[Checkpoint]] = {}
    for checkpoint in done:
        config = checkpoint.config
        kind = (config.experiment, config.data, config.likelihood, config.model, objective_name(config))
        families.setdefault(kind, []).append(checkpoint)
    return families


def _paired(found: Metric | None, images: int) -> str:
    if found is None or found.n is None:
        return ""
    # log p(x) is known of some of the images only where the estimate says so.
    of_a_part = "" if found.n == images else f" ({found.n:,} images)"
    return ("+" if found.value >= 0 else "") + cells.number(found.value, found.se) + of_a_part


def _line(values: list[str]) -> str:
    return "| " + " | ".join(value.replace("|", "\\|") for value in values) + " |"
