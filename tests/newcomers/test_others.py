"""A data set, an architecture and a page take two files each, a metric three: in a copy of the sources, all work."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.patience import patience

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("vampcore", "app", "tools", "tests/app/reading.py", "tests/newcomers")
OPTIONS = ("--data=stripes", "--model=linear", "--experiment=new", "--prior=mog", "--latent-dim=2")
QUICK = ("--hidden=8", "--layers=1", "--components=3", "--epochs=1")
# Each command in turn, then the pages, in one process: importing torch takes longer than they do.
COMMANDS = """
import json, sys
from tests.newcomers import pages
from vampcore.commands import main
[main(each) for each in json.loads(sys.argv[1])]
pages.main("new", "mog")
"""

DATA_SET = '''
"""Vertical and horizontal stripes, two classes of binary images."""

from dataclasses import dataclass

import numpy as np

from vampcore.datasets.base import Dataset, mean_noise
from vampcore.datasets.splits import split


@dataclass(frozen=True)
class Stripes:
    """The data set `stripes`."""

    name: str = "stripes"
    title: str = "Stripes"
    subject: str = "stripes"
    likelihood: str = "bernoulli"

    def files(self, root):
        return ()

    def read(self, root):
        rng = np.random.default_rng(0)
        lines = rng.integers(0, 2, (90, 1, 6, 1), dtype=np.uint8)
        images, labels = np.broadcast_to(lines, (90, 1, 6, 6)).copy(), np.arange(90) % 2
        images[labels == 1] = images[labels == 1].swapaxes(2, 3)
        train, validation, test = split(images, labels, 1, validation=20, test=20)
        return Dataset(self.name, train, validation, test, ("across", "down"), "bernoulli", mean_noise(train))

    def download(self, root, progress, base_url):
        """Nothing to fetch."""
'''
ARCHITECTURE = '''
"""A linear encoder and a linear decoder."""

import math

from torch import nn

from vampcore.kinds import ModelKind
from vampcore.models.mlp import output_module
from vampcore.nn import NormalHead


class LinearEncoder(nn.Module):
    """x -> q(z | x), of pixels as they are."""

    def __init__(self, shape, latent_dim):
        super().__init__()
        self.latent_dim = latent_dim
        self.head = NormalHead(math.prod(shape), latent_dim)

    def forward(self, x):
        return self.head(x.flatten(1))


def build(config, observation):
    from vampcore.models.build import Architecture

    output = output_module(config.likelihood, observation.levels)(config.latent_dim, observation.shape)
    return Architecture(LinearEncoder(observation.shape, config.latent_dim), output)


KIND = ModelKind("linear", 1, build, note="linear")
'''
METRIC = '''
"""How far posterior means lie from the origin."""

from vampcore.metrics.metric import Metric, mean_metric


def distance(model, x) -> Metric:
    """The mean norm of the posterior means."""
    return mean_metric("distance", model.encoder(x).mean.norm(dim=1), "latent units")
'''
PAGE = '''
"""Sizes: the size of one prior's files."""

import streamlit as st

from app import state
from app.services import catalogue

ref = state.selected().ref
st.title("Sizes")
st.metric("Parameters", catalogue.facts(ref).parameters)
'''
# For each: the new file, its content, and what changes in which other file.
ADDED = {
    "data set": (
        "vampcore/datasets/stripes.py",
        DATA_SET,
        {
            "vampcore/datasets/__init__.py": (
                ("SOURCES: tuple[", "from vampcore.datasets.stripes import Stripes\n\nSOURCES: tuple["),
                ("    Digits(),\n", "    Digits(),\n    Stripes(),\n"),
            )
        },
    ),
    "architecture": (
        "vampcore/models/linear.py",
        ARCHITECTURE,
        {
            "vampcore/models/build.py": (
                ("from vampcore.models.mlp", "from vampcore.models import linear\nfrom vampcore.models.mlp"),
                ("ARCHITECTURES = (", "ARCHITECTURES = (\n    linear.KIND,"),
            )
        },
    ),
    "page": (
        "app/views/sizes.py",
        PAGE,
        {
            "app/main.py": (
                ('"Side by side": [', '"Side by side": [\n            st.Page("views/sizes.py", title="Sizes"),'),
            )
        },
    ),
    "metric": (
        "vampcore/metrics/distance.py",
        METRIC,
        {
            "vampcore/metrics/evaluation.py": (
                (
                    "from vampcore.metrics.metric",
                    "from vampcore.metrics.distance import distance\nfrom vampcore.metrics.metric",
                ),
                (
                    "    scores = None\n    if samples",
                    "    metrics.append(distance(model, x))\n    scores = None\n    if samples",
                ),
            ),
            "app/widgets/figures_table.py": (
                (
                    '    add("Median effective',
                    '    add("Distance (latent units)", "distance")\n    add("Median effective',
                ),
            ),
        },
    ),
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory) -> dict[str, str]:
    """What is said by the commands, and the pages by name, where all of `ADDED` has been added."""
    tree, work = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("work")
    for name in COPIED:
        source, copy = ROOT / name, tree / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            # With what Python has compiled of it; *.pyc.* are files that others are writing.
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("*.pyc.*"))
        else:
            shutil.copy(source, copy)
    for new, content, changes in ADDED.values():
        (tree / new).write_text(content.lstrip())
        for file, pairs in changes.items():
            text = (tree / file).read_text()
            for old, replacement in pairs:
                assert text.count(old) == 1, (file, old)
                text = text.replace(old, replacement)
            (tree / file).write_text(text)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=work,
            env=os.environ | {"PYTHONPATH": str(tree)},
            capture_output=True,
            text=True,
            timeout=patience(240),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    commands = (["train", *OPTIONS, *QUICK], ["evaluate", "runs/new/mog", "--samples=2"], ["list"])
    said, shown = run("-c", COMMANDS, json.dumps(commands)).rsplit("\n", 2)[:2]
    return {"said": said, **json.loads(shown)}


@pytest.mark.parametrize(("kind", "files"), [("data set", 2), ("architecture", 2), ("page", 2), ("metric", 3)])
def test_one_of_a_kind_touches_few_files(kind, files):
    assert 1 + len(ADDED[kind][2]) <= files


def test_a_data_set_is_trained_on_and_shown(outcome):
    assert "stripes" in outcome["said"]
    assert "Stripes" in outcome["overview"]["side"]
    assert "across" in outcome["latent_space"]["figures"]


def test_an_architecture_is_trained_and_shown(outcome):
    told = "Stripes, 2 latent dimensions, linear\n3 components, trained for 1 epoch\n"
    assert outcome["latent_space"]["side"].startswith(told)


def test_a_page_opens_beside_the_others(outcome):
    assert "Parameters" in outcome["sizes"]["words"]
    assert outcome["sizes"]["prior"] == outcome["overview"]["prior"]


def test_a_metric_is_measured_and_shown(outcome):
    assert "distance" in outcome["said"]
    assert "Distance (latent units)" in outcome["compare"]["tables"]
