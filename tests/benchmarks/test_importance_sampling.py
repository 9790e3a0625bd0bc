"""What the benchmark of importance sampling compares, with few samples."""

import pytest
import torch

from benchmarks import importance_sampling
from benchmarks.timing import Table
from vampcore import zoo
from vampcore.metrics import log_likelihood


@pytest.fixture(scope="module")
def model():
    return zoo.load(importance_sampling.MODEL).model


@pytest.fixture(scope="module")
def images(model):
    return importance_sampling.drawn(model, 4)


def test_the_surest_image_comes_first(model, images):
    ess = log_likelihood(model, images, 1000, generator=torch.Generator().manual_seed(9)).ess
    assert set(images.unique().tolist()) == {0.0, 1.0}
    assert ess[0] > ess[-1]


def test_rows_fit_the_table_and_agree_on_the_image(model, images):
    rows = importance_sampling.rows_of(model, images, number=1, samples=300, turns=2, compiled=False)
    table = Table("Sampling", tuple("abcdefg"), tuple(rows))
    assert [row[1] for row in table.rows] == ["ours", "public way"]
    ours, public = (float(row[-1].split(" ±")[0].replace("−", "-")) for row in table.rows)
    # 300 samples of an image whose effective sample size is a few per cent of them.
    assert public == pytest.approx(ours, abs=2.5)
