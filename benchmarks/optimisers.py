"""The paper's optimiser against plain Adam: the same run, the same seeds, only the optimiser differs.

    python -m benchmarks.optimisers --data static_mnist --prior vamp --epochs 30 --seeds 3

Prints the best validation ELBO of each (nats an image, on the whole validation set with the same noise), and their
paired difference over seeds.
"""

import argparse
import math
import statistics

from vampcore import datasets
from vampcore.config import Config
from vampcore.training import Run

OPTIMISERS = ("adam", "adam-norm-grad")


def main() -> None:
    """Train every pair and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--prior", default="vamp")
    parser.add_argument("--components", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--decay", type=float, default=0.3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data-root", default=None)
    options = parser.parse_args()
    likelihood = datasets.default_likelihood(options.data)
    dataset = datasets.load(options.data, options.data_root, likelihood)
    best: dict[str, list[float]] = {name: [] for name in OPTIMISERS}
    for seed in range(options.seeds):
        for name in OPTIMISERS:
            config = Config(
                data=options.data,
                experiment="optimisers",
                prior=options.prior,
                components=options.components,
                likelihood=likelihood,
                epochs=options.epochs,
                warmup=max(1, options.epochs // 4),
                decay=options.decay,
                optimizer=name,
                precision="bf16",
                seed=seed,
            )
            run = Run(config, dataset)
            for _ in run.epochs():
                pass
            best[name].append(run.state.best_bound)
            print(f"seed {seed}  {name:15} best validation ELBO {run.state.best_bound:9.3f} nats/image", flush=True)
    gains = [a - b for a, b in zip(best["adam"], best["adam-norm-grad"], strict=True)]
    error = f" ± {statistics.stdev(gains) / math.sqrt(len(gains)):.3f}" if len(gains) > 1 else ""
    print(f"adam - adam-norm-grad: {statistics.mean(gains):+.3f}{error} nats/image over {len(gains)} seeds")


if __name__ == "__main__":
    main()
