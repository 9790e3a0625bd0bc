"""`train`: its options, where it writes, and what it refuses before the first step."""

import dataclasses
import shutil
import sys

import numpy as np
import pytest
import torch

from tests.commands.running import QUICK, failed, own_images
from tests.small_runs import FILES, RUN_FILES, rewrite_json
from vampcore import zoo
from vampcore.checkpoints import load
from vampcore.commands import main
from vampcore.commands import train as train_command
from vampcore.commands.options import words_for
from vampcore.config import Config


def test_every_option_of_a_run_is_explained_with_its_default(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    words = words_for(Config)
    for field in dataclasses.fields(Config):
        assert len(words[field.name]) > 10
        assert words[field.name] in said
    assert "KL rises to 1; 0 for no warm-up. Default: 100. --patience" in said
    assert "Default: the data set's own. --objective" in said


def test_several_processes_without_accelerate_are_one_line(here, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    assert failed(capsys, ["train", "--data", "digits", "--prior", "sg"]).endswith("pip install accelerate")
    assert list(here.iterdir()) == []


def test_it_leaves_a_checkpoint_where_it_says(here, capsys):
    assert main(["train", "--data", "digits", "--prior", "mog", *QUICK]) == 0
    folder = here / "runs" / "quick" / "mog"
    assert {path.name for path in folder.iterdir()} == FILES | RUN_FILES
    checkpoint = load(folder)
    assert (checkpoint.config.likelihood, checkpoint.config.hidden, checkpoint.progress.epochs) == (
        "binomial",
        16,
        2,
    )
    assert "2 epochs" in capsys.readouterr().out


def test_it_never_writes_over_a_model(here, capsys):
    arguments = ["train", "--data", "digits", "--prior", "sg", *QUICK]
    assert main(arguments) == 0
    before = zoo.entries((here / "runs",))[0].info.sha256
    assert "--resume" in failed(capsys, arguments)
    assert zoo.entries((here / "runs",))[0].info.sha256 == before


def test_like_repeats_a_run_to_the_bit(family, here):
    source = family / "small" / "vamp"
    assert main(["train", "--like", str(source), "--out", "again"]) == 0
    again, first = load(here / "again").model.state_dict(), load(source).model.state_dict()
    assert all(torch.equal(again[name], first[name]) for name in first)


@pytest.mark.parametrize("data", ["folder:/", "npz:{}/own.npz"])
def test_like_does_not_read_a_path_on_the_word_of_a_checkpoint(here, capsys, monkeypatch, family, data):
    own_images(here / "own.npz")
    shutil.copytree(family / "small" / "sg", here / "elsewhere")
    rewrite_json(here / "elsewhere" / "config.json", lambda fields: fields["config"].update(data=data.format(here)))
    again = ["train", "--like", "elsewhere", "--epochs", "1"]
    with monkeypatch.context() as unread:
        unread.setattr(train_command, "read_data", lambda *given, **named: pytest.fail("the path was read"))
        line = failed(capsys, [*again, "--name", "Mine"])
        assert "by a path that is not read on its word alone: name them with --data, " in line
    assert main([*again, "--data", "npz:own.npz", "--out", "named"]) == 0
    monkeypatch.setenv("VAMPSCOPE_DATA_PATHS", str(here))
    assert main([*again, "--likelihood", "logistic", "--out", "allowed"]) == ("folder" in data)


def test_like_takes_changes(family, here):
    assert main(["train", "--like", str(family / "small" / "vamp"), "--epochs", "1", "--out", "short"]) == 0
    assert load(here / "short").progress.epochs == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--data", "digits", "--components", "0"],
        ["--data", "digits", "--components", "1" + 30 * "0"],
        ["--data", "digits", "--prior", "gaussian"],
        ["--data", "digits", "--experiment", "../up"],
        ["--data", "digits", "--hidden", "many"],
        ["--data", "digits", "--seed", "-1"],
        ["--data", "digits", "--learning-rate", "nan"],
    ],
)
def test_bad_usage_is_status_2(arguments, here, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", *arguments])
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (here / "runs").exists()


def test_no_data_folder_names_the_hint(here, monkeypatch, capsys):
    monkeypatch.setenv("VAMPCORE_DATA", str(here / "nowhere"))
    line = failed(capsys, ["train", "--data", "static_mnist"])
    assert "python -m vampcore data static_mnist" in line


def test_a_family_is_named_after_ones_own_data_and_not_after_the_folders_around(here, capsys):
    folder = here / "my images, née"
    folder.mkdir()
    own_images(folder / "own.npz")
    assert main(["train", "--data", f"npz:{folder.name}/own.npz", "--prior", "sg", *QUICK[:-1]]) == 0
    assert [path.name for path in (here / "runs").iterdir()] == ["own.npz-2d"]
    assert load(here / "runs" / "own.npz-2d" / "sg").config.data == f"npz:{folder}/own.npz"


def test_how_own_data_are_read_is_kept(here, capsys):
    rows = np.random.default_rng(2).integers(0, 256, (40, 64))
    np.savetxt(here / "own.csv", rows, delimiter=",", fmt="%d")
    small = ["--latent-dim", "2", "--hidden", "8", "--layers", "1", "--epochs", "1", "--compile", "off"]
    options, run = ["--prior", "sg", "--shape", "8", "--name", "My rows", *small], "runs/mine/sg"
    assert main(["train", "--data", "csv:own.csv", *options, "--out", run]) == 0
    assert load(here / run).observation.shape == (1, 8, 8)
    assert load(here / run).config.data == f"csv,shape=8x8,name=My rows:{here}/own.csv"
    assert main(["train", "--like", run, "--name", "Rows", "--out", "b"]) == 0
    assert load(here / "b").config.data == f"csv,shape=8x8,name=Rows:{here}/own.csv"
    capsys.readouterr()
    assert main(["evaluate", run, "--samples", "0"]) == 0
    before = capsys.readouterr().out
    (here / "own.csv").rename(here / "moved.csv")
    line = failed(capsys, ["evaluate", run, "--samples", "0"])
    assert f"there is no file {here}/own.csv" in line
    assert "--data csv:FILE" in line
    assert main(["evaluate", run, "--samples", "0", "--data", "csv:moved.csv"]) == 0
    assert capsys.readouterr().out == before


def test_a_vector_trains(here):
    frame = np.random.default_rng(2).random((40, 7))
    np.savetxt(here / "own.csv", frame, delimiter=",", header="a,b,c,d,e,f,g", comments="")
    assert main(["train", "--data", "csv:own.csv", "--prior", "vamp", "--components", "3", *QUICK, "--out", "a"]) == 0
    assert load(here / "a").observation.shape == (1, 1, 7)


@pytest.mark.parametrize(("count", "code"), [(19, 1), (20, 0)])
def test_too_few_images_are_refused_before_the_first_step(here, capsys, count, code):
    own_images(here / "own.npz", count=count)
    arguments = ["train", "--data", "npz:own.npz", "--prior", "vamp", "--components", "3", *QUICK, "--out", "a"]
    assert main(arguments) == code
    assert (here / "a").exists() == (code == 0)
    assert ("at least 20 are needed" in capsys.readouterr().err) == (code == 1)


def test_options_for_other_data_are_refused(here, capsys):
    assert "--size: only for your own data, not for digits" in failed(
        capsys, ["train", "--data", "digits", "--size", "8"]
    )
    assert "--shape is for npz:PATH and csv:PATH" in failed(capsys, ["train", "--data", "folder:x", "--shape", "8"])


def test_another_data_set_brings_its_own_likelihood(family, here):
    own_images(here / "own.npz")
    arguments = ["train", "--like", str(family / "small" / "sg"), "--data", "npz:own.npz", "--epochs", "1"]
    assert main([*arguments, "--out", "own"]) == 0
    assert load(here / "own").config.likelihood != "binomial"


def test_classless_images_have_no_class_means(here, capsys):
    own_images(here / "own.npz")
    line = failed(capsys, ["train", "--data", "npz:own.npz", "--pseudo-inputs", "class-means", *QUICK])
    assert "kmeans" in line


def test_a_flow_posterior_has_an_experiment_of_its_own(here, capsys):
    quick = [each for each in QUICK if not each.startswith("--experiment")]
    assert main(["train", "--data", "digits", "--prior", "sg", "--posterior", "iaf", "--transforms", "2", *quick]) == 0
    assert "iaf" in capsys.readouterr().out
    assert (here / "runs" / "digits-2d-iaf" / "sg" / "config.json").exists()
