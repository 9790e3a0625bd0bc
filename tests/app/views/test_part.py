"""Checkpoints that keep the latents of a part of their test images: every page says so, and shows those images."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.services import catalogue, compare, images
from app.services.latent_plane import encoding
from tests.app.conftest import clear_caches, use_root
from tests.app.reading import open_page, words

PAGES = ("overview", "pseudo_inputs", "components", "latent_space", "active_units", "compare", "likelihood")
KEPT = 80


@pytest.fixture
def parts(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The small models with the latents of 80 of 300 images."""
    from vampcore.checkpoints import load, reduced, save

    for prior in ("sg", "mog", "vamp"):
        save(reduced(load(models / "tiny-2d" / prior), images=KEPT), tmp_path / "part" / "tiny-2d" / prior)
    use_root(tmp_path / "part", monkeypatch)
    yield
    clear_caches()


def opened(page: str, **query: str) -> AppTest:
    return open_page(page, **{"experiment": "tiny-2d"} | query)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_of_which_images_it_is(parts, page):
    said = "This page uses a random 80 of the 300 test images. Stored scores use all of them."
    assert said in words(opened(page, prior="MoG"))


def test_a_whole_checkpoint_says_nothing(models):
    assert "This page uses a random" not in words(opened("overview"))


@pytest.fixture
def mixed(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A reduced copy of one model beside the whole ones, and beside its own whole one."""
    from vampcore.checkpoints import load, reduced, save

    for prior in ("sg", "vamp"):
        shutil.copytree(models / "tiny-2d" / prior, tmp_path / "mixed" / "tiny-2d" / prior)
    shutil.copytree(models / "tiny-2d" / "mog", tmp_path / "mixed" / "whole-2d" / "mog")
    save(reduced(load(models / "tiny-2d" / "mog"), images=KEPT), tmp_path / "mixed" / "tiny-2d" / "mog")
    use_root(tmp_path / "mixed", monkeypatch)
    yield
    clear_caches()


@pytest.mark.parametrize("page", ["overview", "active_units", "compare"])
def test_a_page_of_all_priors_names_those_that_are_parts(mixed, page):
    (said,) = [line for line in words(opened(page, prior="SG")).splitlines() if "This page uses random" in line]
    assert "random parts of the test images: 80 of the 300 (Mixture of Gaussians)." in said
    assert "tiny-2d/sg" not in said


def test_a_copy_and_the_whole_are_not_taken_for_each_other(mixed):
    found = {ref.name: catalogue.facts(ref) for each in catalogue.experiments() for ref in each.refs}
    part, whole = found["tiny-2d/mog"], found["whole-2d/mog"]
    assert (part.images, whole.images) == (KEPT, 300)
    assert (part.keeps_all, whole.keeps_all) == (False, True)


def test_priors_that_keep_other_images_are_not_compared_one_by_one(mixed):
    refs = next(each.refs for each in catalogue.experiments() if each.name == "tiny-2d")
    assert not compare.same_images(refs)
    at = opened("compare")
    assert "python -m vampcore reduce CHECKPOINT" in at.info[0].value
    assert len(at.table) == 1


def test_what_belongs_to_an_image_is_that_images(parts):
    from app.services.loading import loaded
    from vampcore import datasets

    ref = next(ref for each in catalogue.experiments() for ref in each.refs if ref.prior == "vamp")
    checkpoint, found = loaded(ref).checkpoint, encoding.latents(ref)
    assert (catalogue.facts(ref).images, catalogue.facts(ref).test_images) == (KEPT, 300)
    np.testing.assert_array_equal(found.elbo, checkpoint.per_image.elbo[checkpoint.latents.ids].numpy())
    shown = images.from_test_set(ref, tuple(range(KEPT)))
    originals = datasets.load("digits").test.images[checkpoint.latents.ids]
    np.testing.assert_allclose(shown.pixels / 255, originals.numpy() / originals.max().item(), atol=0.01)


def test_live_figures_are_of_the_images_that_are_kept(parts):
    refs = next(each.refs for each in catalogue.experiments())
    found = compare.measure(refs, KEPT, 5, 0)
    for ref, each in zip(refs, found, strict=True):
        np.testing.assert_array_equal(each.rows, encoding.latents(ref).ids)
        assert each.find("log_likelihood").n == KEPT
        assert catalogue.metric(ref, "elbo").n == 300


def test_a_subset_of_what_is_kept_is_held_against_the_stored_elbo_of_its_own_images(parts):
    from app.services.loading import loaded

    (ref, *_) = next(each.refs for each in catalogue.experiments())
    (found,) = compare.measure((ref,), 20, 2, 0)
    checkpoint = loaded(ref).checkpoint
    elbo = checkpoint.per_image.elbo.double().numpy()
    expected = elbo[found.rows].mean() - elbo[checkpoint.latents.ids.numpy()].mean()
    assert compare.subset_shift(found) == pytest.approx(expected)
