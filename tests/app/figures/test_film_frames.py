"""Frames of an animation show what the film says, and the file has as many as it says."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from app.figures import film_frames
from app.figures.theme import LIGHT, prior_colour, rgb
from app.records import Film, Window

SHARES = np.array([0.5, 0.8, 0.95, 0.99])


def film(**changes) -> Film:
    """Two records of one point and two components, of which the second comes with the second record."""
    records = {
        "epochs": np.array([0, 10], np.int32),
        "points": np.array([[[0.0, 0.0]], [[2.0, -1.0]]], np.float32),
        "labels": np.array([3], np.int16),
        "components": np.array(
            [[[0, 0, 1, 0, 1, 1], [0] * 6], [[1, 1, 3, 0.5, 1, 0.5], [4, 0, 1, 0, 2, 0.5]]], np.float32
        ),
        "bounds": np.array([[1, -200.0, -210.0], [10, -100.0, -110.0]], np.float32),
        "window": Window(-5, 5, -5, 5),
        "filmed": True,
    }
    return Film(**(records | changes))


def test_between_two_records_everything_is_between():
    points, components = film_frames.moment(film(), 2.5)
    np.testing.assert_allclose(points, [[0.5, -0.25]])
    np.testing.assert_allclose(components[0], [0.25, 0.25, 1.5, 0.125, 1, 0.875])
    # What was not there before stands where it comes to be.
    np.testing.assert_allclose(components[1], [4, 0, 1, 0, 2, 0.125])
    for epoch, record in ((-1, 0), (0, 0), (10, 1), (99, 1)):
        shown = film_frames.moment(film(), epoch)
        np.testing.assert_allclose(shown.points, film().points[record])
        np.testing.assert_allclose(shown.components[:, 5], film().components[record, :, 5])


def test_points_that_are_known_at_the_end_alone_rest():
    still = film(points=np.array([[[1.0, 2.0]]], np.float32))
    np.testing.assert_array_equal(film_frames.moment(still, 3).points, [[1.0, 2.0]])


def test_levels_of_a_normal_hold_their_mass():
    row = np.array([[0.5, -0.2, 1.0, 0.6, 0.8, 1.0]])
    _, levels = film_frames.density(row, Window(-4, 4, -4, 4))
    peak = -np.log(2 * np.pi) - np.log(0.8 - 0.36) / 2
    np.testing.assert_allclose(levels, peak + np.log(1 - SHARES), atol=0.12)
    _, outside = film_frames.density(row, Window(4, 6, 4, 6))
    assert (outside == -np.inf).all()


def test_a_component_narrower_than_a_cell_is_seen_wherever_it_lies():
    for place in (0.0, 0.03, 0.07, 0.11):
        row = np.array([[place, -place, 1e-6, 0, 1e-6, 1.0]])
        log_density, levels = film_frames.density(row, Window(-4, 4, -4, 4))
        assert np.isfinite(levels[:3]).all()
        assert (log_density > levels[2]).any()


def test_every_record_gets_the_same_time_and_the_film_ends_with_the_training():
    known = film(epochs=np.array([0, 10], np.int32), bounds=np.array([[40, -1.0, -2.0]], np.float32))
    epochs = film_frames.frame_epochs([known, film()], 5)
    np.testing.assert_allclose(epochs, [0, 5, 10, 25, 40])
    assert len(film_frames.frame_epochs([film()] * 3)) <= film_frames.MOST_FRAMES
    assert film_frames.frame_epochs([film(epochs=np.array([7]), bounds=np.zeros((0, 3)))]).tolist() == [7.0]


@pytest.mark.parametrize("filmed", [True, False])
def test_an_animation_has_its_frames_and_shows_its_priors(monkeypatch, filmed):
    monkeypatch.setattr(film_frames.frame_epochs, "__defaults__", (4,))
    shown = film() if filmed else film(components=np.zeros((2, 0, 6), np.float32))
    panels = [film_frames.Panel(shown, "sg", "Standard normal"), film_frames.Panel(shown, "vamp", "VampPrior")]
    reported: list[tuple[int, int]] = []
    content = film_frames.animation(panels, LIGHT, lambda done, count: reported.append((done, count)))
    assert reported == [(1, 4), (2, 4), (3, 4), (4, 4)]
    picture = Image.open(io.BytesIO(content))
    assert (picture.format, picture.n_frames, picture.is_animated) == ("WEBP", 4, True)
    drawn = []
    for number in range(4):
        picture.seek(number)
        picture.load()
        drawn.append(np.asarray(picture.convert("RGB")).astype(int))
    assert all(np.abs(after - before).max() > 100 for before, after in itertools.pairwise(drawn))
    middle = film_frames.SIDE // 2
    for panel, prior in enumerate(("sg", "vamp")):
        across = film_frames.GAP + panel * (film_frames.SIDE + film_frames.GAP) + middle
        np.testing.assert_allclose(drawn[0][film_frames.GAP + 1, across], rgb(prior_colour(prior)), atol=25)
