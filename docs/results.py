"""Write the README's tables of scores from the shipped checkpoints: `python docs/results.py`.

The published figures are given as reported; where each comes from stands under the table.
"""

import itertools
from pathlib import Path

from vampcore import literature, zoo
from vampcore.checkpoints import Checkpoint
from vampcore.checkpoints.card import component_count
from vampcore.config import Config
from vampcore.results import cells as cells_of
from vampcore.results.paired import log_likelihood_difference

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- results: written by docs/results.py -->\n", "<!-- end of results -->"
SOURCES = {literature.VAMPPRIOR: 1, literature.RERUN: 2}
NAMES = {
    "sg": "standard normal",
    "mog": "mixture of Gaussians",
    "vamp": "VampPrior",
    "vamp-data": "VampPrior, training images",
}


def table(folder: Path = zoo.SHIPPED) -> str:
    """Markdown: a row for every shipped model, in the order of experiments and priors."""
    lines = [
        "| experiment | prior | K | log p(x), nats/image | ELBO, nats/image | KL | active units | epochs | published |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for experiment in sorted({path.parent.parent.name for path in folder.glob("*/*/config.json")}):
        for prior in NAMES:
            path = folder / experiment / prior
            if path.exists():
                lines.append(_row(experiment, prior, zoo.load(str(path))))
    return "\n".join(lines) + "\n"


def differences(folder: Path = zoo.SHIPPED) -> str:
    """Markdown: for every two priors of an experiment, by how much the second one scores better, image by image."""
    lines = ["| experiment | priors | log p(x), nats/image, paired | images |", "|---|---|---|---|"]
    for experiment in sorted({path.parent.parent.name for path in folder.glob("*/*/config.json")}):
        found = {
            prior: zoo.load(str(folder / experiment / prior))
            for prior in NAMES
            if (folder / experiment / prior).exists()
        }
        for one, other in itertools.combinations(found, 2):
            metric = log_likelihood_difference(found[one], found[other])
            if metric is not None:
                sign = "+" if metric.value >= 0 else ""
                value = sign + cells_of.number(metric.value, metric.se)
                exact = " (exact)" if metric.estimator == "quadrature" else f" (S = {metric.samples:,})"
                pair = f"{NAMES[other]} {cells_of.MINUS} {NAMES[one]}"
                lines.append(f"| {experiment} | {pair} | {value}{exact} | {metric.n:,} |")
    return "\n".join(lines) + "\n"


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
        str(checkpoint.progress.epochs) + ("" if checkpoint.progress.converged else ", not converged"),
        _published(config),
    ]
    return "| " + " | ".join(cells) + " |"


def _bits(checkpoint: Checkpoint) -> str:
    """Of grey images, the same figure in bits a dimension, where lower is better."""
    found = cells_of.figure(checkpoint, "bits_per_dimension", 3)
    return f" = {found} bits/dimension" if found else ""


def _published(config: Config) -> str:
    found = literature.published(
        config.data, config.model, config.prior, config.latent_dim, config.objective, config.samples
    )
    cells = []
    for figure in found:
        if figure.source in SOURCES:
            units = f", {figure.active_units} units" if figure.active_units else ""
            unit = " bits/dimension" if figure.unit == literature.BITS else ""
            cells.append(f"{figure.value:.2f}{unit}{units} [{SOURCES[figure.source]}]")
    return "; ".join(cells).replace("-", "−")


def _figure(checkpoint: Checkpoint, name: str) -> str:
    metric = checkpoint.metric(name)
    if metric is None:
        return "not evaluated"
    error = "" if metric.se is None else f" ± {metric.se:.2f}"
    of_a_part = f", {metric.n:,} images" if metric.n is not None and metric.n < checkpoint.test_images else ""
    samples = "exact" if metric.estimator == "quadrature" else f"S = {metric.samples:,}"
    basis = f" ({samples}{of_a_part})" if name == "log_likelihood" else ""
    return f"{metric.value:.2f}{error}{basis}".replace("-", "−")


def main() -> None:
    """Replace what stands between the two markers."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    README.write_text(before + BEGIN + table() + "\n" + differences() + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
