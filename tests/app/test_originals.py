"""Where a model's test images come from: beside its checkpoint, else from its data set, else reconstructions."""

import dataclasses
import functools
import shutil

import numpy as np
import pytest
import torch

from app.services import availability, catalogue, compare, images, units
from app.services.latent_plane import encoding
from tests.app.conftest import clear_caches, use_root
from vampcore import datasets, zoo
from vampcore.checkpoints import load
from vampcore.checkpoints.packed import PACKED, read_packed, write_packed

SHIPPED = ("mnist-2d", "static-mnist-40d", "static-mnist-hvae")


@pytest.fixture
def nothing_on_disk(monkeypatch, tmp_path):
    """The shipped models, and an empty data folder."""
    clear_caches()
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path))
    monkeypatch.setattr(zoo, "entries", functools.partial(zoo.entries, (zoo.SHIPPED,)))
    yield
    clear_caches()


@pytest.fixture
def binary(tmp_path, monkeypatch):
    """A model of own binary images, whose npz is gone, beside its packed test images."""
    from tests.small_runs import config, train

    pixels = np.random.default_rng(0).integers(0, 2, (80, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=pixels, labels=np.arange(80) % 4)
    own = datasets.load(f"npz:{tmp_path / 'own.npz'}")
    for prior in ("sg", "vamp"):
        run = config(prior, data=own.name, likelihood="bernoulli", epochs=1)
        train(run, tmp_path / "roots" / "own" / prior, own)
    write_packed(tmp_path / "roots" / "own", own.test)
    (tmp_path / "own.npz").unlink()
    use_root(tmp_path / "roots", monkeypatch)
    yield tmp_path / "roots" / "own"
    clear_caches()


def first_ref():
    return next(ref for each in catalogue.experiments() for ref in each.refs)


@pytest.mark.parametrize("experiment", SHIPPED)
def test_models_of_mnist_have_their_images_without_a_data_set(nothing_on_disk, experiment):
    kept = read_packed(zoo.SHIPPED / experiment).images
    for ref in next(each.refs for each in catalogue.experiments() if each.name == experiment):
        assert availability.has_data(ref)
        rows = (0, 5, catalogue.facts(ref).images - 1)
        ids = load(zoo.SHIPPED / experiment / ref.prior).latents.ids[list(rows)]
        shown = images.from_test_set(ref, rows)
        assert shown.originals
        np.testing.assert_array_equal(shown.pixels, kept[ids].numpy() * 255)


def test_scores_and_ablations_are_measured_without_a_data_set(nothing_on_disk):
    refs = next(each.refs for each in catalogue.experiments() if each.name == "mnist-2d")
    found = compare.measure(refs, 40, 4)
    for ref, figures in zip(refs, found, strict=True):
        stored = encoding.latents(ref).elbo[figures.rows].mean()
        assert abs(figures.get("elbo").value - stored) < 6
        assert units.ablate_unit(ref, 0, 40) is not None


def test_frey_faces_are_reconstructed_and_it_says_so(nothing_on_disk):
    ref = next(each.refs[0] for each in catalogue.experiments() if each.name == "frey-2d")
    assert not images.from_test_set(ref, (0, 1)).originals
    assert "python -m vampcore data frey_faces" in availability.missing_data(ref)


def test_own_images_kept_as_bits_are_shown_where_the_file_is_gone(binary):
    ref = first_ref()
    assert availability.has_data(ref)
    np.testing.assert_array_equal(
        images.from_test_set(ref, (0, 3)).pixels, 255 * read_packed(binary).images[[0, 3]].numpy()
    )


@pytest.mark.parametrize("fault", ["damaged", "fewer", "pixel", "shape"])
def test_bits_that_are_not_the_models_are_not_shown(binary, fault):
    test = read_packed(binary)
    if fault == "damaged":
        path = binary / PACKED
        path.write_bytes(path.read_bytes()[:-1])
    elif fault == "fewer":
        write_packed(binary, dataclasses.replace(test, images=test.images[1:], labels=test.labels[1:]))
    elif fault == "pixel":
        changed = test.images.clone()
        changed[3, 0, 2, 2] ^= 1
        write_packed(binary, dataclasses.replace(test, images=changed))
    else:
        write_packed(binary, dataclasses.replace(test, images=torch.ones(len(test.images), 1, 4, 4).byte()))
    clear_caches()
    assert not availability.has_data(first_ref())
    assert not images.from_test_set(first_ref(), (0, 3)).originals


def test_a_data_set_is_read_where_nothing_is_kept_beside_the_checkpoint(trained, tmp_path, monkeypatch):
    shutil.copytree(trained / "tiny-2d" / "sg", tmp_path / "tiny-2d" / "sg")
    use_root(tmp_path, monkeypatch)
    assert images.from_test_set(first_ref(), (0,)).originals
    clear_caches()


def test_the_names_of_the_files_are_those_of_the_images_that_are_kept(trained, monkeypatch):
    from app.services import images
    from app.services.originals import Originals

    ref = first_ref()
    test = datasets.load("digits").test
    names = tuple(f"{row}.png" for row in range(len(test.images)))
    monkeypatch.setattr(images, "test_part", lambda model: Originals(dataclasses.replace(test, names=names)))
    clear_caches()
    assert images.image_names(ref) == tuple(names[row] for row in encoding.latents(ref).ids.tolist())
    monkeypatch.setattr(images, "test_part", lambda model: Originals(test))
    clear_caches()
    assert images.image_names(ref) is None
    clear_caches()
