"""Test images kept as bits: a round trip, damage, and those that ship against the data sets that they come from."""

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.datasets.conftest import real_data  # noqa: F401
from tests.small_runs import config, train
from vampcore import datasets, zoo
from vampcore.checkpoints import CheckpointError, load
from vampcore.checkpoints.packed import PACKED, read_packed, write_packed
from vampcore.commands import main
from vampcore.datasets import Split
from vampcore.metrics import bound

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = sorted(path.parent for path in zoo.SHIPPED.glob(f"*/{PACKED}"))


@pytest.fixture
def images(generator):
    return torch.randint(0, 2, (7, 3, 5, 4), generator=generator, dtype=torch.uint8)


def test_a_round_trip_gives_the_same_images_and_classes(images, tmp_path):
    for labels in (None, torch.arange(7), torch.arange(7) * 100):
        write_packed(tmp_path, Split(images, labels, 1))
        found = read_packed(tmp_path)
        assert torch.equal(found.images, images)
        assert found.levels == 1
        assert (found.labels is None) if labels is None else torch.equal(found.labels, labels)


def test_a_pixel_is_a_bit_and_the_first_one_the_highest(tmp_path):
    images = torch.zeros(1, 1, 3, 3, dtype=torch.uint8)
    images[0, 0, 0, 0] = images[0, 0, 2, 2] = 1
    write_packed(tmp_path, Split(images, None, 1))
    assert load_file(tmp_path / PACKED)["images"].tolist() == [[0b10000000, 0b10000000]]


def test_the_same_images_give_the_same_file(images, tmp_path):
    contents = set()
    for _ in range(3):
        contents.add(write_packed(tmp_path, Split(images, torch.arange(7), 1)).read_bytes())
    assert len(contents) == 1


def test_grey_images_are_refused(images, tmp_path):
    with pytest.raises(CheckpointError, match="256 grey levels"):
        write_packed(tmp_path, Split(images, None, 255))
    assert not list(tmp_path.iterdir())


def test_where_there_is_no_file_there_are_no_images(tmp_path):
    assert read_packed(tmp_path) is None


def test_every_bit_of_the_images_is_checked(images, tmp_path):
    path = write_packed(tmp_path, Split(images, None, 1))
    whole = load_file(path)
    for row in range(7):
        damaged = {name: value.clone() for name, value in whole.items()}
        damaged["images"][row, row] ^= 16
        save_file(damaged, path)
        with pytest.raises(CheckpointError, match="pack"):
            read_packed(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": torch.tensor([3, 5, 5], dtype=torch.int32)},
        {"shape": torch.tensor([3, 5, -4], dtype=torch.int32)},
        {"shape": torch.tensor([60], dtype=torch.int32)},
        {"shape": torch.tensor([3.0, 5.0, 4.0])},
        {"images": torch.zeros(0, 8, dtype=torch.uint8)},
        {"images": torch.zeros(7, 8)},
        {"digest": torch.zeros(31, dtype=torch.uint8)},
        {"labels": torch.zeros(6, dtype=torch.uint8)},
        {"labels": torch.full((7,), -1, dtype=torch.int32)},
        {"other": torch.zeros(1)},
    ],
    ids=str,
)
def test_a_file_that_is_not_sound_is_one_line(images, tmp_path, change):
    path = write_packed(tmp_path, Split(images, torch.arange(7), 1))
    save_file(load_file(path) | change, path)
    with pytest.raises(CheckpointError, match="python -m vampcore pack") as caught:
        read_packed(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_cut_off_is_one_line(images, tmp_path):
    path = write_packed(tmp_path, Split(images, None, 1))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(CheckpointError, match="truncated"):
        read_packed(tmp_path)


class TestShipped:
    def test_the_experiments_of_mnist_bring_their_images(self):
        assert [path.name for path in SHIPPED] == ["mnist-2d", "static-mnist-40d", "static-mnist-hvae"]

    @pytest.mark.parametrize("experiment", SHIPPED, ids=lambda path: path.name)
    def test_source_authors_and_licence_are_named_beside_them(self, experiment):
        words = (experiment / "DATA.md").read_text()
        for name in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0", "https://creativecommons.org/licenses/by-sa/3.0/"):
            assert name in words
        if experiment.name != "mnist-2d":
            assert "Larochelle" in words
            assert "state no licence" in words
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert project["license"] == "MIT AND CC-BY-SA-3.0"
        assert experiment / "DATA.md" in {path for each in project["license-files"] for path in ROOT.glob(each)}

    @pytest.mark.parametrize("experiment", SHIPPED, ids=lambda path: path.name)
    def test_they_are_the_images_that_every_model_was_measured_on(self, experiment):
        test = read_packed(experiment)
        for folder in sorted(path.parent for path in experiment.glob("*/config.json")):
            checkpoint = load(folder)
            assert len(test.images) == checkpoint.test_images
            assert test.images.shape[1:] == checkpoint.observation.shape
            assert torch.equal(test.labels[checkpoint.latents.ids], checkpoint.latents.labels)
            rows = torch.arange(0, 10_000, 251)
            x = datasets.observe(test.images[rows], 1, checkpoint.config.likelihood)
            found = bound(checkpoint.model, x, samples=8, generator=torch.Generator().manual_seed(0)).elbo
            stored = checkpoint.per_image.elbo[rows]
            # One sample stored, eight here: a few nats between them, and tens between one image and another.
            assert (found - stored).abs().median() < 4
            assert (found - stored.roll(1)).abs().median() > 10

    @pytest.mark.data
    @pytest.mark.parametrize("experiment", SHIPPED, ids=lambda path: path.name)
    def test_they_are_those_of_the_data_set_bit_for_bit(self, experiment, real_data, tmp_path):  # noqa: F811
        run = load(experiment / "vamp").config
        test = datasets.load(run.data, real_data, run.likelihood).test
        found = read_packed(experiment)
        assert torch.equal(found.images, test.images)
        assert torch.equal(found.labels, test.labels)
        assert write_packed(tmp_path, test).read_bytes() == (experiment / PACKED).read_bytes()


class TestCommand:
    def test_it_keeps_the_test_images_of_own_binary_data(self, generator, tmp_path, capsys, monkeypatch):
        images = torch.randint(0, 2, (60, 8, 8), generator=generator, dtype=torch.uint8).numpy()
        np.savez(tmp_path / "own.npz", images=images)
        own = datasets.load(f"npz:{tmp_path / 'own.npz'}")
        train(config("sg", data=own.name, likelihood="bernoulli", epochs=1), tmp_path / "own" / "sg", own)
        assert main(["pack", str(tmp_path / "own")]) == 1
        assert "$VAMPSCOPE_DATA_PATHS" in capsys.readouterr().err
        monkeypatch.setenv("VAMPSCOPE_DATA_PATHS", str(tmp_path))
        assert main(["pack", str(tmp_path / "own")]) == 0
        assert "6 test images" in capsys.readouterr().out
        assert torch.equal(read_packed(tmp_path / "own").images, own.test.images)

    def test_grey_images_are_compared_and_not_packed(self, family, tmp_path, capsys):
        shutil.copytree(family / "small" / "sg", tmp_path / "small" / "sg")
        assert main(["pack", str(tmp_path / "small")]) == 0
        assert "grey test images are not packed" in capsys.readouterr().out
        assert not (tmp_path / "small" / PACKED).exists()

    def test_a_folder_without_checkpoints_is_told(self, tmp_path, capsys):
        assert main(["pack", str(tmp_path)]) == 1
        assert "contains no checkpoints" in capsys.readouterr().err
