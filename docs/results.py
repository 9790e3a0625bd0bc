"""Write the tables of scores from the shipped checkpoints: `python docs/results.py`.

README.md has log p(x) of the experiments with a published score; docs/results.md has all models, each training of
those that have several, and all differences. Published scores are as reported; their sources are below the tables.
"""

import itertools
import statistics
from pathlib import Path

from vampcore import literature, zoo
from vampcore.checkpoints import Checkpoint
from vampcore.checkpoints.card import component_count
from vampcore.checkpoints.trainings import scores_by_seed, trainings
from vampcore.config import Config
from vampcore.results import cells as cells_of
from vampcore.results.paired import log_likelihood_difference
from vampcore.results.verdict import compare, tie_margin

ROOT = Path(__file__).resolve().parent.parent
README, REPORT = ROOT / "README.md", ROOT / "docs" / "results.md"
BEGIN, END = "<!-- results: written by docs/results.py -->\n", "<!-- end of results -->"
SEEDS_BEGIN, SEEDS_END = "<!-- seeds: written by docs/results.py -->\n", "<!-- end of seeds -->"
DIFFERENCES_BEGIN, DIFFERENCES_END = (
    "<!-- differences: written by docs/results.py -->\n",
    "<!-- end of differences -->",
)
SOURCES = {literature.VAMPPRIOR: 1, literature.RERUN: 2}
NAMES = {
    "sg": "standard normal",
    "mog": "mixture of Gaussians",
    "vamp": "VampPrior",
    "vamp-data": "VampPrior, training images",
}
LAYERS = {1: "one layer", 2: "two layers"}


def summary() -> str:
    """Markdown: log p(x) of every model whose experiment has a published score, with that score."""
    lines = [
        "| experiment | prior | ours, nats/image | trainings, SD | published [1] | published [2] |",
        "|---|---|---|---|---|---|",
    ]
    for experiment, family in _families().items():
        if not any(_figures(checkpoint.config) for checkpoint in family.values()):
            continue
        for prior, checkpoint in family.items():
            metric = checkpoint.metric("log_likelihood")
            ours = "not evaluated" if metric is None else cells_of.number(metric.value, metric.se)
            published = {SOURCES[figure.source]: f"{figure.value:.2f}" for figure in _figures(checkpoint.config)}
            others = [published.get(number, "").replace("-", cells_of.MINUS) for number in SOURCES.values()]
            name = f"{experiment}, {LAYERS[len(checkpoint.config.latent_dims)]}"
            lines.append("| " + " | ".join([name, NAMES[prior], ours, _spread(checkpoint), *others]) + " |")
    return "\n".join(lines) + "\n"


def table() -> str:
    """Markdown: a row for every shipped model, in the order of experiments and priors."""
    lines = [
        "| experiment | prior | K | log p(x), nats/image | ELBO, nats/image | KL | active units | epochs | published |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for experiment, family in _families().items():
        lines += [_row(experiment, prior, checkpoint) for prior, checkpoint in family.items()]
    return "\n".join(lines) + "\n"


def seeds() -> str:
    """Markdown: a row for each training of the models that have several."""
    lines = ["| experiment | prior | seed | validation ELBO | log p(x) |", "|---|---|---|---|---|"]
    for experiment, family in _families().items():
        for prior, checkpoint in family.items():
            found = trainings(checkpoint)
            for each in found if len(found) > 1 else []:
                seed = f"{each.seed}, ships" if each.seed == checkpoint.config.seed else f"{each.seed}"
                score = None if each.log_likelihood is None else float(each.log_likelihood.double().mean())
                cells = [seed, cells_of.number(each.validation_bound), "" if score is None else cells_of.number(score)]
                lines.append("| " + " | ".join([experiment, NAMES[prior], *cells]) + " |")
    return "\n".join(lines) + "\n"


def differences() -> str:
    """Markdown: for every two priors of an experiment, the later minus the earlier, and what that decides."""
    lines = [
        "| experiment | priors | log p(x), nats/image, paired | 95 % interval | same sign | images | the first is |",
        "|---|---|---|---|---|---|---|",
    ]
    for experiment, family in _families().items():
        for one, other in itertools.combinations(family, 2):
            if row := _difference(family[one], family[other]):
                pair = f"{NAMES[other]} {cells_of.MINUS} {NAMES[one]}"
                lines.append("| " + " | ".join([experiment, pair, *row]) + " |")
    return "\n".join(lines) + "\n"


def _spread(checkpoint: Checkpoint) -> str:
    """The number of trainings, and the standard deviation of their scores where there are several."""
    scores = [float(each.mean()) for each in scores_by_seed(checkpoint, "log_likelihood").values()]
    return f"{len(scores)}, {statistics.stdev(scores):.2f}" if len(scores) > 1 else "1"


def _difference(one: Checkpoint, other: Checkpoint) -> list[str]:
    """The cells on `other` minus `one`; none where their log p(x) cannot be compared."""
    metric = log_likelihood_difference(one, other)
    if metric is None:
        return []
    scores, against = (scores_by_seed(each, "log_likelihood") for each in (other, one))
    found = compare(scores, against, tie_margin(one.config.likelihood))
    value, low, high = (
        ("+" if each >= 0 else "") + cells_of.number(each, se)
        for each, se in ((found.value, found.se), (found.low, None), (found.high, None))
    )
    basis = "exact" if metric.estimator == "quadrature" else f"S = {metric.samples:,}"
    agreeing = f"{found.agreeing} of {found.trainings}"
    return [f"{value} ({basis})", f"{low} to {high}", agreeing, f"{found.images:,}", found.outcome]


def _families() -> dict[str, dict[str, Checkpoint]]:
    """Load the checkpoints of each experiment by prior, both in the order of the tables."""
    experiments = sorted({path.parent.parent.name for path in zoo.SHIPPED.glob("*/*/config.json")})
    return {
        experiment: {
            prior: zoo.load(str(zoo.SHIPPED / experiment / prior))
            for prior in NAMES
            if (zoo.SHIPPED / experiment / prior).exists()
        }
        for experiment in experiments
    }


def _row(experiment: str, prior: str, checkpoint: Checkpoint) -> str:
    config = checkpoint.config
    cells = [
        experiment,
        NAMES[prior],
        "1" if prior == "sg" else component_count(checkpoint) + cells_of.effective(checkpoint),
        _figure(checkpoint, "log_likelihood") + _bits(checkpoint),
        _figure(checkpoint, "elbo"),
        _figure(checkpoint, "kl"),
        f"{cells_of.active_units(checkpoint)} of {' + '.join(map(str, reversed(config.latent_dims)))}",
        cells_of.epochs(checkpoint),
        _published(config),
    ]
    return "| " + " | ".join(cells) + " |"


def _bits(checkpoint: Checkpoint) -> str:
    """Give the score of grey images in bits per dimension as well; there lower is better."""
    found = cells_of.figure(checkpoint, "bits_per_dimension", 3)
    return f" = {found} bits/dimension" if found else ""


def _figures(config: Config) -> list[literature.Published]:
    found = literature.published(
        config.data, config.model, config.prior, config.latent_dim, config.objective, config.samples
    )
    return [figure for figure in found if figure.source in SOURCES]


def _published(config: Config) -> str:
    cells = []
    for figure in _figures(config):
        units = f", {figure.active_units} units" if figure.active_units else ""
        unit = " bits/dimension" if figure.unit == literature.BITS else ""
        cells.append(f"{figure.value:.2f}{unit}{units} [{SOURCES[figure.source]}]")
    return "; ".join(cells).replace("-", cells_of.MINUS)


def _figure(checkpoint: Checkpoint, name: str) -> str:
    metric = checkpoint.metric(name)
    if metric is None:
        return "not evaluated"
    of_a_part = f", {metric.n:,} images" if metric.n is not None and metric.n < checkpoint.test_images else ""
    samples = "exact" if metric.estimator == "quadrature" else f"S = {metric.samples:,}"
    basis = f" ({samples}{of_a_part})" if name == "log_likelihood" else ""
    return cells_of.number(metric.value, metric.se) + basis


def write(path: Path, begin: str, end: str, tables: str) -> None:
    """Replace the text between two markers.

    Raises:
        ValueError: If the file does not have exactly one pair of markers.
    """
    before, rest = path.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    path.write_text(before + begin + tables + end + after, encoding="utf-8")


def main() -> None:
    """Write all four tables."""
    write(README, BEGIN, END, summary())
    write(REPORT, BEGIN, END, table())
    write(REPORT, SEEDS_BEGIN, SEEDS_END, seeds())
    write(REPORT, DIFFERENCES_BEGIN, DIFFERENCES_END, differences())


if __name__ == "__main__":
    main()
