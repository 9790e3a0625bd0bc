"""The covering estimate against its own with twenty times the samples, on test images of a shipped model.

`covering_references.json` is written by `python -m benchmarks.references`.
"""

import json
from pathlib import Path

import pytest
import torch

from vampcore import zoo
from vampcore.checkpoints.packed import read_packed
from vampcore.metrics import covering, log_likelihood

MODEL = "static-mnist-40d/vamp"
REFERENCES = json.loads((Path(__file__).parent / "covering_references.json").read_text())
IMAGES, SAMPLES = 8, 2000


@pytest.fixture(scope="module")
def model():
    return zoo.load(MODEL).model


@pytest.fixture(scope="module")
def x():
    images = read_packed(zoo.SHIPPED / "static-mnist-40d").images
    return images[[row["image"] for row in REFERENCES[:IMAGES]]].float()


@pytest.fixture(scope="module")
def known():
    return torch.tensor([row["log_likelihood"] for row in REFERENCES[:IMAGES]])


@pytest.fixture(scope="module")
def missed(model, x, known):
    return known - covering(model, x, SAMPLES, torch.Generator().manual_seed(5)).log_likelihood


def test_it_is_near_the_reference(missed):
    assert missed.mean().abs() < 0.3
    assert missed.abs().max() < 2


def test_importance_sampling_with_q_misses_more(model, x, known, missed):
    alone = known - log_likelihood(model, x, SAMPLES, generator=torch.Generator().manual_seed(5)).log_likelihood
    assert alone.mean() > 0.1
    assert alone.abs().mean() > 1.5 * missed.abs().mean()
