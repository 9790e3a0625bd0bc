"""`reduce`: a smaller copy of a checkpoint."""

from pathlib import Path

import pytest

from tests.commands.running import failed
from vampcore.checkpoints import load
from vampcore.commands import main


def test_a_copy_takes_less_room_and_says_what_it_holds(family, here, capsys):
    model = str(family / "small" / "vamp")
    assert main(["reduce", model, "--images=40", "--snapshots=1", "--out=less"]) == 0
    assert "latents of 40 of 300 test images, 1 snapshots" in capsys.readouterr().out
    files = ("latents.safetensors", "snapshots.safetensors")
    assert all((Path("less") / name).stat().st_size < (Path(model) / name).stat().st_size / 2 for name in files)
    assert load(Path("less")).sha256 == load(Path(model)).sha256


@pytest.mark.parametrize("out", ["less", "file", "."])
def test_what_is_there_already_is_left_alone(family, here, capsys, out):
    (here / "less").mkdir()
    (here / "less" / "thesis.txt").write_text("mine")
    (here / "file").write_text("mine")
    model = str(family / "small" / "vamp")
    assert "choose another --out" in failed(capsys, ["reduce", model, "--images=40", f"--out={out}"])
    assert (here / "less" / "thesis.txt").read_text() == (here / "file").read_text() == "mine"


def test_what_is_to_go_has_to_be_said(family, here, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["reduce", str(family / "small" / "vamp"), "--out=less"])
    assert "--images or --snapshots" in capsys.readouterr().err
