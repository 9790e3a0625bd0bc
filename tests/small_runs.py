"""Runs that take a moment: digits, four components, two latent dimensions."""

import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from vampcore import datasets
from vampcore.config import Config
from vampcore.datasets import Dataset, Split
from vampcore.training import fit

PRIORS = ("sg", "mog", "vamp", "vamp-weighted", "vamp-data", "exemplar")
FILES = {
    "README.md",
    "config.json",
    "data.safetensors",
    "film.bin",
    "history.csv",
    "latents.safetensors",
    "manifest.json",
    "metrics.json",
    "per_image.safetensors",
    "snapshots.safetensors",
    "weights.safetensors",
}
QUICK_RUN = ("--components=4", "--latent-dim=2", "--hidden=16", "--layers=1", "--epochs=1", "--experiment=quick")
RUN_FILES = {"state.safetensors", "status.json"}
SMALL = Config(
    data="digits",
    experiment="small",
    components=4,
    latent_dim=2,
    hidden=16,
    layers=1,
    likelihood="binomial",
    epochs=3,
    warmup=1,
    learning_rate=2e-3,
)


@functools.cache
def digits() -> Dataset:
    return datasets.load("digits")


@functools.cache
def few_digits() -> Dataset:
    """The first 250 / 100 / 100 of each split: five steps of 50."""
    whole = digits()
    return dataclasses.replace(
        whole, train=first(whole.train, 250), validation=first(whole.validation, 100), test=first(whole.test, 100)
    )


def first(split: Split, count: int) -> Split:
    return Split(split.images[:count], split.labels[:count], split.levels)


def config(prior: str = "vamp", **changes: Any) -> Config:
    return dataclasses.replace(SMALL, **({"prior": prior, "batch_size": 50} | changes))


def train(config: Config, folder: Path, dataset: Dataset | None = None, **options: Any) -> list[Any]:
    return list(fit(config, dataset or few_digits(), folder, **options))


def train_family(root: Path) -> Path:
    """One checkpoint for each prior, of all digits, so that the command line can measure them again."""
    for prior in PRIORS:
        train(dataclasses.replace(SMALL, prior=prior), root / "small" / prior, digits())
    return root


def rewrite_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))
    seal(path.parent)


def rewrite_tensors(path: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = load_file(path)
    change(tensors)
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)
    seal(path.parent)


def seal(folder: Path) -> None:
    """Let the manifest, where there is one, list the files as they are now."""
    from vampcore.checkpoints.manifest import MANIFEST, manifest_of

    if (folder / MANIFEST).exists():
        names = json.loads((folder / MANIFEST).read_text())["files"]
        (folder / MANIFEST).write_bytes(manifest_of({name: (folder / name).read_bytes() for name in names}))


def as_format_1(folder: Path) -> None:
    """Turn a checkpoint into one from before there were manifests."""
    (folder / "manifest.json").unlink()
    for name in ("config.json", "metrics.json"):
        rewrite_json(folder / name, lambda fields: fields.update(format=1))
