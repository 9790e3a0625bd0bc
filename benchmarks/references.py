"""Better-known values of log p(x), for the covering estimate: `python -m benchmarks.references`.

Of each model: 200 test images with a covering estimate of S = 100,000, of which `tests/metrics` keeps some. A line an
image; lines that the file has are left alone, so that the command goes on where it was stopped.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import torch

from vampcore import datasets, zoo
from vampcore.checkpoints.measuring import test_observations
from vampcore.checkpoints.subset import random_rows
from vampcore.metrics import covering, log_likelihood

MODELS = tuple(f"{family}/{prior}" for family in ("static-mnist-40d", "static-mnist-hvae") for prior in ("vamp", "sg"))
TEST = 200
SAMPLES, MANY = 5000, 100_000
Row = dict[str, str | int | float]


def of_test_images(name: str, done: set[int]) -> Iterator[Row]:
    """Test images: the covering estimate with S = 100,000 and with 5,000, and importance sampling with q."""
    checkpoint = zoo.load(name)
    dataset = datasets.load(checkpoint.config.data, None, checkpoint.config.likelihood)
    x = test_observations(checkpoint, dataset)
    for n in random_rows(TEST, len(x)).tolist():
        if n in done:
            continue
        image = x[n : n + 1]
        many = covering(checkpoint.model, image, MANY, torch.Generator().manual_seed(1))
        few = covering(checkpoint.model, image, SAMPLES, torch.Generator().manual_seed(2))
        alone = log_likelihood(checkpoint.model, image, SAMPLES, generator=torch.Generator().manual_seed(3))
        yield {
            "model": name,
            "image": n,
            "many": many.log_likelihood.item(),
            "many_error": many.error.item(),
            "covering": few.log_likelihood.item(),
            "error": few.error.item(),
            "is": alone.log_likelihood.item(),
        }


def main() -> None:
    """Measure what the file lacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", metavar="MODEL", nargs="*", default=MODELS, help="shipped, of normal posteriors")
    parser.add_argument("--out", type=Path, default=Path("references.jsonl"))
    options = parser.parse_args()
    rows: list[Row] = []
    if options.out.exists():
        rows = [json.loads(line) for line in options.out.read_text().splitlines()]
    with options.out.open("a") as file:
        for name in options.models:
            done = {int(row["image"]) for row in rows if row["model"] == name}
            for row in of_test_images(name, done):
                file.write(json.dumps(row) + "\n")
                file.flush()


if __name__ == "__main__":
    main()
