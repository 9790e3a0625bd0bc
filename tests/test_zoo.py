"""Names of checkpoints, and the folders behind them."""

import os
import shutil

import pytest

from tests.small_runs import as_format_1, config, rewrite_json, seal, train
from vampcore import zoo
from vampcore.checkpoints import CheckpointError


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one") / "sg"
    train(config("sg", epochs=1), folder)
    return folder


@pytest.fixture
def roots(trained, tmp_path):
    shipped, runs = tmp_path / "checkpoints", tmp_path / "runs"
    shutil.copytree(trained, shipped / "small" / "sg")
    shutil.copytree(trained, runs / "small" / "sg")
    return shipped, runs


def test_a_run_of_ones_own_has_its_root_in_its_name(roots):
    assert [entry.name for entry in zoo.entries(roots)] == ["small/sg", "runs/small/sg"]
    assert zoo.find("small/sg", roots) == roots[0] / "small" / "sg"
    assert zoo.find("runs/small/sg", roots) == roots[1] / "small" / "sg"


def test_the_working_folder_adds_its_checkpoints_and_runs(trained, tmp_path, monkeypatch):
    for root in ("checkpoints", "runs"):
        shutil.copytree(trained, tmp_path / root / "small" / "sg")
    monkeypatch.chdir(tmp_path)
    shipped = [entry.name for entry in zoo.entries((zoo.SHIPPED,))]
    assert [entry.name for entry in zoo.entries()] == [*shipped, "checkpoints/small/sg", "runs/small/sg"]
    assert zoo.load("checkpoints/small/sg").config.prior == "sg"


def test_in_a_checkout_what_ships_is_listed_once(monkeypatch):
    monkeypatch.chdir(zoo.SHIPPED.parent)
    assert [entry.name for entry in zoo.entries((zoo.SHIPPED, zoo.OTHERS))] == [
        entry.name for entry in zoo.entries((zoo.SHIPPED,))
    ]
    with pytest.raises(CheckpointError, match="vampcore list"):
        zoo.find("checkpoints/digits-2d/none")


def test_what_a_list_says_is_what_is_loaded(roots):
    (entry, _) = zoo.entries(roots)
    checkpoint = zoo.load("small/sg", roots)
    assert entry.info == checkpoint.info
    assert entry.info.sha256 == checkpoint.sha256
    assert (entry.info.components, entry.info.latent_dims, entry.info.epochs) == (1, (2,), checkpoint.progress.epochs)
    assert entry.info.log_likelihood is None


def test_a_broken_folder_carries_its_error(roots):
    (roots[0] / "small" / "sg" / "weights.safetensors").unlink()
    broken, is_valid = zoo.entries(roots)
    assert "weights.safetensors" in broken.error
    assert is_valid.error is None


def test_hidden_and_foreign_folders_are_not_listed(roots):
    (roots[0] / "small" / ".half.part").mkdir()
    (roots[0] / "small" / ".half.part" / "config.json").write_text("{}")
    (roots[0] / "notes").mkdir()
    assert len(zoo.entries(roots)) == 2


def test_a_folder_left_by_a_crash_is_listed_under_its_own_name(roots):
    folder = roots[0] / "small" / "sg"
    folder.rename(folder.with_name(".sg.old"))
    assert zoo.entries(roots)[0].name == "small/sg"
    assert zoo.load("small/sg", roots).config.prior == "sg"


@pytest.mark.parametrize("name", ["small/sg/..", "../small/sg", "./small/sg", "small//sg", "SMALL/sg", "*/sg"])
def test_a_name_is_looked_up_as_it_stands(name, roots):
    with pytest.raises(CheckpointError, match="no checkpoint is called"):
        zoo.find(name, roots)


def test_a_path_is_taken_where_no_name_fits(roots, trained, tmp_path):
    assert zoo.find(str(trained), roots) == trained
    trained_elsewhere = tmp_path / "elsewhere"
    shutil.copytree(trained, trained_elsewhere.with_name(".elsewhere.old"))
    assert zoo.load(str(trained_elsewhere), roots).config.prior == "sg"
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"empty/config\.json is missing"):
        zoo.load(str(tmp_path / "empty"), roots)


def test_the_folder_of_an_experiment_names_the_checkpoints_in_it(roots):
    with pytest.raises(CheckpointError, match=r"small is an experiment, not a checkpoint: choose one of .*small/sg$"):
        zoo.load(str(roots[0] / "small"), roots)


@pytest.mark.parametrize("name", ["small/vamp", "../checkpoints/none", "", "small", "a\nb", "a\0b", "x" * 5000])
def test_what_is_not_there_is_one_line(name, roots):
    with pytest.raises(CheckpointError, match="vampcore list") as caught:
        zoo.load(name, roots)
    assert "\n" not in str(caught.value)


@pytest.fixture
def reads(monkeypatch):
    """The folders whose weights were hashed, in turn; what was just written counts as settled."""
    hashed = []
    whole = zoo.fingerprint
    monkeypatch.setattr(zoo, "fingerprint", lambda folder: hashed.append(folder) or whole(folder))
    monkeypatch.setattr(zoo, "NANOSECONDS_OF_A_TICK", 0)
    return hashed


def test_a_folder_is_read_once_while_it_stays_as_it_is(roots, reads):
    first = zoo.entries(roots)
    assert len(reads) == 2
    assert zoo.entries(roots) == first
    assert len(reads) == 2


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "weights.safetensors"])
def test_a_folder_is_read_again_when_a_file_changes(name, roots, reads):
    before = zoo.entries(roots)
    path = roots[1] / "small" / "sg" / name
    content = path.read_bytes()
    path.write_bytes(content + b"\n" if name.endswith("json") else content[:-1] + bytes([content[-1] ^ 1]))
    seal(path.parent)
    after = zoo.entries(roots)
    assert reads[2:] == [roots[1] / "small" / "sg"]
    assert after[0] == before[0]
    assert (after[1].info.sha256 != before[1].info.sha256) == (name != "metrics.json")


def test_without_a_manifest_a_folder_is_listed_as_unchecked(roots, reads):
    assert [entry.info.checked for entry in zoo.entries(roots)] == [True, True]
    as_format_1(roots[1] / "small" / "sg")
    checked, unchecked = zoo.entries(roots)
    assert (checked.info.checked, unchecked.info.checked) == (True, False)
    assert unchecked.error is None


@pytest.mark.parametrize("name", ["config.json", "metrics.json"])
def test_a_listed_file_that_changed_is_an_error(name, roots):
    path = roots[0] / "small" / "sg" / name
    content = bytearray(path.read_bytes())
    content[-2] ^= 4
    path.write_bytes(content)
    assert f"{name} has changed since it was saved" in zoo.entries(roots)[0].error


def test_a_broken_folder_is_read_once_while_it_stays_as_it_is(roots, monkeypatch):
    monkeypatch.setattr(zoo, "NANOSECONDS_OF_A_TICK", 0)
    folder, read = roots[0] / "small" / "sg", []
    described = zoo.read_description
    monkeypatch.setattr(zoo, "read_description", lambda folder: read.append(folder) or described(folder))
    rewrite_json(folder / "config.json", lambda fields: fields["progress"].update(epochs=-1))
    first = zoo.entries(roots)
    assert sorted(read) == [folder, roots[1] / "small" / "sg"]
    assert zoo.entries(roots) == first
    assert len(read) == 2
    (folder / "history.csv").unlink()
    assert zoo.entries(roots) == first
    assert len(read) == 3


@pytest.mark.parametrize("name", [b"mod\xe8le", b"two\nlines", b"\x1b[31mred"])
def test_a_folder_whose_name_cannot_be_shown_is_told_in_text(name, roots):
    (roots[0] / "small").rename(roots[0] / os.fsdecode(name))
    broken, is_valid = zoo.entries(roots)
    assert is_valid.error is None
    for text in (broken.name, broken.experiment, broken.error):
        assert text.isprintable()
        text.encode()
    assert "rename it" in broken.error


def test_what_was_written_this_very_moment_is_not_trusted_yet(roots, reads, monkeypatch):
    monkeypatch.setattr(zoo, "NANOSECONDS_OF_A_TICK", 3600 * 10**9)
    zoo.entries(roots)
    zoo.entries(roots)
    assert len(reads) == 4


def test_a_folder_that_goes_leaves_the_list_and_one_that_comes_joins_it(roots, reads):
    zoo.entries(roots)
    shutil.copytree(roots[0] / "small" / "sg", roots[0] / "other" / "sg")
    shutil.rmtree(roots[1])
    assert [entry.name for entry in zoo.entries(roots)] == ["other/sg", "small/sg"]
    assert len(reads) == 3


def test_a_broken_folder_is_tried_again(roots, reads):
    folder = roots[0] / "small" / "sg"
    is_valid = (folder / "metrics.json").read_text()
    (folder / "metrics.json").write_text("{")
    assert zoo.entries(roots)[0].error is not None
    (folder / "metrics.json").write_text(is_valid)
    assert zoo.entries(roots)[0].error is None
