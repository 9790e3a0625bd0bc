"""`train --resume` with own data that have moved, changed, or lie in another order."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from vampcore import datasets
from vampcore.checkpoints import load
from vampcore.checkpoints.identity import IDENTITY
from vampcore.commands import main
from vampcore.datasets import identity
from vampcore.training import fit

QUICK = ["--prior=sg", "--latent-dim=2", "--hidden=16", "--layers=1", "--epochs=1", "--batch-size=50"]


@pytest.fixture(autouse=True)
def _may_be_read(tmp_path, monkeypatch):
    """The data of these checkpoints lie in no data folder."""
    monkeypatch.setenv("VAMPSCOPE_DATA_PATHS", str(tmp_path))


def test_it_goes_on_with_images_in_another_order_as_if_nothing_had_happened(tmp_path):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (80, 6, 6), dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    data = f"--data=npz:{tmp_path / 'own.npz'}"
    for out in ("whole", "parts"):
        epochs = ["--epochs=3"]
        assert main(["train", data, *QUICK, *epochs, f"--out={tmp_path / out}", "--compile=off"]) == 0
    state = load_file(tmp_path / "whole" / "state.safetensors")
    shutil.rmtree(tmp_path / "parts")
    run = load(tmp_path / "whole").config
    first = fit(run, datasets.load(run.data, likelihood=run.likelihood), tmp_path / "parts")
    next(first)
    first.close()
    np.savez(tmp_path / "own.npz", images=images[random.permutation(80)])
    assert main(["train", data, *QUICK, *epochs, f"--out={tmp_path / 'parts'}", "--resume", "--compile=off"]) == 0
    resumed = load_file(tmp_path / "parts" / "state.safetensors")
    assert all(torch.equal(state[name], resumed[name]) for name in state)


@pytest.mark.parametrize("saved", [True, False])
def test_it_is_refused_with_other_images(tmp_path, capsys, saved):
    images = np.random.default_rng(0).integers(0, 256, (80, 6, 6), dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    data = [f"--data=npz:{tmp_path / 'own.npz'}", *QUICK, f"--out={tmp_path / 'run'}", "--compile=off"]
    assert main(["train", *data]) == 0
    if not saved:
        for path in (tmp_path / "run").iterdir():
            if path.name not in ("state.safetensors", "status.json", IDENTITY):
                path.unlink()
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    images[5] ^= 255
    np.savez(tmp_path / "own.npz", images=images)
    assert main(["train", *data, "--resume"]) == 1
    assert "of its 80 images, 1 changed;" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


class TestResumeOfMovedData:
    """The path is another one; the images are compared as ever."""

    @pytest.fixture
    def images(self) -> np.ndarray:
        return np.random.default_rng(0).integers(0, 256, (80, 6, 6), dtype=np.uint8)

    @pytest.fixture
    def begun(self, images, tmp_path) -> Path:
        """A run that has one epoch of three behind it, with a likelihood that is not the usual one of its data."""
        np.savez(tmp_path / "own.npz", images=images)
        options = ["--likelihood=binomial", "--epochs=3", f"--out={tmp_path / 'whole'}", "--compile=off"]
        assert main(["train", f"--data=npz:{tmp_path / 'own.npz'}", *QUICK, *options]) == 0
        run = load(tmp_path / "whole").config
        first = fit(run, datasets.load(run.data, likelihood=run.likelihood), tmp_path / "parts")
        next(first)
        first.close()
        return tmp_path / "parts"

    @staticmethod
    def resumed(folder: Path, *options: str) -> list[str]:
        return ["train", f"--like={folder}", f"--out={folder}", "--resume", "--compile=off", *options]

    def test_it_goes_on_as_if_nothing_had_happened(self, begun, tmp_path, capsys):
        (tmp_path / "own.npz").rename(tmp_path / "moved.npz")
        assert main(self.resumed(begun)) == 1
        assert "or give its new path with --data npz:FILE" in capsys.readouterr().err
        assert main(self.resumed(begun, f"--data=npz:{tmp_path / 'moved.npz'}")) == 0
        one, other = (load_file(folder / "state.safetensors") for folder in (tmp_path / "whole", begun))
        assert all(torch.equal(one[name], other[name]) for name in one)
        found = load(begun)
        assert (found.config.data, found.progress.epochs) == (f"npz:{tmp_path / 'moved.npz'}", 3)
        assert main(self.resumed(begun)) == 0

    def test_a_finished_run_keeps_the_figures_that_were_added(self, begun, tmp_path):
        whole = tmp_path / "whole"
        assert main(["evaluate", str(whole), "--samples=3", "--save"]) == 0
        before = load(whole)
        (tmp_path / "own.npz").rename(tmp_path / "moved.npz")
        assert main(self.resumed(whole, f"--data=npz:{tmp_path / 'moved.npz'}")) == 0
        after = load(whole)
        assert after.config.data == f"npz:{tmp_path / 'moved.npz'}"
        assert after.metrics == before.metrics
        assert after.metric("log_likelihood") is not None
        assert torch.equal(after.per_image.log_likelihood, before.per_image.log_likelihood)

    def test_other_images_at_the_new_path_are_refused(self, begun, images, tmp_path, capsys):
        before = {path.name: path.read_bytes() for path in begun.iterdir()}
        images[5] ^= 255
        np.savez(tmp_path / "other.npz", images=images)
        assert main(self.resumed(begun, f"--data=npz:{tmp_path / 'other.npz'}")) == 1
        assert "of its 80 images, 1 changed;" in capsys.readouterr().err
        assert {path.name: path.read_bytes() for path in begun.iterdir()} == before

    def test_data_read_in_another_way_are_refused(self, begun, tmp_path, capsys):
        rows = [f"--data=npz:{tmp_path / 'own.npz'}", "--name=Rows"]
        assert main(self.resumed(begun, *rows)) == 1
        assert "was started with other data: give --data and its options as they were (another path" in (
            capsys.readouterr().err
        )

    def test_images_are_hashed_once_and_the_state_is_read_once(self, begun, monkeypatch):
        hashed, read, hashes, read_bytes = [], [], identity.image_hashes, Path.read_bytes
        monkeypatch.setattr(identity, "image_hashes", lambda images: hashed.append(len(images)) or hashes(images))
        monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or read_bytes(path))
        assert main(self.resumed(begun)) == 0
        assert hashed == [64, 8, 8]
        assert read.count("state.safetensors") == 1
