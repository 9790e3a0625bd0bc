"""A prior in one file outside the package: trained from the command line, listed, loaded, and shown on every page."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.small_runs import few_digits
from tools.patience import patience

ROOT = Path(__file__).resolve().parents[2]
KEY = "learned-normal"
SMALL = ("--experiment=new", "--latent-dim=2", "--hidden=16", "--layers=1", "--components=4", "--epochs=1")
PAGES = {
    "active_units",
    "compare",
    "components",
    "edit_prior",
    "latent_space",
    "likelihood",
    "overview",
    "pseudo_inputs",
    "tour",
    "train",
}
# Each command in turn, then the pages, in one process: importing torch takes longer than they do.
COMMANDS = "import json, sys; from vampcore.commands import main; [main(each) for each in json.loads(sys.argv[1])]"
SHOW = f"""; from tests.newcomers import pages; from vampcore import zoo
print(*zoo.load('runs/new/{KEY}').model.prior.state_dict())
pages.main('new', '{KEY}')"""


class Newcomer:
    """A working folder with few images, and a package beside it that brings the prior by an entry point.

    Arguments:
        folder: Where both are made.
        module: The content of the package's one file.

    Attributes:
        trained: What the commands that trained models said, the names of the prior's weights last.
        shown: What each page shows.
    """

    trained: list[str]
    shown: dict[str, dict[str, Any]]

    def __init__(self, folder: Path, module: str) -> None:
        self.work, package = folder / "work", folder / "package"
        self.work.mkdir()
        described = package / "learned_normal-1.0.dist-info"
        described.mkdir(parents=True)
        (package / "learned_normal.py").write_text(module)
        (described / "METADATA").write_text("Metadata-Version: 2.1\nName: learned-normal\nVersion: 1.0\n")
        (described / "entry_points.txt").write_text(f"[vampcore.priors]\n{KEY} = learned_normal\n")
        images = few_digits().train.images[:120, 0].numpy().astype(np.float32) / 16
        np.savez(self.work / "few.npz", images=images)
        self.package = package

    def run(self, *arguments: str, installed: bool = True) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(ROOT), *([str(self.package)] if installed else [])])
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.work,
            env=os.environ | {"PYTHONPATH": path, "VAMPCORE_DATA": str(self.work / "no-data")},
            capture_output=True,
            text=True,
            timeout=patience(240),
        )

    def said(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


def train(prior: str) -> tuple[str, ...]:
    return ("train", "--data=npz:few.npz", *SMALL, f"--prior={prior}")


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory) -> Newcomer:
    """With a model of the new prior, trained as somebody would, and two of ours."""
    module = (Path(__file__).parent / "learned_normal.py").read_text()
    newcomer = Newcomer(tmp_path_factory.mktemp("newcomer"), module)
    commands = [train(KEY), train("sg"), train("vamp"), ["list"]]
    *newcomer.trained, shown = newcomer.said("-c", COMMANDS + SHOW, json.dumps(commands)).splitlines()
    newcomer.shown = json.loads(shown)
    return newcomer


@pytest.mark.timeout(patience(600))
def test_a_prior_in_one_file_is_trained_listed_loaded_and_shown(newcomer):
    assert f"runs/new/{KEY}" in "\n".join(newcomer.trained)
    assert newcomer.trained[-1].split() == ["mean", "logvar"]
    card = (newcomer.work / "runs" / "new" / KEY / "README.md").read_text()
    assert "Prior: normal with learned mean and scale." in card

    shown = newcomer.shown
    assert set(shown) == PAGES
    for page in PAGES:
        assert shown[page]["prior"] == KEY
        assert "Learned normal" in shown[page]["side"].splitlines()
    for page in ("overview", "compare", "active_units"):
        said = shown[page]["words"] + shown[page]["figures"]
        for name in ("Learned normal", "Standard normal", "VampPrior"):
            assert name in said, (page, name)
    notice = "This prior has no pseudo-inputs. Shown instead: this component, decoded."
    assert [each for each in shown["pseudo_inputs"]["notices"] if "pseudo-inputs" in each] == [notice]


def test_without_its_package_a_model_is_refused_in_one_line(newcomer):
    done = newcomer.run("-m", "vampcore", "evaluate", f"runs/new/{KEY}", installed=False)
    assert done.returncode != 0
    assert f"prior is '{KEY}'; choose one of sg, mog" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_package_that_fails_is_named_and_left_out(tmp_path):
    done = Newcomer(tmp_path, "import no_such_module\n").run("-m", "vampcore", "list")
    assert done.returncode == 0
    assert "static-mnist-40d/vamp" in done.stdout
    assert f"the prior {KEY} (learned_normal) is left out" in done.stderr
    assert "no_such_module" in done.stderr
