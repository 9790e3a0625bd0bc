"""A reduced checkpoint: the same model and figures, and a part of the rest."""

import shutil

import pytest
import torch

from tests.small_runs import rewrite_tensors
from vampcore.checkpoints import Checkpoint, CheckpointError, load, reduced, save


@pytest.fixture
def stored(family) -> Checkpoint:
    return load(family / "small" / "vamp")


@pytest.fixture
def copied(stored, tmp_path):
    """The folder of a copy with the latents of 40 of 300 images and 2 snapshots."""
    save(reduced(stored, images=40, snapshots=2), tmp_path / "copy")
    return tmp_path / "copy"


def test_model_figures_and_bounds_stay(stored, copied):
    found = load(copied)
    assert found.sha256 == stored.sha256
    assert found.metrics == stored.metrics
    assert torch.equal(found.per_image.elbo, stored.per_image.elbo)
    assert found.history == stored.history
    assert found.test_images == stored.test_images == 300


def test_the_images_that_stay_have_the_posteriors_that_they_had(stored, copied):
    found = load(copied).latents
    assert found.part_of == 300
    assert len(found.ids) == 40
    assert (found.ids.diff() > 0).all()
    assert found.ids.tolist() != list(range(40)), "the first images are no random part"
    for kept, whole in zip(found.layers, stored.latents.layers, strict=True):
        assert torch.equal(kept.mean, whole.mean[found.ids])
        assert torch.equal(kept.scale.half(), whole.scale[found.ids].half())
    assert torch.equal(found.labels, stored.latents.labels[found.ids])


def test_the_card_says_that_a_part_is_kept(copied):
    assert (
        "The checkpoint stores the latents of a random 40 of the 300 test images." in (copied / "README.md").read_text()
    )


def test_every_prior_keeps_the_same_images(family):
    kept = [reduced(load(family / "small" / prior), images=40).latents.ids for prior in ("sg", "mog", "vamp")]
    assert torch.equal(kept[0], kept[1])
    assert torch.equal(kept[0], kept[2])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_last_snapshot_stays_whatever_goes(stored, count):
    epochs = [snapshot.epoch for snapshot in stored.snapshots]
    found = [snapshot.epoch for snapshot in reduced(stored, snapshots=count).snapshots]
    assert len(found) == len(set(found)) == count
    assert found == sorted(found)
    assert set(found) <= set(epochs)
    assert found[-1] == epochs[-1]
    assert count == 1 or found[0] == epochs[0]


def test_what_is_small_enough_stays_whole(stored):
    same = reduced(stored, images=300, snapshots=100)
    assert same.latents is stored.latents
    assert same.snapshots == stored.snapshots


def test_a_part_of_a_part_is_refused(copied):
    with pytest.raises(CheckpointError, match="it keeps 40 of its test images already"):
        reduced(load(copied), images=20)
    assert len(reduced(load(copied), snapshots=1).latents.ids) == 40


@pytest.mark.parametrize("change", [lambda ids: ids + 250, lambda ids: -ids, lambda ids: ids.flip(0)])
def test_a_whole_checkpoint_has_all_rows_in_their_order(family, tmp_path, change):
    shutil.copytree(family / "small" / "vamp", tmp_path / "whole")
    rewrite_tensors(tmp_path / "whole" / "latents.safetensors", lambda each: each.update(ids=change(each["ids"])))
    with pytest.raises(CheckpointError, match="not those of the test set, in its order"):
        load(tmp_path / "whole")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("part_of", lambda old: old + 1, "per_image.safetensors does not fit the test set"),
        ("part_of", lambda old: old * 0 + 10, "not a part of the test set"),
        ("part_of", lambda old: old.repeat(2), "not a whole number"),
        ("part_of", lambda old: old.float(), "not a whole number"),
        ("ids", lambda old: old.flip(0), "not a part of the test set"),
        ("ids", lambda old: old - 100, "not a part of the test set"),
    ],
)
def test_rows_that_are_no_part_of_the_test_set_are_refused(copied, name, change, said):
    rewrite_tensors(copied / "latents.safetensors", lambda tensors: tensors.update({name: change(tensors[name])}))
    with pytest.raises(CheckpointError, match=said):
        load(copied)
