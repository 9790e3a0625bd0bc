"""`measure`: the second estimate of stored checkpoints."""

from tests.commands.running import QUICK, failed, own_images
from vampcore.checkpoints import load
from vampcore.commands import main


def test_it_finds_own_data_that_have_moved(here, capsys):
    own_images(here / "own.npz")
    own = "runs/own/sg"
    assert main(["train", "--data", "npz:own.npz", "--prior", "sg", *QUICK, "--out", own]) == 0
    assert main(["evaluate", own, "--samples", "2", "--save"]) == 0
    (here / "own.npz").rename(here / "moved.npz")
    assert load(here / own).metric("pareto_k") is None
    assert "give its new path with --data npz:FILE" in failed(capsys, ["measure", own])
    assert main(["measure", own, "--images", "6", "--samples", "200", "--data", "npz:moved.npz"]) == 0
    assert load(here / own).metric("pareto_k").n == 6
