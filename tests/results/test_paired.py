"""Stored differences of the shipped checkpoints against NumPy on the files, and which score is taken."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from vampcore.checkpoints import Checkpoint, load
from vampcore.checkpoints.records import PerImage
from vampcore.datasets.identity import Identity, PartIdentity
from vampcore.results import stored_difference

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints"


@pytest.fixture(scope="module")
def pair() -> tuple[Checkpoint, Checkpoint]:
    return load(SHIPPED / "digits-2d" / "sg"), load(SHIPPED / "digits-2d" / "vamp")


@pytest.mark.parametrize("experiment", ["digits-2d", "mnist-2d", "frey-2d", "static-mnist-40d", "static-mnist-hvae"])
def test_it_is_that_of_the_stored_values(experiment):
    folders = [SHIPPED / experiment / prior for prior in ("sg", "vamp")]
    found = stored_difference(*(load(folder) for folder in folders))
    sg, vamp = (load_file(folder / "per_image.safetensors")["log_likelihood"].astype(float) for folder in folders)
    each = vamp - sg
    assert found.name == "log_likelihood_difference"
    assert found.value == pytest.approx(each.mean(), abs=1e-9)
    assert found.se == pytest.approx(each.std(ddof=1) / np.sqrt(len(each)))
    assert found.n == len(each)
    # In each of them the VampPrior scores higher than the standard normal.
    assert found.value > 0


def test_without_log_likelihoods_it_is_that_of_the_elbo(pair):
    sg, vamp = pair
    without = dataclasses.replace(vamp, per_image=dataclasses.replace(vamp.per_image, log_likelihood=None))
    found = stored_difference(sg, without)
    assert found.name == "elbo_difference"
    each = vamp.per_image.elbo.double() - sg.per_image.elbo.double()
    assert found.value == pytest.approx(each.mean().item())


def test_log_likelihoods_of_other_sample_counts_are_not_compared(pair):
    sg, vamp = pair
    metrics = tuple(
        dataclasses.replace(each, samples=7) if each.name == "log_likelihood" else each for each in vamp.metrics
    )
    assert stored_difference(sg, dataclasses.replace(vamp, metrics=metrics)).name == "elbo_difference"


def test_log_likelihoods_of_two_estimators_are_not_compared(pair):
    def by(checkpoint, estimator):
        named = (dataclasses.replace(each, estimator=estimator) for each in checkpoint.metrics)
        return dataclasses.replace(checkpoint, metrics=tuple(named))

    sg, vamp = pair
    assert stored_difference(by(sg, "is"), by(vamp, "covering")).name == "elbo_difference"
    assert stored_difference(by(sg, "covering"), by(vamp, "covering")).estimator == "covering"


def test_only_common_images_count(pair):
    sg, vamp = pair
    part = vamp.per_image.log_likelihood.clone()
    part[100:] = torch.nan
    found = stored_difference(
        sg, dataclasses.replace(vamp, per_image=dataclasses.replace(vamp.per_image, log_likelihood=part))
    )
    assert found.n == 100


def test_another_test_set_is_not_compared(pair):
    sg, vamp = pair
    other = dataclasses.replace(vamp, config=dataclasses.replace(vamp.config, data="mnist"))
    assert stored_difference(sg, other) is None
    shorter = PerImage(vamp.per_image.elbo[:-1])
    assert stored_difference(sg, dataclasses.replace(vamp, per_image=shorter)) is None


def test_other_images_of_a_data_set_that_changed_are_not_compared(pair):
    def of(checkpoint, evaluated):
        parts = [PartIdentity(1, bytes(32))] * 3
        return dataclasses.replace(checkpoint, identity=Identity(*parts, evaluated=evaluated))

    sg, vamp = pair
    assert stored_difference(of(sg, b"before"), of(vamp, b"after")) is None
    assert stored_difference(of(sg, b"before"), of(vamp, b"before")) == stored_difference(sg, vamp)
