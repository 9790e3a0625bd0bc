"""Better-known values of log p(x), for the covering estimate: `python -m benchmarks.references`.

Of each model: 20 images drawn from it, with both bounds of annealed importance sampling, and 200 test images with a
covering estimate of S = 100,000. A line an image; lines that the file has are left alone, so that the command goes on
where it was stopped.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.annealed import annealed, drawn
from vampcore import datasets, zoo
from vampcore.checkpoints.measuring import test_observations
from vampcore.checkpoints.subset import random_rows
from vampcore.metrics import covering, log_likelihood

MODELS = tuple(f"{family}/{prior}" for family in ("static-mnist-40d", "static-mnist-hvae") for prior in ("vamp", "sg"))
DRAWN, TEST = 20, 200
PARTS = ("drawn", "test")
SAMPLES, MANY = 5000, 100_000
Row = dict[str, str | int | float]


def of_drawn_images(name: str, temperatures: int) -> Iterator[Row]:
    """Images drawn from the model: bounds by annealing, and the two estimates with S = 5,000."""
    model = zoo.load(name).model
    generator = torch.Generator().manual_seed(0)
    observations = drawn(model, DRAWN, generator)
    bounds = annealed(model, observations, generator, temperatures)
    covered = covering(model, observations.x, SAMPLES, generator)
    alone = log_likelihood(model, observations.x, SAMPLES, generator=generator)
    for n in range(DRAWN):
        yield {
            "model": name,
            "part": "drawn",
            "image": n,
            "lower": bounds.lower[n].item(),
            "upper": bounds.upper[n].item(),
            "covering": covered.log_likelihood[n].item(),
            "is": alone.log_likelihood[n].item(),
        }


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
            "part": "test",
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
    parser.add_argument(
        "models", metavar="MODEL", nargs="*", default=MODELS, help="shipped models of normal posteriors"
    )
    parser.add_argument("--part", choices=PARTS, help="of the images; both unless given")
    parser.add_argument("--out", type=Path, default=Path("references.jsonl"))
    parser.add_argument("--temperatures", type=int, default=400, help="of the annealing")
    options = parser.parse_args()
    rows: list[Row] = []
    if options.out.exists():
        rows = [json.loads(line) for line in options.out.read_text().splitlines()]
    with options.out.open("a") as file:
        for name in options.models:
            done = {part: {int(r["image"]) for r in rows if (r["model"], r["part"]) == (name, part)} for part in PARTS}
            if options.part != "test" and not done["drawn"]:
                # Written together: they share one run.
                file.writelines(json.dumps(row) + "\n" for row in list(of_drawn_images(name, options.temperatures)))
                file.flush()
            for row in of_test_images(name, done["test"]) if options.part != "drawn" else ():
                file.write(json.dumps(row) + "\n")
                file.flush()


if __name__ == "__main__":
    main()
