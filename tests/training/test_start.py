"""Where pseudo-inputs start."""

import dataclasses

import pytest
import torch

from tests.small_runs import config, few_digits
from vampcore.config import ConfigError, DataSpec
from vampcore.datasets import Dataset, Split
from vampcore.models import build
from vampcore.training.start import prepare

MARGIN = 0.01


def started(pseudo_inputs: str, components: int = 10, dataset: Dataset | None = None, seed: int = 0) -> torch.Tensor:
    dataset = dataset or few_digits()
    settings = config("vamp", components=components, pseudo_inputs=pseudo_inputs, seed=seed)
    model = build(settings, DataSpec(dataset.shape, dataset.levels, dataset.classes))
    prepare(model.prior, settings, dataset)
    return model.prior.pseudo_inputs.detach()


def shares() -> torch.Tensor:
    return few_digits().train.images / 16


def without_labels() -> Dataset:
    train = few_digits().train
    return dataclasses.replace(few_digits(), train=Split(train.images, None, train.levels))


@pytest.mark.parametrize("way", ["random", "data", "class-means", "kmeans"])
def test_every_start_is_inside_by_a_margin_and_follows_the_seed(way):
    first, again, other = started(way), started(way), started(way, components=20, seed=1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other[:10])
    assert other.min() >= MARGIN
    assert other.max() <= 1 - MARGIN


def test_random_has_the_data_sets_mean_and_spread():
    mean, deviation = few_digits().pseudo_input_noise
    u = started("random", components=500)
    assert u.mean().item() == pytest.approx(mean, abs=4 * deviation / 32_000**0.5)
    assert u.std().item() == pytest.approx(deviation, rel=0.03)


def test_data_are_different_training_images():
    images = shares().clamp(MARGIN, 1 - MARGIN).flatten(1)
    found = [(images == u).all(1).nonzero().flatten().tolist() for u in started("data", components=30).flatten(1)]
    assert all(found)
    assert len({rows[0] for rows in found}) == 30


def test_class_means_of_ten_components_are_the_means_of_the_classes():
    labels = few_digits().train.labels
    expected = torch.stack([shares()[labels == digit].mean(0) for digit in range(10)])
    torch.testing.assert_close(started("class-means"), expected.clamp(MARGIN, 1 - MARGIN))


def test_more_class_means_than_classes_are_means_of_parts_of_a_class():
    u, labels = started("class-means", components=20), few_digits().train.labels
    for digit in range(10):
        members = shares()[labels == digit]
        assert not torch.equal(u[digit], u[digit + 10])
        sizes = [len(part) for part in torch.arange(len(members)).chunk(2)]
        whole = (u[digit] * sizes[0] + u[digit + 10] * sizes[1]) / len(members)
        torch.testing.assert_close(whole, members.mean(0), rtol=0, atol=MARGIN)


def test_class_means_need_classes():
    with pytest.raises(ConfigError, match="digits have no classes: use --pseudo-inputs kmeans"):
        started("class-means", dataset=without_labels())
    assert started("kmeans", dataset=without_labels()).shape == (10, 1, 8, 8)


def test_more_means_than_images_of_a_class():
    with pytest.raises(ConfigError, match="400 components are more than the images of a class allow: ask for fewer"):
        started("class-means", components=400)


@pytest.mark.parametrize("way", ["data", "kmeans"])
def test_more_components_than_images(way):
    with pytest.raises(ConfigError, match="components is 251, more than the 250 training images: ask for fewer"):
        started(way, components=251)


def test_centroids_explain_the_images_better_than_images_do():
    def distance(u):
        return torch.cdist(shares().flatten(1), u.flatten(1)).min(1).values.square().mean()

    assert distance(started("kmeans")) < 0.8 * distance(started("data"))
