"""An edited prior: its components and weights, its contours and samples, and what it does to log p(x)."""

import numpy as np
import pytest
import torch

from app.services import densities, edit_prior, edited, edits, own_image, prior_components
from app.services.edits import Step
from app.services.loading import ServiceError, loaded
from tests.app.reading import ref_of


@pytest.fixture
def vamp(models):
    return ref_of("tiny-2d", "vamp")


@pytest.fixture
def mog(models):
    return ref_of("tiny-2d", "mog")


def test_steps_change_weights_as_they_say(mog):
    start = edited.edited(mog, ())
    weights = loaded(mog).mixture.log_weights.exp().numpy()
    np.testing.assert_allclose(start.weights, weights, rtol=1e-5)
    removed = edited.edited(mog, (edits.remove([0, 2]),))
    np.testing.assert_allclose(removed.weights[[0, 2]], 0)
    np.testing.assert_allclose(removed.weights[[1, 3]], weights[[1, 3]] / weights[[1, 3, 4, 5]].sum(), rtol=1e-5)
    set_one = edited.edited(mog, (Step("weight", (1,), weight=0.4),))
    assert set_one.weights[1] == pytest.approx(0.4)
    assert set_one.weights[3] / set_one.weights[4] == pytest.approx(weights[3] / weights[4], rel=1e-4)
    twin = edited.edited(mog, (edits.copy([5]), edits.copy([6])))
    assert twin.names[6:] == ("copy of 5", "copy of 5")
    assert twin.origins[6:] == (5, 5)
    np.testing.assert_allclose(twin.weights[5:], weights[5] / (1 + 2 * weights[5]), rtol=1e-5)
    np.testing.assert_array_equal(twin.mean[7], start.mean[5])
    first, second, third, *_ = prior_components.order(mog, "usage").tolist()
    keep = Step("keep", number=2)
    assert set(edited.edited(mog, (keep,)).living) == {first, second}
    assert set(edited.edited(mog, (edits.remove([first]), keep)).living) == {second, third}
    added = (edits.copy([first]), Step("image", number=7, weight=0.1))
    assert set(edited.edited(mog, (*added, keep)).living) == {first, 6, 7}


def test_what_cannot_be_done_is_said(mog):
    for steps, words in (
        ((edits.remove(range(6)),), "last component"),
        ((edits.remove([6]),), "not there"),
        ((edits.remove([1]), edits.copy([1])), "not there"),
        ((Step("image", number=999, weight=0.1),), "no test image 999"),
        ((Step("drawn", image=bytes(10), weight=0.1),), "another size"),
        ((Step("drawn", image=bytes([99] * 64), weight=0.1),), "other grey values"),
    ):
        with pytest.raises(ServiceError, match=words):
            edited.edited(mog, steps)


def test_a_component_at_an_image_is_its_posterior(vamp):
    after = edited.edited(vamp, (Step("image", number=7, weight=0.1),))
    assert after.names[-1] == "test image 7"
    assert after.weights[-1] == pytest.approx(0.1)
    np.testing.assert_allclose(after.mean[-1], loaded(vamp).posterior.mean[7].numpy(), atol=0.01)
    # The same image as one that is drawn.
    levels = np.rint(after.images[-1] * 16).astype(np.uint8)
    drawn = edited.edited(vamp, (Step("drawn", image=own_image.packed(levels, 16), weight=0.1),))
    np.testing.assert_array_equal(drawn.mean[-1], after.mean[-1])
    uploaded = edited.edited(vamp, (Step("uploaded", image=own_image.packed(levels, 16), weight=0.1),))
    assert (drawn.names[-1], uploaded.names[-1]) == ("drawing", "uploaded image")
    np.testing.assert_array_equal(uploaded.mean[-1], after.mean[-1])
    bits = (levels > 8).astype(np.uint8)
    np.testing.assert_array_equal(own_image.unpacked(own_image.packed(bits, 1), (1, 8, 8), 1), bits)


def test_contours_are_those_of_the_edited_mixture(vamp):
    window = densities.window((vamp,))
    steps = (edits.remove([0]), Step("image", number=3, weight=0.2))
    found = edit_prior.density(vamp, steps, window)
    x, y = torch.from_numpy(found.x[[20, 70]]), torch.from_numpy(found.y[[30, 60]])
    known = edited.edited(vamp, steps).mixture.log_prob(torch.stack([x, y], 1)).numpy()
    np.testing.assert_allclose(found.log_density[[30, 60], [20, 70]], known, atol=1e-3)
    np.testing.assert_allclose(
        edit_prior.density(vamp, (), window).levels, densities.prior_density(vamp, window).levels, atol=0.15
    )


def test_samples_change_only_where_their_component_does(mog):
    weights = edited.edited(mog, ()).weights
    least = int(weights.argmin())
    found = edit_prior.samples(mog, (edits.remove([least]),), 400, 0)
    same = np.setdiff1d(np.arange(400), found.changed)
    np.testing.assert_array_equal(found.before[same], found.after[same])
    error = np.sqrt(weights[least] * (1 - weights[least]) / 400)
    assert abs(len(found.changed) / 400 - weights[least]) < 4 * error
    # An added component takes its share from all others, and leaves the rest.
    added = edit_prior.samples(mog, (Step("image", number=3, weight=0.1),), 400, 0)
    assert abs(len(added.changed) / 400 - 0.1) < 4 * np.sqrt(0.09 / 400)


def test_worth_and_change_are_of_different_images_and_agree(vamp):
    worth = edit_prior.worth(vamp, ())
    assert worth.components.tolist() == list(range(6))
    assert worth.images == 150
    best = int(worth.worth.argmax())
    change = edit_prior.change(vamp, (edits.remove([best]),))
    assert change.images == 150
    assert change.metric is not None
    assert change.metric.value < 0
    error = np.hypot(change.metric.se, worth.se[best])
    assert abs(change.metric.value + worth.worth[best]) < 5 * error
    assert edit_prior.change(vamp, ()).metric.value == pytest.approx(0, abs=1e-6)


def test_learned_weights_raise_the_likelihood_of_other_images(vamp):
    uneven = (Step("weight", (0,), weight=0.95),)
    before, after = (edit_prior.change(vamp, steps) for steps in (uneven, (*uneven, Step("learn"))))
    assert after.metric.value > before.metric.value + 0.1
