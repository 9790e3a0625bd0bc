"""The middle of three seeds is kept with its weights, the others with their scores."""

import dataclasses
import shutil

import pytest

from tests.checkpoints.test_trainings import of_seed
from vampcore.checkpoints import load, save
from vampcore.checkpoints.trainings import trainings
from vampcore.commands import main


@pytest.fixture
def runs(family, tmp_path):
    """Experiments of seeds 0, 1 and 2 with two priors; by the means over the priors, seed 2 is the middle one."""
    better = {"sg": (0.0, 5.0, 0.5), "mog": (0.0, -4.0, 0.0)}
    for seed in range(3):
        for prior, by in better.items():
            found = dataclasses.replace(load(family / "small" / prior), film=None)
            save(of_seed(found, seed, by[seed]), tmp_path / str(seed) / prior)
    return tmp_path


def test_the_middle_seed_is_kept_with_the_scores_of_the_others(runs, capsys):
    assert main(["gather", str(runs / "small"), *(str(runs / str(seed)) for seed in range(3))]) == 0
    for prior in ("sg", "mog"):
        checkpoint = load(runs / "small" / prior)
        assert checkpoint.config.seed == 2
        assert checkpoint.config == load(runs / "2" / prior).config
        assert [each.seed for each in trainings(checkpoint)] == [0, 1, 2]
        for each in trainings(checkpoint):
            assert each.elbo.tolist() == load(runs / str(each.seed) / prior).per_image.elbo.tolist()
    said = capsys.readouterr().out
    assert said.count("(weights kept)") == 2
    assert said.count("  seed 2: ") == 2


def test_one_more_may_be_gathered_from_what_was_gathered(runs):
    assert main(["gather", str(runs / "0"), *(str(runs / str(seed)) for seed in (0, 2))]) == 0
    assert [each.seed for each in trainings(load(runs / "0" / "sg"))] == [0, 2]


def test_runs_that_do_not_belong_together_are_refused(runs, capsys):
    shutil.rmtree(runs / "1" / "mog")
    for arguments, said in (
        (("0", "1"), "do not hold the same priors"),
        (("0", "nowhere"), "contains no checkpoints: give the folder of an experiment"),
        (("0", "mixed"), "have different seeds"),
        (("0", "0"), "has a seed that another has"),
    ):
        shutil.copytree(runs / "0" / "sg", runs / "mixed" / "sg", dirs_exist_ok=True)
        shutil.copytree(runs / "2" / "mog", runs / "mixed" / "mog", dirs_exist_ok=True)
        assert main(["gather", str(runs / "small"), *(str(runs / each) for each in arguments)]) == 1
        assert said in capsys.readouterr().err
    assert not (runs / "small").exists()
