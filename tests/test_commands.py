"""The command line: what it prints, where it writes, its exit status, and one line for every mistake."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.processes import run_python
from tests.small_runs import FILES, PRIORS, RUN_FILES, config, rewrite_json, train
from tools.patience import patience
from vampcore import zoo
from vampcore.checkpoints import load
from vampcore.commands import main
from vampcore.commands.options import words_for
from vampcore.config import Config
from vampcore.metrics import metric_to_json

QUICK = ["--components=4", "--latent-dim=2", "--hidden=16", "--layers=1", "--epochs=2", "--warmup=1"]
QUICK += ["--experiment=quick"]
FIELDS = ["experiment", "prior", "path", "data", "model", "components", "latent_dims", "shape", "epochs", "converged"]
FIELDS += ["log_likelihood", "sha256", "posterior", "checked", "in_use"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def failed(capsys, arguments: list[str]) -> str:
    assert main(arguments) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    return line


def own_images(path: Path, count: int = 60, size: int = 8) -> None:
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (count, size, size), dtype=np.uint8))


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


def test_starting_imports_nothing_that_takes_seconds():
    script = (
        "import sys, vampcore.commands; print(*{'torchvision', 'torch._dynamo', 'sklearn', 'pandas'} & {*sys.modules})"
    )
    assert run_python(script).split() == []


class TestList:
    def test_json_has_the_promised_fields(self, family, monkeypatch, capsys):
        found = zoo.entries((family,))
        monkeypatch.setattr(zoo, "entries", lambda: found)
        assert main(["list", "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert [list(row) for row in rows] == [FIELDS] * len(PRIORS)
        assert {row["prior"]: row["components"] for row in rows}["sg"] == 1
        assert {row["prior"]: row["components"] for row in rows}["mog"] == 4

    def test_a_broken_folder_is_named_and_the_others_are_listed(self, family, tmp_path, monkeypatch, capsys):
        broken = tmp_path / "bad" / "sg"
        broken.mkdir(parents=True)
        (broken / "config.json").write_text("{")
        found = zoo.entries((family, tmp_path))
        monkeypatch.setattr(zoo, "entries", lambda: found)
        assert main(["list"]) == 0
        said = capsys.readouterr()
        assert len(said.out.splitlines()) == len(PRIORS)
        assert "truncated" in said.err


class TestTrain:
    def test_it_leaves_a_checkpoint_where_it_says(self, here, capsys):
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

    def test_it_never_writes_over_a_model(self, here, capsys):
        arguments = ["train", "--data", "digits", "--prior", "sg", *QUICK]
        assert main(arguments) == 0
        before = zoo.entries((here / "runs",))[0].info.sha256
        assert "--resume" in failed(capsys, arguments)
        assert zoo.entries((here / "runs",))[0].info.sha256 == before

    def test_like_repeats_a_run_to_the_bit(self, family, here):
        source = family / "small" / "vamp"
        assert main(["train", "--like", str(source), "--out", "again"]) == 0
        again, first = load(here / "again").model.state_dict(), load(source).model.state_dict()
        assert all(torch.equal(again[name], first[name]) for name in first)

    def test_like_takes_changes(self, family, here):
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
    def test_bad_usage_is_status_2(self, arguments, here, capsys):
        with pytest.raises(SystemExit) as ended:
            main(["train", *arguments])
        assert ended.value.code == 2
        assert "Traceback" not in capsys.readouterr().err
        assert not (here / "runs").exists()

    def test_no_data_folder_names_the_hint(self, here, monkeypatch, capsys):
        monkeypatch.setenv("VAMPCORE_DATA", str(here / "nowhere"))
        line = failed(capsys, ["train", "--data", "static_mnist"])
        assert "python -m vampcore data static_mnist" in line

    def test_a_family_is_named_after_ones_own_data_and_not_after_the_folders_around(self, here, capsys):
        folder = here / "my images, née"
        folder.mkdir()
        own_images(folder / "own.npz")
        assert main(["train", "--data", f"npz:{folder.name}/own.npz", "--prior", "sg", *QUICK[:-1]]) == 0
        assert [path.name for path in (here / "runs").iterdir()] == ["own.npz-2d"]
        assert load(here / "runs" / "own.npz-2d" / "sg").config.data == f"npz:{folder}/own.npz"

    def test_how_own_data_are_read_is_kept(self, here, capsys):
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

    def test_a_vector_trains(self, here):
        frame = np.random.default_rng(2).random((40, 7))
        np.savetxt(here / "own.csv", frame, delimiter=",", header="a,b,c,d,e,f,g", comments="")
        assert (
            main(["train", "--data", "csv:own.csv", "--prior", "vamp", "--components", "3", *QUICK, "--out", "a"]) == 0
        )
        assert load(here / "a").observation.shape == (1, 1, 7)

    @pytest.mark.parametrize(("count", "code"), [(19, 1), (20, 0)])
    def test_too_few_images_are_refused_before_the_first_step(self, here, capsys, count, code):
        own_images(here / "own.npz", count=count)
        arguments = ["train", "--data", "npz:own.npz", "--prior", "vamp", "--components", "3", *QUICK, "--out", "a"]
        assert main(arguments) == code
        assert (here / "a").exists() == (code == 0)
        assert ("at least 20 are needed" in capsys.readouterr().err) == (code == 1)

    def test_options_for_other_data_are_refused(self, here, capsys):
        assert "--size: only for your own data, not for digits" in failed(
            capsys, ["train", "--data", "digits", "--size", "8"]
        )
        assert "--shape is for npz:PATH and csv:PATH" in failed(capsys, ["train", "--data", "folder:x", "--shape", "8"])

    def test_another_data_set_brings_its_own_likelihood(self, family, here):
        own_images(here / "own.npz")
        arguments = ["train", "--like", str(family / "small" / "sg"), "--data", "npz:own.npz", "--epochs", "1"]
        assert main([*arguments, "--out", "own"]) == 0
        assert load(here / "own").config.likelihood != "binomial"

    def test_classless_images_have_no_class_means(self, here, capsys):
        own_images(here / "own.npz")
        line = failed(capsys, ["train", "--data", "npz:own.npz", "--pseudo-inputs", "class-means", *QUICK])
        assert "kmeans" in line


class TestEvaluate:
    def test_a_subset_is_the_same_for_all_models_and_stated(self, family, capsys):
        entries = {}
        for prior in ("sg", "vamp"):
            folder = str(family / "small" / prior)
            assert main(["evaluate", folder, "--samples", "10", "--limit", "40", "--json"]) == 0
            document = json.loads(capsys.readouterr().out)
            assert document["format"] == 2
            entries[prior] = {entry["name"]: entry for entry in document["entries"]}
        for name in ("elbo", "reconstruction", "kl", "log_likelihood", "ess_median", "active_units"):
            assert [entries[prior][name]["n"] for prior in entries] == [40, 40]
        assert entries["vamp"]["log_likelihood"]["estimator"] == "quadrature"
        assert entries["vamp"]["log_likelihood"]["samples"] is None
        assert entries["vamp"]["log_likelihood_is"]["samples"] == 10
        assert entries["vamp"]["log_likelihood"]["value"] > entries["vamp"]["elbo"]["value"]

    def test_saved_figures_are_those_of_every_test_image(self, family, tmp_path, capsys):
        assert (
            main(["train", "--like", str(family / "small" / "sg"), "--epochs", "1", "--out", str(tmp_path / "m")]) == 0
        )
        assert main(["evaluate", str(tmp_path / "m"), "--samples", "5", "--save"]) == 0
        checkpoint = load(tmp_path / "m")
        assert checkpoint.per_image.log_likelihood.shape == (300,)
        assert checkpoint.metric("log_likelihood").value == pytest.approx(
            checkpoint.per_image.log_likelihood.mean().item()
        )
        assert main(["evaluate", str(tmp_path / "m"), "--samples", "0", "--seed", "3", "--save"]) == 0
        again = load(tmp_path / "m")
        assert again.metric("elbo").seed == 3
        assert again.metric("log_likelihood") == checkpoint.metric("log_likelihood")
        assert torch.equal(again.per_image.log_likelihood, checkpoint.per_image.log_likelihood)

    def test_a_part_is_never_saved_as_the_whole(self, family):
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", str(family / "small" / "sg"), "--limit", "10", "--save"])
        assert ended.value.code == 2

    def test_images_that_have_changed_since_the_training_are_not_measured(self, here, capsys):
        own_images(here / "own.npz")
        assert main(["train", "--data", "npz:own.npz", "--prior", "sg", *QUICK, "--out", "runs/a/own"]) == 0
        before = load(here / "runs/a/own").sha256
        own_images(here / "own.npz", count=90)
        assert "of its 60 images, 30 new;" in failed(capsys, ["evaluate", "runs/a/own", "--samples", "0", "--save"])
        own_images(here / "own.npz", size=9)
        line = failed(capsys, ["evaluate", "runs/a/own", "--samples", "0"])
        assert "no longer holds images of shape (1, 8, 8)" in line
        assert load(here / "runs/a/own").sha256 == before

    @pytest.mark.parametrize("data", ["folder:/", "npz:{}/own.npz"])
    def test_a_path_is_not_read_on_the_word_of_a_checkpoint_alone(self, here, capsys, monkeypatch, data):
        from vampcore.commands import reading

        own_images(here / "own.npz")
        assert main(["train", "--data", "npz:own.npz", "--prior", "sg", *QUICK, "--out", "elsewhere"]) == 0
        config = here / "elsewhere" / "config.json"
        rewrite_json(config, lambda fields: fields["config"].update(data=data.format(here)))
        with monkeypatch.context() as unread:
            unread.setattr(reading, "read_data", lambda *given: pytest.fail("the path was read"))
            line = failed(capsys, ["evaluate", "elsewhere", "--samples", "0"])
            assert "by a path that is not read on its word alone: name them with --data, " in line
            assert "$VAMPSCOPE_DATA_PATHS" in line
        assert main(["evaluate", "elsewhere", "--samples", "0", "--data", "npz:own.npz"]) == 0
        monkeypatch.setenv("VAMPSCOPE_DATA_PATHS", str(here))
        assert main(["evaluate", "elsewhere", "--samples", "0"]) == ("folder" in data)

    def test_the_second_estimate_is_that_of_measure(self, family, here, monkeypatch, capsys):
        monkeypatch.setattr("vampcore.metrics.scores.can_integrate", lambda model, x: False)
        monkeypatch.setattr("vampcore.checkpoints.scoring.can_integrate", lambda model, x: False)
        for name in ("one", "two"):
            shutil.copytree(family / "small" / "vamp", here / name)
        assert main(["evaluate", "one", "--samples", "16", "--covering", "10", "--json", "--save"]) == 0
        entries = json.loads(capsys.readouterr().out)["entries"]
        assert main(["evaluate", "two", "--samples", "16", "--save"]) == 0
        assert main(["measure", "two", "--samples", "16", "--images", "10"]) == 0
        one, two = load(here / "one"), load(here / "two")
        assert one.metric("log_likelihood_covering").n == 10
        assert one.metrics == two.metrics
        assert tuple(entries) == tuple(metric_to_json(metric) for metric in one.metrics)
        covering = [each.per_image.log_likelihood_covering for each in (one, two)]
        assert int(covering[0].isfinite().sum()) == 10
        assert torch.equal(covering[0].nan_to_num(), covering[1].nan_to_num())

    def test_where_log_p_is_exact_there_is_no_second_estimate(self, family, here, capsys):
        assert main(["evaluate", str(family / "small" / "sg"), "--samples", "16", "--covering", "10"]) == 0
        said = capsys.readouterr()
        assert "there is no second estimate: log p(x) is exact" in said.err
        assert "covering" not in said.out

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--limit", "10"], "remove --limit and --split"),
            (["--split", "train"], "remove --limit and --split"),
            (["--samples", "17"], "--samples must be even and at least 16"),
            (["--samples", "0"], "--samples must be even and at least 16"),
        ],
    )
    def test_the_second_estimate_is_of_the_whole_test_set_and_of_an_even_number(self, options, words, family, capsys):
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", str(family / "small" / "sg"), "--samples", "16", "--covering", "10", *options])
        assert ended.value.code == 2
        assert words in capsys.readouterr().err

    @pytest.mark.parametrize("option", [["--samples", "x"], ["--limit", "1"], ["--seed", str(2**63)], ["--samples=-1"]])
    def test_numbers_that_cannot_be_are_bad_usage(self, family, option, capsys):
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", str(family / "small" / "sg"), *option])
        assert ended.value.code == 2
        assert "whole number" in capsys.readouterr().err

    def test_an_unknown_checkpoint_is_one_line(self, here, capsys):
        assert "vampcore list" in failed(capsys, ["evaluate", "../../etc"])


class TestMeasure:
    def test_it_finds_own_data_that_have_moved(self, here, capsys):
        own_images(here / "own.npz")
        own = "runs/own/sg"
        assert main(["train", "--data", "npz:own.npz", "--prior", "sg", *QUICK, "--out", own]) == 0
        assert main(["evaluate", own, "--samples", "2", "--save"]) == 0
        (here / "own.npz").rename(here / "moved.npz")
        assert load(here / own).metric("pareto_k") is None
        assert "give its new path with --data npz:FILE" in failed(capsys, ["measure", own])
        assert main(["measure", own, "--images", "6", "--samples", "200", "--data", "npz:moved.npz"]) == 0
        assert load(here / own).metric("pareto_k").n == 6


class TestReduce:
    def test_a_copy_takes_less_room_and_says_what_it_holds(self, family, here, capsys):
        model = str(family / "small" / "vamp")
        assert main(["reduce", model, "--images=40", "--snapshots=1", "--out=less"]) == 0
        assert "latents of 40 of 300 test images, 1 snapshots" in capsys.readouterr().out
        files = ("latents.safetensors", "snapshots.safetensors")
        assert all((Path("less") / name).stat().st_size < (Path(model) / name).stat().st_size / 2 for name in files)
        assert load(Path("less")).sha256 == load(Path(model)).sha256

    @pytest.mark.parametrize("out", ["less", "file", "."])
    def test_what_is_there_already_is_left_alone(self, family, here, capsys, out):
        (here / "less").mkdir()
        (here / "less" / "thesis.txt").write_text("mine")
        (here / "file").write_text("mine")
        model = str(family / "small" / "vamp")
        assert "choose another --out" in failed(capsys, ["reduce", model, "--images=40", f"--out={out}"])
        assert (here / "less" / "thesis.txt").read_text() == (here / "file").read_text() == "mine"

    def test_what_is_to_go_has_to_be_said(self, family, here, capsys):
        with pytest.raises(SystemExit, match="2"):
            main(["reduce", str(family / "small" / "vamp"), "--out=less"])
        assert "--images or --snapshots" in capsys.readouterr().err


class TestSample:
    def test_the_grid_is_a_picture_of_its_seed(self, family, here):
        arguments = ["sample", str(family / "small" / "vamp"), "-n", "16", "--seed", "3", "--out"]
        assert main([*arguments, "a.png"]) == 0
        assert main([*arguments, "b.png"]) == 0
        assert (here / "a.png").read_bytes() == (here / "b.png").read_bytes()
        assert main(["sample", str(family / "small" / "vamp"), "-n", "16", "--seed", "4", "--out", "c.png"]) == 0
        assert (here / "a.png").read_bytes() != (here / "c.png").read_bytes()
        # Four by four images of 8 pixels with a line between and around them, four times enlarged.
        with Image.open(here / "a.png") as picture:
            assert picture.size == (4 * (4 * 9 + 1), 4 * (4 * 9 + 1))

    def test_vectors_are_drawn_as_bars(self, here):
        frame = np.random.default_rng(2).random((40, 7))
        np.savetxt(here / "own.csv", frame, delimiter=",", header="a,b,c,d,e,f,g", comments="")
        assert main(["train", "--data", "csv:own.csv", "--prior", "sg", *QUICK, "--out", "a"]) == 0
        assert main(["sample", "a", "-n", "4", "--seed", "3", "--out", "a.png"]) == 0
        generator = torch.Generator().manual_seed(3)
        model = load(here / "a").model
        with torch.inference_mode():
            z = model.prior(model.encoder).sample((4,), generator)
            means = model.decode(z, generator).mean(generator)
        with Image.open(here / "a.png") as picture:
            pixels = np.asarray(picture.convert("L"))[::4, ::4]
        assert pixels.shape == (2 * 29 + 1, 2 * 8 + 1)
        for index, values in enumerate(means[:, 0, 0].numpy()):
            top, left = 29 * (index // 2) + 1, 8 * (index % 2) + 1
            bars = pixels[top : top + 28, left : left + 7]
            assert set(np.unique(bars)) == {0, 255}
            assert (np.diff(bars.astype(int), axis=0) >= 0).all()
            assert np.abs((bars > 0).mean(0) - values).max() <= 0.5 / 28 + 1e-6

    def test_a_component_that_is_not_there_is_bad_usage(self, family, here):
        with pytest.raises(SystemExit) as ended:
            main(["sample", str(family / "small" / "vamp"), "--component", "4", "--out", "a.png"])
        assert ended.value.code == 2
        assert not (here / "a.png").exists()

    def test_a_flow_has_samples_and_no_components(self, here, capsys):
        train(config("realnvp", transforms=2, transform_hidden=6, epochs=1), here / "flow")
        assert main(["sample", str(here / "flow"), "-n", "4", "--out", "a.png"]) == 0
        assert (here / "a.png").exists()
        with pytest.raises(SystemExit) as ended:
            main(["sample", str(here / "flow"), "--component", "0", "--out", "b.png"])
        assert ended.value.code == 2
        assert "the prior realnvp has no components: remove --component" in capsys.readouterr().err

    def test_a_flow_posterior_has_an_experiment_of_its_own(self, here, capsys):
        quick = [each for each in QUICK if not each.startswith("--experiment")]
        assert (
            main(["train", "--data", "digits", "--prior", "sg", "--posterior", "iaf", "--transforms", "2", *quick]) == 0
        )
        assert "iaf" in capsys.readouterr().out
        assert (here / "runs" / "digits-2d-iaf" / "sg" / "config.json").exists()

    def test_a_folder_that_cannot_be_written_is_one_line(self, family, here, capsys):
        line = failed(capsys, ["sample", str(family / "small" / "sg"), "--out", "nowhere/a.png"])
        assert line == "error: nowhere/a.png: No such file or directory"

    @pytest.mark.parametrize("name", ["config.json", "a.svg", "a"])
    def test_a_name_of_another_kind_of_file_is_refused_and_nothing_is_replaced(self, name, family, here, capsys):
        (here / name).write_text("mine")
        with pytest.raises(SystemExit) as ended:
            main(["sample", str(family / "small" / "sg"), "--out", name])
        assert ended.value.code == 2
        assert f"--out is written as PNG: end its name in .png, not '{name}'" in capsys.readouterr().err
        assert (here / name).read_text() == "mine"

    @pytest.mark.parametrize("option", [["-n", "0"], ["-n", "1000000000"], ["--seed", "9" * 30]])
    def test_numbers_that_no_grid_has_are_bad_usage(self, option, family, here):
        with pytest.raises(SystemExit) as ended:
            main(["sample", str(family / "small" / "sg"), *option, "--out", "a.png"])
        assert ended.value.code == 2


def test_an_unknown_data_set_is_bad_usage():
    with pytest.raises(SystemExit) as ended:
        main(["data", "imagenet"])
    assert ended.value.code == 2


def test_json_alone_goes_to_standard_output(family):
    command = [sys.executable, "-m", "vampcore", "evaluate", str(family / "small" / "sg"), "--samples", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience(300), check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["format"] == 2
    assert "Traceback" not in done.stderr
