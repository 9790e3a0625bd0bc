"""Names of experiments for people, and the one that the dashboard opens on."""

import dataclasses
import shutil

import pytest

from app.names import experiment_name, numeral, says_most, told_apart
from app.services import catalogue
from tests.app.conftest import use_root


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("MNIST", (2,)), "MNIST, 2 latent dimensions"),
        (("Cats", (1,)), "Cats, 1 latent dimension"),
        (("Static MNIST", (40, 40)), "Static MNIST, two layers"),
        (("MNIST", (40, 40), ["PixelCNN decoder"]), "MNIST, two layers, PixelCNN decoder"),
        (("MNIST", (40,), ["flow posterior (IAF)"]), "MNIST, 40 latent dimensions, flow posterior (IAF)"),
    ],
)
def test_a_name_says_data_and_size(parts, name):
    assert experiment_name(*parts) == name


def test_small_numbers_are_words():
    assert [numeral(each) for each in (0, 2, 10, 11, 1200)] == ["no", "two", "ten", "11", "1,200"]


def test_experiments_of_one_name_say_their_keys_and_the_usual_one_does_not():
    names = {"cats-2d": "Cats", "try-7": "Cats", "dogs": "Dogs"}
    usual = {"cats-2d": "cats-2d", "try-7": "cats-2d", "dogs": "dogs-2d"}
    assert told_apart(names, usual) == {"cats-2d": "Cats", "try-7": "Cats (try-7)", "dogs": "Dogs"}


def test_a_large_plane_of_images_that_was_shipped_says_most():
    ranked = [
        (False, (2,), (1, 64, 64)),
        (True, (40,), (1, 28, 28)),
        (True, (2,), (1, 1, 5000)),
        (True, (2,), (1, 8, 8)),
        (True, (2,), (1, 28, 28)),
    ]
    shuffled = [ranked[i] for i in (3, 1, 4, 0, 2)]
    assert sorted(shuffled, key=lambda each: says_most(*each)) == ranked


def test_shipped_experiments_have_names_and_mnist_in_two_dimensions_is_first(shipped):
    titles = {each.name: each.title for each in catalogue.experiments()}
    assert titles == {
        "digits-2d": "Digits, 2 latent dimensions",
        "frey-2d": "Frey Faces, 2 latent dimensions",
        "mnist-2d": "MNIST, 2 latent dimensions",
        "static-mnist-40d": "Static MNIST, 40 latent dimensions",
        "static-mnist-hvae": "Static MNIST, two layers",
    }
    assert catalogue.opening().name == "mnist-2d"
    assert {each.subject for each in catalogue.experiments()} == {"handwritten digits", "pictures of a face"}


def test_an_experiment_of_an_unusual_key_is_told_apart(models, tmp_path, monkeypatch):

    for key in ("digits-2d", "mine"):
        shutil.copytree(models / "tiny-2d" / "sg", tmp_path / key / "sg")
    use_root(tmp_path, monkeypatch)
    found = {each.name: each.title for each in catalogue.experiments()}
    assert found == {"digits-2d": "Digits, 2 latent dimensions", "mine": "Digits, 2 latent dimensions (mine)"}


def test_without_a_model_there_is_no_first_one(tmp_path, monkeypatch):

    use_root(tmp_path, monkeypatch)
    assert catalogue.opening() is None


def test_every_data_set_has_a_name_and_a_subject_of_its_own():
    from vampcore import datasets

    titles = [datasets.title(name) for name in datasets.names()]
    assert len(set(titles)) == len(titles)
    assert all("_" not in title and title[0].isupper() for title in titles)
    assert all(datasets.subject(name) for name in datasets.names())


@pytest.mark.parametrize(("name", "title"), [("folder:/pictures/cats", "cats"), ("npz,name=My cats:/a.npz", "My cats")])
def test_own_data_are_called_by_their_short_name(name, title):
    from vampcore import datasets

    assert datasets.title(name) == title
    assert datasets.subject(name) is None


def test_a_posterior_by_flow_is_in_the_name(models, monkeypatch):
    from app.services import catalogue
    from vampcore import zoo

    entry = next(each for each in zoo.entries() if each.name.endswith("tiny-5d/vamp-weighted"))
    info = dataclasses.replace(entry.info, posterior="iaf", model="convhvae", latent_dims=(5, 5))
    monkeypatch.setattr(zoo, "entries", lambda: [dataclasses.replace(entry, info=info)])
    catalogue.experiments.clear()
    (found,) = catalogue.experiments()
    assert found.title == "Digits, two layers, convolutional, flow posterior (IAF)"
