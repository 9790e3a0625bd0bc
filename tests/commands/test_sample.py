"""`sample`: a grid of images as a PNG."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.commands.running import QUICK, failed
from tests.small_runs import config, train
from vampcore.checkpoints import load
from vampcore.commands import main


def test_the_grid_is_a_picture_of_its_seed(family, here):
    arguments = ["sample", str(family / "small" / "vamp"), "-n", "16", "--seed", "3", "--out"]
    assert main([*arguments, "a.png"]) == 0
    assert main([*arguments, "b.png"]) == 0
    assert (here / "a.png").read_bytes() == (here / "b.png").read_bytes()
    assert main(["sample", str(family / "small" / "vamp"), "-n", "16", "--seed", "4", "--out", "c.png"]) == 0
    assert (here / "a.png").read_bytes() != (here / "c.png").read_bytes()
    # Four by four images of 8 pixels with a line between and around them, four times enlarged.
    with Image.open(here / "a.png") as picture:
        assert picture.size == (4 * (4 * 9 + 1), 4 * (4 * 9 + 1))


def test_vectors_are_drawn_as_bars(here):
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


def test_a_component_that_is_not_there_is_bad_usage(family, here):
    with pytest.raises(SystemExit) as ended:
        main(["sample", str(family / "small" / "vamp"), "--component", "4", "--out", "a.png"])
    assert ended.value.code == 2
    assert not (here / "a.png").exists()


def test_a_flow_has_samples_and_no_components(here, capsys):
    train(config("realnvp", transforms=2, transform_hidden=6, epochs=1), here / "flow")
    assert main(["sample", str(here / "flow"), "-n", "4", "--out", "a.png"]) == 0
    assert (here / "a.png").exists()
    with pytest.raises(SystemExit) as ended:
        main(["sample", str(here / "flow"), "--component", "0", "--out", "b.png"])
    assert ended.value.code == 2
    assert "the prior realnvp has no components: remove --component" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_one_line(family, here, capsys):
    line = failed(capsys, ["sample", str(family / "small" / "sg"), "--out", "nowhere/a.png"])
    assert line == "error: nowhere/a.png: No such file or directory"


@pytest.mark.parametrize("name", ["config.json", "a.svg", "a"])
def test_a_name_of_another_kind_of_file_is_refused_and_nothing_is_replaced(name, family, here, capsys):
    (here / name).write_text("mine")
    with pytest.raises(SystemExit) as ended:
        main(["sample", str(family / "small" / "sg"), "--out", name])
    assert ended.value.code == 2
    assert f"--out is written as PNG: end its name in .png, not '{name}'" in capsys.readouterr().err
    assert (here / name).read_text() == "mine"


@pytest.mark.parametrize("option", [["-n", "0"], ["-n", "1000000000"], ["--seed", "9" * 30]])
def test_numbers_that_no_grid_has_are_bad_usage(option, family, here):
    with pytest.raises(SystemExit) as ended:
        main(["sample", str(family / "small" / "sg"), *option, "--out", "a.png"])
    assert ended.value.code == 2
