"""A film as a browser gets it: its numbers are those of the checkpoint, and only listed checkpoints have one."""

import json

import numpy as np
import pytest
import torch

from app.services import catalogue, densities, prior_components
from app.services.latent_plane import encoding


@pytest.fixture
def film(models):
    from app.services import film

    return film


@pytest.fixture
def unfilmed(film, monkeypatch):
    """The films of checkpoints as if none had been kept."""
    import dataclasses

    loaded = film.loaded

    def without(ref):
        model = loaded(ref)
        return dataclasses.replace(model, checkpoint=dataclasses.replace(model.checkpoint, film=None))

    monkeypatch.setattr(film, "loaded", without)
    return film


def read(content: bytes) -> tuple[dict, bytes]:
    length = int.from_bytes(content[:4], "little")
    assert length % 4 == 0
    return json.loads(content[4 : 4 + length]), content[4 + length :]


def parts(content: bytes) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Head, components, bounds, labels and points."""
    head, rest = read(content)
    records, count, points = len(head["epochs"]), head["components"], head["points"]
    sizes = [24 * records * count, 12 * head["bounds"], 2 * points]
    ends = np.cumsum([0, *sizes])
    x, y, width = head["range"]
    steps = np.frombuffer(rest[ends[3] :], "<i2").reshape(-1, points, 2)
    return (
        head,
        np.frombuffer(rest[: ends[1]], "<f4").reshape(records, count, 6),
        np.frombuffer(rest[ends[1] : ends[2]], "<f4").reshape(-1, 3),
        np.frombuffer(rest[ends[2] : ends[3]], "<i2"),
        np.array([x, y]) + (steps + 32768.0) / 65535 * width,
    )


def test_without_a_film_the_points_rest_and_the_prior_moves_through_its_snapshots(models, unfilmed, refs):
    from vampcore import checkpoints

    checkpoint = checkpoints.load(models / "tiny-2d" / "vamp")
    head, components, bounds, labels, points = parts(unfilmed.packed(refs["tiny-2d/vamp"]).sent)
    assert (head["filmed"], head["moving"]) == (False, False)
    assert head["epochs"] == [each.epoch for each in checkpoint.snapshots] == [0, 1, 2, 3]
    mean, logvar = (
        torch.stack([getattr(each.mixture.components, name) for each in checkpoint.snapshots])
        for name in ("mean", "logvar")
    )
    np.testing.assert_allclose(components[..., :2], mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(components[..., [2, 4]], logvar.exp(), rtol=1e-5)
    np.testing.assert_allclose(components[..., 3], 0, atol=1e-6)
    np.testing.assert_allclose(components[..., 5].sum(1), 1, rtol=1e-5)
    expected = [(each.epoch, each.train_elbo, each.validation_elbo) for each in checkpoint.history]
    np.testing.assert_allclose(bounds, expected, rtol=1e-6)
    known = encoding.latents(refs["tiny-2d/vamp"])
    assert points.shape == (1, len(known.mean), 2)
    np.testing.assert_allclose(points[0], known.mean, atol=1.01 * head["range"][2] / 65535)
    np.testing.assert_array_equal(labels, known.labels)


def test_components_of_more_dimensions_are_their_marginals_on_the_plane(models, unfilmed, refs):
    from vampcore import checkpoints

    ref = refs["tiny-5d/vamp-weighted"]
    where, snapshots = encoding.plane(ref), checkpoints.load(models / ref.experiment / ref.prior).snapshots
    _, components, *_ = parts(unfilmed.packed(ref).sent)
    assert len(components) == len(snapshots)
    for found, snapshot in zip(components, snapshots, strict=True):
        normal = snapshot.mixture.components
        np.testing.assert_allclose(found[:, :2], (normal.mean.numpy() - where.origin) @ where.basis, atol=1e-4)
        full = np.einsum("dp,kd,dq->kpq", where.basis, normal.logvar.exp().numpy(), where.basis)
        np.testing.assert_allclose(found[:, [2, 3, 3, 4]].reshape(-1, 2, 2), full, rtol=1e-3, atol=1e-5)
    assert np.abs(components[-1, :, 3]).max() > 1e-4


def test_the_window_holds_the_prior_and_nearly_all_points(film, refs):
    known = film.film(refs["tiny-2d/mog"])
    inner = densities.window((refs["tiny-2d/mog"],))
    assert (known.window.left, known.window.bottom) <= (inner.left, inner.bottom)
    assert (known.window.right, known.window.top) >= (inner.right, inner.top)
    x, y = known.points[0].T
    inside = (x > known.window.left) & (x < known.window.right) & (y > known.window.bottom) & (y < known.window.top)
    assert inside.mean() > 0.95


def test_pictures_are_the_pseudo_inputs_of_each_snapshot(film, refs):
    ref = refs["tiny-2d/vamp"]
    head, rest = read(film.packed_pictures(ref).sent)
    pixels = np.frombuffer(rest, np.uint8).reshape(len(head["epochs"]), *head["shape"])
    grown = {each.epoch: each.pixels for each in prior_components.snapshots(ref)}
    best = catalogue.facts(ref).best_epoch
    for epoch, shown in zip(head["epochs"], pixels, strict=True):
        np.testing.assert_array_equal(shown, prior_components.pseudo_inputs(ref) if epoch == best else grown[epoch])
    assert film.packed_pictures(refs["tiny-2d/mog"]) is None


def test_only_listed_checkpoints_have_a_film_at_its_own_address(models, film, refs):
    from app import content as routes

    for ref in refs.values():
        made = film.packed(ref)
        assert routes._film(ref.sha256, made.digest) == made.sent
        for sha256, digest in ((ref.sha256, "0" * 16), ("0" * 64, made.digest), (str(models), made.digest)):
            assert routes._film(sha256, digest) is None
    vamp, mog = refs["tiny-2d/vamp"], refs["tiny-2d/mog"]
    shown = film.packed_pictures(vamp)
    assert routes._pictures(vamp.sha256, shown.digest) == shown.sent
    assert routes._film(vamp.sha256, shown.digest) is None
    assert routes._pictures(mog.sha256, film.packed(mog).digest) is None
