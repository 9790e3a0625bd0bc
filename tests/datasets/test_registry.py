"""Data sets by name, and the real ones fetched completely from a server on this machine."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from vampcore import datasets
from vampcore.datasets import DataError, available, default_likelihood, download, downloadable, hint, load, names
from vampcore.datasets.static_mnist import REMOTES

from .conftest import Server
from .small import everything_below, mat, small_mnist, small_static_mnist

DOWNLOADED = ("static_mnist", "mnist", "fashion_mnist", "caltech101_silhouettes", "frey_faces")


LEFT_BY_TORCHVISION = ("emnist_letters", "emnist_balanced", "kmnist", "usps", "svhn", "cifar10")
BY_HAND = ("omniglot", "histopathology")


def test_names_and_default_likelihoods() -> None:
    assert names() == ("digits", *DOWNLOADED, *BY_HAND, *LEFT_BY_TORCHVISION)
    likelihoods = ["binomial", *["bernoulli"] * 4, "logistic", "bernoulli", "logistic"]
    likelihoods += [*["bernoulli"] * 3, *["logistic"] * 3]
    assert [default_likelihood(name) for name in names()] == likelihoods


@pytest.mark.parametrize("name", BY_HAND)
def test_what_cannot_be_downloaded_says_which_file_goes_where(name: str, tmp_path: Path) -> None:
    for ask in (load, download):
        with pytest.raises(
            DataError, match=rf"put \S+ of .* into the folder {name} of the data folder by hand"
        ) as caught:
            ask(name, tmp_path)
        assert "\n" not in str(caught.value)
    assert everything_below(tmp_path) == []


@pytest.mark.parametrize("name", ["", "MNIST", "mnist ", "folder:", "npz:", "http://example.org", "../mnist"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    for ask in (load, default_likelihood, available, download):
        with pytest.raises(DataError, match="use one of digits, static_mnist, mnist") as caught:
            ask(name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", DOWNLOADED)
def test_without_a_data_folder_the_message_has_every_hint(name: str, tmp_path: Path) -> None:
    assert not available(name, tmp_path / "nowhere")
    with pytest.raises(DataError) as caught:
        load(name, tmp_path / "nowhere")
    message = str(caught.value)
    for words in (
        str(tmp_path / "nowhere"),
        f"python -m vampcore data {name}",
        "--data-root",
        "VAMPCORE_DATA",
        "digits",
    ):
        assert words in message
    assert "\n" not in message


def test_a_relative_data_folder_is_named_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VAMPCORE_DATA", raising=False)
    with pytest.raises(DataError) as caught:
        load("mnist")
    assert str(tmp_path / "data") in str(caught.value)


@pytest.mark.parametrize(
    ("name", "file", "fetched"),
    [
        ("mnist", "run: python -m vampcore data mnist", True),
        ("omniglot", "chardata.mat", False),
        ("histopathology", "histopathology.pkl", False),
        ("folder:mine", "mine", False),
        ("npz:mine.npz", "mine.npz", False),
    ],
)
def test_what_to_do_about_a_set_that_is_not_on_disk(
    name: str, file: str, fetched: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert downloadable(name) == fetched
    words = hint(name, tmp_path / "data")
    assert file in words
    assert (str(tmp_path) in words) != fetched
    if not fetched:
        assert "vampcore data" not in words
        with pytest.raises(DataError, match=r"cannot be downloaded|nothing to download"):
            download(name, tmp_path / "data")


def test_digits_need_no_folder(tmp_path: Path) -> None:
    assert available("digits", tmp_path / "nowhere")
    assert download("digits", tmp_path / "nowhere") == tmp_path / "nowhere"
    assert everything_below(tmp_path) == []


@pytest.mark.parametrize(("likelihood", "levels"), [("bernoulli", 1), ("binomial", 16), (None, 16)])
def test_a_likelihood_can_be_asked_for(likelihood: str | None, levels: int) -> None:
    digits = load("digits", likelihood=likelihood)
    assert digits.levels == levels
    assert digits.likelihood == likelihood or likelihood is None
    assert set(digits.test.images.unique().tolist()) == set(range(levels + 1))


def test_a_likelihood_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="needs 256 grey levels and digits has 17; use bernoulli or binomial"):
        load("digits", likelihood="logistic")


def test_small_sets_through_the_registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Server) -> None:
    mnist, static = small_mnist(), small_static_mnist()
    monkeypatch.setattr(datasets, "SOURCES", (mnist.kind, static.kind))
    for published in (mnist, static):
        for name, content in published.sources.items():
            server.publish(name, content)
    for name, folder in (("mnist", "MNIST/raw"), ("static_mnist", "static_mnist")):
        assert not available(name, tmp_path)
        assert download(name, tmp_path, base_url=server.url) == tmp_path / folder
        assert available(name, tmp_path)
    asked = len(server.requests)
    assert asked == 7
    download("mnist", tmp_path, base_url=server.url)
    assert len(server.requests) == asked  # whole files are kept
    broken = tmp_path / "static_mnist" / "static_mnist.npz"
    broken.write_bytes(broken.read_bytes()[:-40])
    download("static_mnist", tmp_path, base_url=server.url)
    assert np.array_equal(load("static_mnist", tmp_path).test.images.flatten(1).numpy(), static.arrays["test"])
    with pytest.raises(DataError, match="use bernoulli or binomial"):
        load("static_mnist", tmp_path, "logistic")
    grey = load("mnist", tmp_path, "logistic")
    assert np.array_equal(grey.test.images[:, 0].numpy(), mnist.arrays["test"])
    assert load("mnist", tmp_path).test.levels == 1


def published_files(name: str, root: Path) -> dict[str, bytes]:
    """What the source publishes, made again from the data folder."""
    if name == "static_mnist":
        with np.load(root / name / "static_mnist.npz") as archive:
            bits = [np.unpackbits(archive[part], axis=1) for part in ("train", "valid", "test")]
        texts = [np.full((len(rows), 784, 2), ord(" "), np.uint8) for rows in bits]
        for text, rows in zip(texts, bits, strict=True):
            text[..., 0] = rows + ord("0")
            text[:, -1, 1] = ord("\n")
        return {remote.name: text.tobytes() for remote, text in zip(REMOTES, texts, strict=True)}
    if name == "frey_faces":
        with np.load(root / name / "frey_faces.npz") as archive:
            return {"frey_rawface.mat": mat(ff=archive["images"].reshape(1965, 560).T)}
    if name == "caltech101_silhouettes":
        (path,) = (root / name).iterdir()
        return {path.name: path.read_bytes()}
    folder = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}[name]
    return {f"{path.name}.gz": gzip.compress(path.read_bytes(), 1) for path in (root / folder / "raw").iterdir()}


@pytest.mark.data
@pytest.mark.parametrize("name", DOWNLOADED)
def test_the_real_set_arrives_as_it_lies_in_the_data_folder(
    name: str, real_data: Path, tmp_path: Path, server: Server
) -> None:
    for file, content in published_files(name, real_data).items():
        server.publish(file, content)
    download(name, tmp_path, base_url=server.url)
    ours, theirs = load(name, tmp_path), load(name, real_data)
    for mine, their in ((ours.train, theirs.train), (ours.validation, theirs.validation), (ours.test, theirs.test)):
        assert torch.equal(mine.images, their.images)
    assert all((real_data / file).exists() for file in everything_below(tmp_path))
