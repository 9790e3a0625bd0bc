"""Own data that have changed since the training: no page shows an image that is not the model's, and each says why."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.app.conftest import clear_caches, use_root
from tests.app.reading import charts, open_page, pictures
from vampcore import datasets

COUNT = 80


def images(seed: int, count: int = COUNT) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8), dtype=np.uint8)


def draw(folder: Path, number: int, image: np.ndarray) -> None:
    Image.fromarray(image).save(folder / f"{number:03}.png")


@pytest.fixture(params=["folder", "npz"])
def own(request, tmp_path, monkeypatch):
    """A model of own images, how to change these, and the words that follow."""
    from tests.small_runs import config, train

    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path))
    place, other = tmp_path / "own", images(1)
    if request.param == "folder":
        place.mkdir()
        for number, image in enumerate(images(0)):
            draw(place, number, image)
    else:
        place = tmp_path / "own.npz"
        np.savez(place, images=images(0))

    def change() -> str:
        if place.suffix:
            np.savez(place, images=np.concatenate([images(0)[10:], other[:4]]))
            return "of its 80 images, 4 new, 10 gone;"
        for number in range(70, 73):
            (place / f"{number:03}.png").unlink()
        for number in (20, 90, 91):
            draw(place, number, other[number % 80])
        return "of its 80 images, 2 new, 3 gone, 1 changed;"

    dataset = datasets.load(f"{request.param}:{place}")
    run = config("vamp", data=dataset.name, likelihood="binomial", epochs=1)
    train(run, tmp_path / "roots" / "own" / "vamp", dataset)
    use_root(tmp_path / "roots", monkeypatch)
    yield place, change
    clear_caches()


def remove(place: Path) -> None:
    shutil.rmtree(place) if place.is_dir() else place.unlink()


def test_nothing_is_shown_against_the_wrong_image(own):
    place, change = own
    pages = ("latent_space", "pseudo_inputs", "active_units", "compare")

    def seen() -> list[tuple[list[dict], list[str]]]:
        clear_caches()
        opened = [open_page(page, experiment="own", latent_radius="3") for page in pages]
        said.append([[each.value for each in at.text] for at in opened])
        return [(charts(at), pictures(at)) for at in opened]

    said: list[list[list[str]]] = []
    before = seen()
    words = change()
    changed = seen()
    remove(place)
    absent = seen()
    # With images that are not the model's, the pages show what they show without any.
    assert changed == absent
    assert changed[:2] != before[:2]
    assert not any(map(any, said[0]))
    assert all(any(words in each for each in page) for page in said[1])
