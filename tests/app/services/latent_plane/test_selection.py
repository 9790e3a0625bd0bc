"""What lies inside an outline or near a point, held against one point at a time."""

import numpy as np
import pytest

from app.services.latent_plane import encoding, selection

# A square, a star that crosses itself, a C that a bounding box would fill, and one given clockwise.
OUTLINES = (
    ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)),
    ((0.0, 2.0), (1.2, -1.6), (-1.9, 0.6), (1.9, 0.6), (-1.2, -1.6)),
    ((-2.0, -2.0), (2.0, -2.0), (2.0, -1.0), (-1.0, -1.0), (-1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (-2.0, 2.0)),
    ((0.0, 0.0), (0.0, 1.5), (1.5, 0.0)),
)


@pytest.mark.parametrize("outline", OUTLINES)
def test_inside_is_what_crosses_the_outline_an_odd_number_of_times(cloud, outline):
    from app.services.latent_plane.selection import inside

    points = cloud[0][:800]

    def crossings(x: float, y: float) -> int:
        total = 0
        for (x0, y0), (x1, y1) in zip(outline, (*outline[1:], outline[0]), strict=True):
            if (y0 <= y) != (y1 <= y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                total += 1
        return total

    expected = [row for row, (x, y) in enumerate(points.astype(np.float64)) if crossings(x, y) % 2]
    assert inside(points, outline).tolist() == expected
    assert inside(points, outline[::-1]).tolist() == expected
    assert 0 < len(expected) < 800


def test_a_fine_circle_holds_what_lies_within_its_radius(cloud):
    from app.services.latent_plane.selection import inside

    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    circle = tuple((float(np.cos(a)), float(np.sin(a))) for a in angle)
    distance = np.linalg.norm(cloud[0], axis=1)
    clear = np.abs(distance - 1) > 1e-4
    found = np.zeros(5000, bool)
    found[inside(cloud[0], circle)] = True
    np.testing.assert_array_equal(found[clear], (distance < 1)[clear])


def test_two_corners_hold_nothing(cloud):
    from app.services.latent_plane.selection import inside

    assert len(inside(cloud[0], ((0.0, 0.0), (1.0, 1.0)))) == 0


def test_the_nearest_of_many_are_those_of_a_full_sort(large):
    distance = np.linalg.norm(encoding.points(large) - np.array([0.2, 0.1]), axis=1)
    rows, found = selection.nearest_on_plane(large, (0.2, 0.1), 25)
    np.testing.assert_array_equal(rows, np.argsort(distance, kind="stable")[:25])
    np.testing.assert_array_equal(found, distance[rows])
    assert len(selection.nearest_on_plane(large, (0.2, 0.1), 40_000)[0]) == 30_000
    np.testing.assert_array_equal(selection.within(large, (0.2, 0.1), 0.5), np.flatnonzero(distance <= 0.5))


def test_outlines_add_up_and_share_no_image_twice(large):
    square = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
    beside = ((0.0, -1.0), (2.0, -1.0), (2.0, 1.0), (0.0, 1.0))
    points = encoding.points(large)
    expected = (np.abs(points[:, 1]) < 1) & (points[:, 0] > -1) & (points[:, 0] < 2)
    np.testing.assert_array_equal(selection.rows_inside(large, (square, beside)), np.flatnonzero(expected))
    assert len(selection.rows_inside(large, ())) == 0


def test_the_nearest_and_those_within_a_radius_share_their_distances(large, monkeypatch):
    from app.services.latent_plane import selection

    points, asked = encoding.points(large), []
    monkeypatch.setattr(selection, "points", lambda ref, means: asked.append(means) or points)
    rows, distances = selection.nearest_on_plane(large, (0.2, 0.1), 5)
    within = selection.within(large, (0.2, 0.1), float(distances[-1]))
    assert asked == [False]
    np.testing.assert_array_equal(np.sort(rows), within)
