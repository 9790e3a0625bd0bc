"""A checkpoint as a zip file: what it may hold, and that it opens as it was."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from app.services import uploaded_models
from app.services.loading import ServiceError
from vampcore import zoo
from vampcore.checkpoints import load


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "local")
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(zoo, "RUNS", tmp_path / "runs")
    return tmp_path / "runs"


def packed(folder: Path, prefix: str = "", **more: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name in uploaded_models.FILES:
                archive.write(path, prefix + path.name)
        for name, data in more.items():
            archive.writestr(name.replace("__", "/"), data)
    return content.getvalue()


@pytest.mark.parametrize("prefix", ["", "vamp/"])
def test_it_opens_as_it_was(trained, runs, prefix):
    experiment, prior = uploaded_models.accept(packed(trained / "tiny-2d" / "vamp", prefix))
    assert prior == "vamp"
    assert load(runs / experiment / prior).sha256 == load(trained / "tiny-2d" / "vamp").sha256
    (entry,) = zoo.entries.func((runs,)) if hasattr(zoo.entries, "func") else zoo.entries((runs,))
    assert (entry.experiment, entry.prior, entry.error) == (experiment, "vamp", None)


def test_priors_of_one_experiment_come_together_and_each_once(trained, runs):
    one, other = (uploaded_models.accept(packed(trained / "tiny-2d" / prior)) for prior in ("sg", "mog"))
    assert one[0] == other[0]
    with pytest.raises(ServiceError, match=f"is there already: choose {one[0]} under Experiment"):
        uploaded_models.accept(packed(trained / "tiny-2d" / "sg"))
    assert sorted(path.name for path in (runs / one[0]).iterdir() if path.is_dir()) == ["mog", "sg"]
    assert [path.name for path in runs.iterdir()] == [one[0]]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"state.safetensors": b""}, "the archive has a file that no checkpoint has ('state.safetensors')"),
        ({"status.json": b"{}"}, "the archive has a file that no checkpoint has ('status.json')"),
        ({"model.pkl": b"x"}, "the archive has a file that no checkpoint has ('model.pkl')"),
        ({"a__b__config.json": b"{}"}, "the archive has more than one folder"),
        ({"sg__config.json": b"{}"}, "the archive has more than one folder"),
    ],
)
def test_nothing_else_is_unpacked(trained, runs, tmp_path, more, words):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ServiceError) as refusal:
        uploaded_models.accept(packed(trained / "tiny-2d" / "sg", **more))
    assert words in str(refusal.value)
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] == [runs]


def test_a_changed_file_is_refused_in_words(trained, runs, tmp_path):
    folder = shutil.copytree(trained / "tiny-2d" / "sg", tmp_path / "sg")
    weights = bytearray((folder / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(weights)
    with pytest.raises(ServiceError, match=r"no sound checkpoint: .*weights\.safetensors") as refusal:
        uploaded_models.accept(packed(folder))
    assert str(runs) not in str(refusal.value)
    assert list(runs.iterdir()) == []


def test_an_archive_without_a_checkpoint_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ServiceError, match=r"the archive has no config\.json: pack the folder of a checkpoint"):
        uploaded_models.accept(packed(tmp_path / "empty"))


def test_its_data_are_not_read_on_its_word(trained, runs, tmp_path):
    """It may name any path: only a run with its training state is believed, and that is never unpacked."""
    from vampcore.trusted import may_read

    experiment, prior = uploaded_models.accept(packed(trained / "tiny-2d" / "sg"))
    assert not may_read("folder:/etc", runs / experiment / prior)
