"""`evaluate`: what it measures, prints and stores."""

import json
import shutil

import pytest
import torch

from tests.commands.running import QUICK, failed, own_images
from tests.small_runs import rewrite_json
from vampcore.checkpoints import load
from vampcore.commands import main
from vampcore.metrics import metric_to_json


def test_a_subset_is_the_same_for_all_models_and_stated(family, capsys):
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


def test_saved_figures_are_those_of_every_test_image(family, tmp_path, capsys):
    assert main(["train", "--like", str(family / "small" / "sg"), "--epochs", "1", "--out", str(tmp_path / "m")]) == 0
    assert main(["evaluate", str(tmp_path / "m"), "--samples", "5", "--save"]) == 0
    checkpoint = load(tmp_path / "m")
    assert checkpoint.per_image.log_likelihood.shape == (300,)
    assert checkpoint.metric("log_likelihood").value == pytest.approx(checkpoint.per_image.log_likelihood.mean().item())
    assert main(["evaluate", str(tmp_path / "m"), "--samples", "0", "--seed", "3", "--save"]) == 0
    again = load(tmp_path / "m")
    assert again.metric("elbo").seed == 3
    assert again.metric("log_likelihood") == checkpoint.metric("log_likelihood")
    assert torch.equal(again.per_image.log_likelihood, checkpoint.per_image.log_likelihood)


def test_a_part_is_never_saved_as_the_whole(family):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(family / "small" / "sg"), "--limit", "10", "--save"])
    assert ended.value.code == 2


def test_images_that_have_changed_since_the_training_are_not_measured(here, capsys):
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
def test_a_path_is_not_read_on_the_word_of_a_checkpoint_alone(here, capsys, monkeypatch, data):
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


def test_the_second_estimate_is_that_of_measure(family, here, monkeypatch, capsys):
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


def test_where_log_p_is_exact_there_is_no_second_estimate(family, here, capsys):
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
def test_the_second_estimate_is_of_the_whole_test_set_and_of_an_even_number(options, words, family, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(family / "small" / "sg"), "--samples", "16", "--covering", "10", *options])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--samples", "x"], ["--limit", "1"], ["--seed", str(2**63)], ["--samples=-1"]])
def test_numbers_that_cannot_be_are_bad_usage(family, option, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(family / "small" / "sg"), *option])
    assert ended.value.code == 2
    assert "whole number" in capsys.readouterr().err


def test_an_unknown_checkpoint_is_one_line(here, capsys):
    assert "vampcore list" in failed(capsys, ["evaluate", "../../etc"])
