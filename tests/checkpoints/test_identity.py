"""`data.safetensors`: what a checkpoint keeps of its data, and what is done where these have changed."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from tests.small_runs import config, few_digits, train
from vampcore import datasets
from vampcore.checkpoints import CheckpointError, load, reduced, save
from vampcore.checkpoints.identity import IDENTITY, identified, identity_bytes, read_identity
from vampcore.commands import main
from vampcore.datasets.base import binarised_once
from vampcore.datasets.identity import ChangedDataError, identity_of
from vampcore.training import fit

QUICK = ["--prior=sg", "--latent-dim=2", "--hidden=16", "--layers=1", "--epochs=1", "--batch-size=50"]


@pytest.fixture(autouse=True)
def _may_be_read(tmp_path, monkeypatch):
    """The data of these checkpoints lie in no data folder."""
    monkeypatch.setenv("VAMPSCOPE_DATA_PATHS", str(tmp_path))


def folder_of_images(root: Path, count: int = 300, seed: int = 0) -> Path:
    """Grey images of 28 x 28 in three classes, each its own pattern with noise."""
    random = np.random.default_rng(seed)
    patterns = random.integers(0, 2, (3, 28, 28)) * 160
    for row in range(count):
        path = root / "abc"[row % 3] / f"{row:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = patterns[row % 3] + random.integers(0, 90, (28, 28))
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return root


@pytest.fixture(scope="module")
def trained_on_a_folder(tmp_path_factory):
    """A folder of 300 images and a run of two epochs on it."""
    root = tmp_path_factory.mktemp("folder")
    own = datasets.load(f"folder:{folder_of_images(root / 'images')}", likelihood="bernoulli")
    run = config("sg", data=f"folder:{root / 'images'}", likelihood="bernoulli", epochs=2)
    train(run, root / "runs" / "own" / "sg", own)
    return root


@pytest.fixture
def own(trained_on_a_folder, tmp_path):
    """The same, to be changed: the folder of images, and the checkpoint that names it."""
    shutil.copytree(trained_on_a_folder, tmp_path / "own")
    checkpoint = tmp_path / "own" / "runs" / "own" / "sg"
    found = load(checkpoint)
    save(changed(found, data=f"folder:{tmp_path / 'own' / 'images'}"), checkpoint)
    return tmp_path / "own" / "images", checkpoint


def changed(checkpoint, **choices):
    return dataclasses.replace(checkpoint, config=dataclasses.replace(checkpoint.config, **choices))


def forget_hashes(folder: Path) -> None:
    """Make a checkpoint of one from before hashes were kept."""
    save(dataclasses.replace(load(folder), identity=None), folder)
    assert not (folder / IDENTITY).exists()


def loaded_again(checkpoint: Path):
    found = load(checkpoint)
    return found, datasets.load(found.config.data, likelihood=found.config.likelihood)


class TestFile:
    def test_own_images_have_a_hash_each_and_named_data_a_digest_a_part(self, own, family):
        images = read_identity(own[1])
        assert [len(part.hashes) for part in images.parts] == [240, 30, 30]
        assert images.test.labels is not None
        named = read_identity(family / "small" / "sg")
        assert [part.count for part in named.parts] == [1197, 300, 300]
        assert all(part.hashes is None for part in named.parts)
        assert (family / "small" / "sg" / IDENTITY).stat().st_size < 1500

    def test_it_is_what_the_data_set_gives(self, own):
        checkpoint, dataset = loaded_again(own[1])
        kept, found = checkpoint.identity, identity_of(dataset)
        assert kept.key == found.key
        assert kept.classes == found.classes == ("a", "b", "c")
        for a, b in zip(kept.parts, found.parts, strict=True):
            np.testing.assert_array_equal(a.hashes, b.hashes)
            np.testing.assert_array_equal(a.labels, b.labels)

    def test_it_is_written_at_the_start_of_a_run(self, tmp_path):
        run = fit(config("sg"), few_digits(), tmp_path / "run")
        next(run)
        assert read_identity(tmp_path / "run").key == identity_of(few_digits()).key
        run.close()

    def test_a_copy_and_a_reduced_one_keep_it(self, own, tmp_path):
        checkpoint = load(own[1])
        save(reduced(checkpoint, 10, 1), tmp_path / "less")
        assert (tmp_path / "less" / IDENTITY).read_bytes() == (own[1] / IDENTITY).read_bytes()

    def test_the_same_data_give_the_same_bytes(self):
        assert identity_bytes(identity_of(few_digits())) == identity_bytes(identity_of(few_digits()))

    @pytest.mark.parametrize(
        "change",
        [
            {"evaluated": torch.zeros(31, dtype=torch.uint8)},
            {"test.count": torch.tensor([-1])},
            {"test.count": torch.tensor([29])},
            {"test.hashes": torch.zeros(30, dtype=torch.int64)},
            {"train.labels": torch.full((240,), 3)},
            {"train.labels": torch.full((240,), -1)},
            {"classes": torch.zeros(4, dtype=torch.uint8)},
            {"classes": torch.tensor(list(b'["a", 1]'), dtype=torch.uint8)},
            {"classes": torch.tensor(list(rb'["a", "b", "\ud800"]'), dtype=torch.uint8)},
            {"other": torch.zeros(1)},
        ],
        ids=str,
    )
    def test_a_file_that_is_not_sound_is_one_line(self, own, tmp_path, change):
        tensors = load_file(own[1] / IDENTITY)
        save_file(tensors | change, tmp_path / IDENTITY)
        with pytest.raises(CheckpointError, match="restore it or train again") as caught:
            read_identity(tmp_path)
        assert "\n" not in str(caught.value)


class TestChangedFolder:
    def test_a_file_that_was_added_is_found(self, own, capsys):
        """Without a hash of each image, 29 of the 30 test images would be other ones."""
        images, checkpoint = own
        (images / "a" / "0000b.png").write_bytes(b"")
        Image.fromarray(np.full((28, 28), 77, np.uint8)).save(images / "a" / "0000b.png")
        then, now = loaded_again(checkpoint)
        before = then.identity.test.hashes
        assert len(set(identity_of(now).test.hashes) - set(before)) > 15
        with pytest.raises(ChangedDataError, match="of its 300 images, 1 new;"):
            identified(then, now)
        assert main(["evaluate", str(checkpoint), "--samples=0"]) == 1
        assert "1 new" in capsys.readouterr().err

    def test_a_file_that_was_taken_away_is_found(self, own, capsys):
        (own[0] / "b" / "0001.png").unlink()
        assert main(["evaluate", str(own[1]), "--samples=0"]) == 1
        assert "of its 300 images, 1 gone;" in capsys.readouterr().err

    def test_a_file_that_was_saved_again_is_found(self, own, capsys):
        path = own[0] / "c" / "0002.png"
        pixels = np.array(Image.open(path))
        pixels[3, 4] = 255 - pixels[3, 4]
        Image.fromarray(pixels).save(path)
        assert main(["evaluate", str(own[1]), "--samples=0"]) == 1
        assert "of its 300 images, 1 changed;" in capsys.readouterr().err

    def test_renamed_files_and_other_classes_are_matched_and_told(self, own, capsys):
        images, checkpoint = own
        before, dataset = loaded_again(checkpoint)
        (images / "a" / "0000.png").rename(images / "b" / "zzzz.png")
        (images / "a" / "0003.png").rename(images / "a" / "new.png")
        then, now = loaded_again(checkpoint)
        found = identified(then, now)
        assert any("the classes of 1 images have changed" in note for note in found.notes)
        for part in ("train", "validation", "test"):
            assert torch.equal(getattr(found.dataset, part).images, getattr(dataset, part).images)
            assert torch.equal(getattr(found.dataset, part).labels, getattr(dataset, part).labels)
        assert main(["evaluate", str(checkpoint), "--samples=0"]) == 0
        said = capsys.readouterr()
        assert "the classes of 1 images have changed" in said.err
        assert f"{before.metric('elbo').value:.6g}"[:6] in said.out

    def test_figures_do_not_depend_on_the_order(self, own, tmp_path, monkeypatch):
        """The figures of a folder that is read in another order are those of the training."""
        from vampcore.checkpoints.measuring import measured_again

        checkpoint, dataset = loaded_again(own[1])
        parts = {part: getattr(dataset, part) for part in ("train", "validation", "test")}
        turned = {
            part: dataclasses.replace(split, images=split.images.flip(0), labels=split.labels.flip(0), names=None)
            for part, split in parts.items()
        }
        before = dataset.before_binarising
        if before is not None:
            turned["validation"], turned["test"] = (
                dataclasses.replace(split, images=split.images.flip(0), labels=split.labels.flip(0), names=None)
                for split in before
            )
        other = binarised_once(dataclasses.replace(dataset, **turned, before_binarising=None))
        a, b = (measured_again(checkpoint, each, samples=0) for each in (dataset, other))
        assert torch.equal(a.elbo, b.elbo)
        torch.testing.assert_close(a.elbo, checkpoint.per_image.elbo, atol=0.05, rtol=1e-3)


class TestWithoutHashes:
    def test_the_stored_elbo_decides(self, own, capsys):
        images, checkpoint = own
        forget_hashes(checkpoint)
        assert main(["evaluate", str(checkpoint), "--samples=0"]) == 0
        Image.fromarray(np.full((28, 28), 77, np.uint8)).save(images / "a" / "0000b.png")
        capsys.readouterr()
        assert main(["evaluate", str(checkpoint), "--samples=0"]) == 1
        assert "judging by their ELBO" in capsys.readouterr().err

    @pytest.mark.parametrize("prior", ["sg", "mog", "vamp", "vamp-data"])
    def test_named_data_are_accepted_and_others_refused(self, family, prior):
        checkpoint = dataclasses.replace(load(family / "small" / prior), identity=None)
        digits = datasets.load("digits")
        assert identified(checkpoint, digits).notes == ()
        other = dataclasses.replace(digits.test, images=digits.test.images.roll(1, 0))
        with pytest.raises(ChangedDataError, match="judging by their ELBO"):
            identified(checkpoint, dataclasses.replace(digits, test=other))

    def test_measured_figures_are_stored_with_the_hashes(self, own):
        forget_hashes(own[1])
        assert main(["evaluate", str(own[1]), "--samples=0", "--save"]) == 0
        assert load(own[1]).identity.test.hashes is not None
