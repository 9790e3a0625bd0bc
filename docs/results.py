"""Write the README's table of figures from the shipped checkpoints: `python docs/results.py`.

The published figures are given as reported; where each comes from stands under the table.
"""

from pathlib import Path

from vampcore import zoo
from vampcore.checkpoints import Checkpoint

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- results: written by docs/results.py -->\n", "<!-- end of results -->"
# One-layer VAE on static MNIST, nats an image: the paper, and an independent rerun. No figure for MoG is known to us.
PUBLISHED = {
    ("static-mnist-40d", "sg"): "−88.56 [1]; −88.23, 30 units [2]",
    ("static-mnist-40d", "vamp"): "−85.57 [1]; −85.81, 34 units [2]",
}
NAMES = {"sg": "standard normal", "mog": "mixture of Gaussians", "vamp": "VampPrior"}


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


def _row(experiment: str, prior: str, checkpoint: Checkpoint) -> str:
    config = checkpoint.config
    cells = [
        experiment,
        NAMES[prior],
        "1" if prior == "sg" else str(config.components),
        _figure(checkpoint, "log_likelihood"),
        _figure(checkpoint, "elbo"),
        _figure(checkpoint, "kl"),
        f"{checkpoint.metric('active_units').value:.0f} of {config.latent_dim}",
        str(checkpoint.progress.epochs) + ("" if checkpoint.progress.converged else ", not converged"),
        PUBLISHED.get((experiment, prior), ""),
    ]
    return "| " + " | ".join(cells) + " |"


def _figure(checkpoint: Checkpoint, name: str) -> str:
    metric = checkpoint.metric(name)
    if metric is None:
        return "not evaluated"
    error = "" if metric.se is None else f" ± {metric.se:.2f}"
    basis = f" (S = {metric.samples:,})" if name == "log_likelihood" else ""
    return f"{metric.value:.2f}{error}{basis}".replace("-", "−")


def main() -> None:
    """Replace what stands between the two markers."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    README.write_text(before + BEGIN + table() + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
