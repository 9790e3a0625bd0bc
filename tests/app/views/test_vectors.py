"""A model of vectors: every page draws it as bars and says what they are."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from app.services import catalogue, images
from tests import pages
from tests.app.conftest import clear_caches, use_root
from tests.app.reading import open_page, pictures, ref_of, words
from tests.sharing import made_once

VIEWS = pages.OF_A_MODEL
VALUES = 13


def train_vectors(root: Path) -> None:
    from tests.small_runs import config, train
    from vampcore.datasets import Dataset, Split

    random = np.random.default_rng(0)

    def part(count: int) -> Split:
        vectors = torch.from_numpy(random.integers(0, 256, (count, 1, 1, VALUES), dtype=np.uint8))
        return Split(vectors, torch.arange(count) % 3, 255)

    wine = Dataset("npz:wine.npz", part(120), part(40), part(40), ("one", "two", "three"), "logistic", (0.5, 0.3))
    for prior in ("sg", "vamp"):
        changes = {"data": wine.name, "experiment": "wine", "likelihood": "logistic", "epochs": 1, "warmup": 0}
        train(config(prior, **changes), root / "wine" / prior, wine)


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "vectors", train_vectors)


@pytest.fixture
def models(wine: Path, listing) -> Path:
    return listing.use(wine)


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_opens_and_says_what_the_bars_are(models, view):
    at = open_page(view, prior="Vamp")
    assert f"vectors of {VALUES} values" in words(at)
    assert "amber line is its mean" in words(at)
    assert "Your own image" not in [each.label for each in at.expander]


def test_the_mean_is_that_of_the_test_set(models):
    ref = ref_of("wine", "vamp")
    shown = images.from_test_set(ref, tuple(range(40))).pixels
    assert catalogue.facts(ref).binary == pytest.approx(shown.reshape(40, VALUES).mean(0))


def test_samples_are_bars_with_a_line_at_the_mean(models):
    from app.figures.theme import COMPARED, LIGHT, rgb

    (first, *_) = pictures(open_page("overview"))
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(first.partition(",")[2]))).convert("RGB"))
    colours = {tuple(pixel) for pixel in drawn.reshape(-1, 3).tolist()}
    assert {rgb(COMPARED), rgb(LIGHT.muted), rgb(LIGHT.paper)} <= colours


def test_images_say_nothing_of_vectors(trained, monkeypatch):
    use_root(trained, monkeypatch)
    assert "vectors of" not in words(open_page("overview"))
    clear_caches()
