"""A decoder in bytes is the model's own: read again and computed in NumPy it gives the images that torch gives."""

import dataclasses
import json
import math
import struct
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from app.services import content, densities, images
from tests.app.reading import ref_of
from vampcore.models import decoded_means

MODELS = (("mnist-2d", "mog"), ("static-mnist-40d", "vamp"), ("static-mnist-hvae", "vamp"), ("frey-2d", "sg"))


@dataclass
class Unpacked:
    """A packed decoder as NumPy reads it."""

    header: dict
    numbers: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, sent: bytes) -> "Unpacked":
        (length,) = struct.unpack_from("<I", sent)
        header = json.loads(sent[4 : 4 + length])
        dims, count = header["latent"], header["components"]
        size = 3 * dims + count * (2 * dims + 7)
        after = 4 + length + 4 * size
        kind = {"float16": "<f2", "float32": "<f4"}[header["weights"]]
        numbers = np.frombuffer(sent, "<f4", size, 4 + length).astype(np.float64)
        return cls(header, numbers, np.frombuffer(sent, kind, offset=after).astype(np.float64))

    def parts(self) -> list[np.ndarray]:
        dims, count = self.header["latent"], self.header["components"]
        shapes = [(dims,), (dims, 2)]
        shapes += [(count, dims), (count, dims), (count,), (count, 2), (count, 2, 2)] if count else []
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        return [part.reshape(shape) for part, shape in zip(np.split(self.numbers, ends[:-1]), shapes, strict=True)]

    def lift(self, place: tuple[float, float]) -> np.ndarray:
        origin, basis, *mixture = self.parts()
        y = np.array(place)
        if self.header["exact"] or not mixture:
            return origin + basis @ y
        mean, logvar, log_weights, plane_mean, covariance = mixture
        away = y - plane_mean
        step = np.linalg.solve(covariance, away[..., None])[..., 0]
        joint = log_weights - 0.5 * ((away * step).sum(1) + np.linalg.slogdet(covariance)[1])
        k = joint.argmax()
        return mean[k] + np.exp(logvar[k]) * (basis @ step[k])

    def decode(self, z: np.ndarray) -> np.ndarray:
        values, at = {"z": z}, 0
        for layer in self.header["layers"]:
            x = np.concatenate([values[name] for name in layer["inputs"]])
            rows = layer["size"] * (2 if layer["kind"] == "gated" else 1)
            weight = self.weights[at : at + rows * len(x)].reshape(rows, len(x))
            bias = self.weights[at + rows * len(x) : at + rows * len(x) + rows]
            at += rows * len(x) + rows
            y = weight @ x + bias
            if layer["kind"] == "gated":
                y = y[: layer["size"]] / (1 + np.exp(-y[layer["size"] :]))
            elif layer["kind"] == "sigmoid":
                y = 1 / (1 + np.exp(-y))
            values[layer["output"]] = y
        assert at == len(self.weights)
        return values["image"].reshape(self.header["shape"])


def places(ref):
    """Places over the window, some near its edges, where few components are near."""
    window = densities.window((ref,))
    draws = np.random.default_rng(0).uniform(size=(12, 2))
    return np.array([window.left, window.bottom]) + draws * (window.right - window.left)


@pytest.mark.parametrize(("experiment", "prior"), MODELS)
def test_the_bytes_decode_as_the_model_does(shipped, experiment, prior):
    from app.services import decoder, loading

    ref = ref_of(experiment, prior)
    read = Unpacked.of(decoder.packed(ref).sent)
    assert read.header["weights"] == "float16"
    model = loading.loaded(ref).checkpoint.model
    for x, y in places(ref):
        place = images.decode_place(ref, float(x), float(y))
        z = read.lift((np.float32(x), np.float32(y)))
        np.testing.assert_allclose(z, place.z, rtol=1e-4, atol=1e-4)
        (image,) = next(decoded_means(model, (torch.tensor(place.z[None]),), torch.Generator()))
        np.testing.assert_allclose(read.decode(place.z.astype(np.float64)), image, atol=1e-5)


def test_only_the_locations_of_a_logistic_are_sent(shipped):
    from app.services import decoder

    ref = ref_of("frey-2d", "sg")
    read = Unpacked.of(decoder.packed(ref).sent)
    last = read.header["layers"][-1]
    assert last["size"] == math.prod(read.header["shape"]) == 560


def test_weights_that_halves_would_change_are_sent_whole(refs, monkeypatch):
    from app.services import decoder

    ref = refs["tiny-5d/vamp-weighted"]
    whole = Unpacked.of(decoder.packed(ref).sent)
    layers = decoder._layers(decoder.loaded(ref))
    changed = [dataclasses.replace(layers[0], bias=layers[0].bias + 1e-5), *layers[1:]]
    monkeypatch.setattr(decoder, "_layers", lambda model: changed)
    decoder.packed.clear()
    fine = Unpacked.of(decoder.packed(ref).sent)
    assert fine.header["weights"] == "float32"
    np.testing.assert_array_equal(fine.weights[: len(layers[0].weight.ravel())], layers[0].weight.ravel().numpy())
    z = np.linspace(-1, 1, 5)
    assert 0 < np.abs(fine.decode(z) - whole.decode(z)).max() < 1e-3


@pytest.mark.parametrize(
    ("architecture", "reason"), [("convhvae", "not made of dense layers"), ("pixelhvae", "one pixel after the other")]
)
def test_what_is_not_dense_is_refused_in_words(refs, monkeypatch, architecture, reason):
    from app.services import decoder
    from vampcore.config import Config, DataSpec
    from vampcore.models import build

    ref = refs["tiny-2d/sg"]
    model = decoder.loaded(ref)
    config = Config(
        data="digits", experiment="x", likelihood="binomial", model=architecture, latent_dim=2, hidden=8, layers=1
    )
    other = build(config, DataSpec((1, 8, 8), 16))
    changed = dataclasses.replace(model, checkpoint=dataclasses.replace(model.checkpoint, model=other))
    monkeypatch.setattr(decoder, "loaded", lambda asked: changed)
    decoder.packed.clear()
    assert reason in decoder.refusal(ref)
    assert decoder.packed(ref) is None


def test_too_many_weights_are_refused_in_words(refs, monkeypatch):
    from app.services import decoder

    assert decoder.refusal(refs["tiny-2d/sg"]) == ""
    monkeypatch.setattr(decoder, "MOST_WEIGHTS", 100)
    assert "million weights" in decoder.refusal(refs["tiny-2d/sg"])


def test_only_the_content_of_listed_checkpoints_is_found(refs):
    from app.services import decoder

    ref, other = refs["tiny-2d/sg"], refs["tiny-2d/mog"]
    made = decoder.packed(ref)
    assert content.find(decoder.packed, ref.sha256, made.digest) == made.sent
    assert content.find(decoder.packed, other.sha256, made.digest) is None
    assert content.find(decoder.packed, "0" * 64, made.digest) is None
    assert content.find(decoder.packed, ref.sha256, "") is None
    assert content.find(lambda asked: None, ref.sha256, made.digest) is None
    assert content.Content.of(b"1").digest == "6b86b273ff34fce1"
