"""Observations, likelihoods and the data folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vampcore.datasets import DataError, Dataset, Split, data_root, observe
from vampcore.datasets.base import mean_noise, with_likelihood

from .small import small_mnist


def grey_images(count: int = 3) -> torch.Tensor:
    return torch.arange(count * 8, dtype=torch.uint8).reshape(count, 1, 2, 4)


def test_binary_images_are_observed_as_they_are() -> None:
    images = torch.tensor([0, 1, 1, 0], dtype=torch.uint8).reshape(1, 1, 2, 2)
    x = observe(images, 1, "bernoulli")
    assert x.dtype == torch.float32
    assert x.flatten().tolist() == [0.0, 1.0, 1.0, 0.0]


def test_binomial_observations_are_shares_of_the_trials() -> None:
    images = torch.tensor([0, 4, 8, 16], dtype=torch.uint8).reshape(1, 1, 2, 2)
    assert observe(images, 16, "binomial").flatten().tolist() == [0.0, 0.25, 0.5, 1.0]


def test_logistic_observations_are_the_middles_of_256_bins() -> None:
    images = torch.tensor([0, 1, 128, 255], dtype=torch.uint8).reshape(1, 1, 2, 2)
    expected = torch.tensor([0.5, 1.5, 128.5, 255.5]) / 256
    assert torch.equal(observe(images, 255, "logistic").flatten(), expected)


@pytest.mark.parametrize("levels", [16, 255])
def test_bernoulli_draws_are_fresh_binary_and_have_the_images_as_mean(levels: int, generator: torch.Generator) -> None:
    image = torch.linspace(0, levels, 16).round().to(torch.uint8).reshape(1, 1, 4, 4)
    count = 20000
    x = observe(image.expand(count, -1, -1, -1), levels, "bernoulli", generator)
    assert set(x.unique().tolist()) == {0.0, 1.0}
    share = image[0].double() / levels
    error = 5 * (share * (1 - share) / count).sqrt()  # five standard errors of 16 means
    assert ((x.double().mean(0) - share).abs() <= error).all()
    assert (x[:, share == 0] == 0).all()
    assert (x[:, share == 1] == 1).all()


def test_bernoulli_draws_follow_their_generator() -> None:
    def draw(seed: int) -> torch.Tensor:
        return observe(grey_images(), 255, "bernoulli", torch.Generator().manual_seed(seed))

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


@pytest.mark.parametrize(
    ("levels", "likelihood", "hint"),
    [(1, "logistic", "bernoulli or binomial"), (16, "logistic", "has 17"), (255, "gaussian", "use one of bernoulli")],
)
def test_a_likelihood_that_does_not_fit_is_refused(levels: int, likelihood: str, hint: str) -> None:
    with pytest.raises(DataError, match=hint) as caught:
        observe(grey_images(), levels, likelihood)
    assert "\n" not in str(caught.value)


def grey_dataset() -> Dataset:
    arrays = small_mnist().arrays
    train = torch.from_numpy(arrays["train"])[:, None]
    test = torch.from_numpy(arrays["test"])[:, None]
    return Dataset(
        "grey",
        Split(train[:15], None, 255),
        Split(train[15:], None, 255),
        Split(test, None, 255),
        (),
        "logistic",
        (0.5, 0.1),
    )


def test_validation_and_test_images_are_binarised_once_as_in_the_papers_code() -> None:
    grey = grey_dataset()
    binary = with_likelihood(grey, "bernoulli")
    np.random.seed(777)  # the paper's code: the global stream, validation first
    validation = np.random.binomial(1, grey.validation.images.numpy() / np.float32(255))
    test = np.random.binomial(1, grey.test.images.numpy() / np.float32(255))
    assert np.array_equal(binary.validation.images.numpy(), validation)
    assert np.array_equal(binary.test.images.numpy(), test)
    assert binary.validation.levels == binary.test.levels == binary.levels == 1
    assert torch.equal(observe(binary.test.images, binary.test.levels, "bernoulli"), torch.from_numpy(test).float())
    assert torch.equal(with_likelihood(grey, "bernoulli").test.images, binary.test.images)


def test_training_images_stay_grey_under_bernoulli() -> None:
    grey = grey_dataset()
    binary = with_likelihood(grey, "bernoulli")
    assert torch.equal(binary.train.images, grey.train.images)
    assert binary.train.levels == 255


@pytest.mark.parametrize("likelihood", ["logistic", "binomial"])
def test_other_likelihoods_leave_everything_grey(likelihood: str) -> None:
    grey = grey_dataset()
    kept = with_likelihood(grey, likelihood)
    assert kept.likelihood == likelihood
    assert kept.levels == 255
    assert torch.equal(kept.test.images, grey.test.images)


def test_shape_is_that_of_one_observation() -> None:
    assert grey_dataset().shape == (1, 28, 28)


def test_noise_is_around_the_mean_share() -> None:
    split = Split(torch.tensor([[[[0, 4]]], [[[8, 16]]]], dtype=torch.uint8), None, 16)
    assert mean_noise(split) == (28 / 64, 0.01)


def test_the_data_folder_is_given_or_in_the_environment_or_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path / "environment"))
    assert data_root(tmp_path) == tmp_path
    assert data_root() == tmp_path / "environment"
    monkeypatch.setenv("VAMPCORE_DATA", "")
    assert data_root() == Path("data")
    monkeypatch.delenv("VAMPCORE_DATA")
    assert data_root() == Path("data")


def test_binarised_images_keep_labels_and_names() -> None:
    names = tuple(f"{row}.png" for row in range(len(grey_dataset().test.images)))
    named = replace(grey_dataset(), test=replace(grey_dataset().test, names=names))
    assert with_likelihood(named, "bernoulli").test.names == names
