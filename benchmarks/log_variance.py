"""What the bound of the posterior's log-variance costs in two dimensions: `python -m benchmarks.log_variance`.

Trains `digits-2d` with each prior and seed as shipped, but for the lower bound (-6, -10, or none that is met), and
measures the best weights on the validation part: ELBO, and log p(x) by quadrature. The command goes on where it was
stopped: it keeps the rows that the file has.

Result of 27 trainings (two cores of an x86-64 CPU). Without a bound no log-variance falls below -8.6, so that -10 is
the same as none. -10 minus -6, mean and standard error over three seeds, in nats an image:

| prior | ELBO          | log p(x)       |
|-------|---------------|----------------|
| SG    | +0.17 +- 0.03 | +0.03 +- 0.01  |
| MoG   | +0.04 +- 0.03 | +0.01 +- 0.02  |
| Vamp  | +0.02 +- 0.02 | -0.00 +- 0.01  |

Seeds of one prior differ by 2 to 5 nats. The bound of -6 therefore stays.
"""

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path

import torch

from vampcore import datasets, nn, zoo
from vampcore.checkpoints import load
from vampcore.datasets import observe
from vampcore.metrics import bound
from vampcore.metrics.scores import integrate
from vampcore.training import fit

BOUNDS = (-6.0, -10.0, -100.0)
PRIORS, SEEDS = ("sg", "mog", "vamp"), (0, 1, 2)


def measured(prior: str, lowest: float, seed: int) -> dict[str, float | str | int]:
    """Train one model with that bound, and measure it on the validation part."""
    nn.LOGVAR_RANGE = (lowest, nn.LOGVAR_RANGE[1])
    config = dataclasses.replace(zoo.load(f"digits-2d/{prior}").config, seed=seed, experiment="log-variance")
    dataset = datasets.load(config.data, None, config.likelihood)
    with tempfile.TemporaryDirectory() as folder:
        for _ in fit(config, dataset, Path(folder) / "run"):
            pass
        model = load(Path(folder) / "run").model
    part = dataset.validation
    x = observe(part.images, part.levels, config.likelihood, torch.Generator().manual_seed(0))
    found = bound(model, x, samples=100, generator=torch.Generator().manual_seed(0))
    integral = integrate(model, x)
    smallest = model.encoder(x).logvar.min().item()
    return {
        "prior": prior,
        "bound": lowest,
        "seed": seed,
        "elbo": found.elbo.mean().item(),
        "log_likelihood": float("nan") if integral.metric is None else integral.metric.value,
        "refusal": integral.refusal or "",
        "smallest_logvar": smallest,
    }


def main() -> None:
    """Train and measure what the file lacks, a line a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("log_variance.jsonl"))
    out = parser.parse_args().out
    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {(row["prior"], row["bound"], row["seed"]) for row in rows}
    for seed in SEEDS:
        for lowest in BOUNDS:
            for prior in PRIORS:
                if (prior, lowest, seed) not in done:
                    with out.open("a") as file:
                        file.write(json.dumps(measured(prior, lowest, seed)) + "\n")


if __name__ == "__main__":
    main()
