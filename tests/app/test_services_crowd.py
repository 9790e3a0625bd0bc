"""Counting, choosing and looking closer in large test sets, held against one point at a time."""

import numpy as np
import pytest

from tests.app.conftest import forget, use_root


@pytest.fixture
def tally():
    from app.services.crowd import tally

    return tally


@pytest.fixture
def cloud():
    generator = np.random.default_rng(0)
    return generator.normal(size=(5000, 2)).astype(np.float32), generator.integers(0, 700, 5000)


@pytest.fixture
def unit():
    from app.services import Window

    return Window(-1.0, 1.0, -2.0, 1.0)


def test_every_point_of_the_window_is_counted_once(tally, cloud, unit):
    points, kinds = cloud
    cells = tally(points, unit, 0.25, category=kinds)
    assert cells.count.shape == (12, 8)
    inside = (points[:, 0] >= -1) & (points[:, 0] < 1) & (points[:, 1] >= -2) & (points[:, 1] < 1)
    assert cells.total == inside.sum()
    in_cell = (points[:, 0] >= 0.25) & (points[:, 0] < 0.5) & (points[:, 1] >= -0.5) & (points[:, 1] < -0.25)
    assert cells.count[6, 5] == in_cell.sum()
    assert cells.size == (0.25, 0.25)


@pytest.mark.parametrize("many", [3, 700])
def test_the_leading_kind_is_the_most_frequent_and_the_lowest_of_equals(tally, cloud, unit, many):
    points, kinds = cloud[0], cloud[1] % many
    cells = tally(points, unit, 0.5, category=kinds)
    for row in range(6):
        for column in range(4):
            left, bottom = -1 + 0.5 * column, -2 + 0.5 * row
            here = (points[:, 0] >= left) & (points[:, 0] < left + 0.5)
            here &= (points[:, 1] >= bottom) & (points[:, 1] < bottom + 0.5)
            counts = np.bincount(kinds[here], minlength=many)
            assert cells.leading[row, column] == counts.argmax()
            assert cells.leading_count[row, column] == counts.max()


def test_a_value_is_averaged_over_each_cell(tally, cloud, unit):
    points, _ = cloud
    value = points[:, 0] * 3
    cells = tally(points, unit, 0.5, value=value)
    here = (points[:, 0] >= 0) & (points[:, 0] < 0.5) & (points[:, 1] >= 0) & (points[:, 1] < 0.5)
    assert cells.mean[4, 2] == pytest.approx(value[here].mean(), rel=1e-5)


def test_empty_cells_and_empty_windows_hold_nothing(tally, unit):
    cells = tally(np.full((3, 2), 9, np.float32), unit, 1.0, category=np.arange(3))
    assert cells.total == 0
    assert (cells.leading_count == 0).all()


# A square, a star that crosses itself, a C that a bounding box would fill, and one given clockwise.
OUTLINES = (
    ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)),
    ((0.0, 2.0), (1.2, -1.6), (-1.9, 0.6), (1.9, 0.6), (-1.2, -1.6)),
    ((-2.0, -2.0), (2.0, -2.0), (2.0, -1.0), (-1.0, -1.0), (-1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (-2.0, 2.0)),
    ((0.0, 0.0), (0.0, 1.5), (1.5, 0.0)),
)


@pytest.mark.parametrize("outline", OUTLINES)
def test_inside_is_what_crosses_the_outline_an_odd_number_of_times(cloud, outline):
    from app.services.outlines import inside

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
    from app.services.outlines import inside

    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    circle = tuple((float(np.cos(a)), float(np.sin(a))) for a in angle)
    distance = np.linalg.norm(cloud[0], axis=1)
    clear = np.abs(distance - 1) > 1e-4
    found = np.zeros(5000, bool)
    found[inside(cloud[0], circle)] = True
    np.testing.assert_array_equal(found[clear], (distance < 1)[clear])


def test_two_corners_hold_nothing(cloud):
    from app.services.outlines import inside

    assert len(inside(cloud[0], ((0.0, 0.0), (1.0, 1.0)))) == 0


@pytest.fixture
def crowd(tmp_path, monkeypatch):
    """A checkpoint of 30,000 test images: more than are drawn one by one."""
    from app import services
    from tools.synthetic import untrained

    untrained(tmp_path / "large" / "mog", images=30_000)
    use_root(tmp_path, monkeypatch)
    yield services.experiments()[0].refs[0]
    forget()


def test_chunks_change_nothing(crowd, monkeypatch):
    """Also in parts of a few rows, points, components and axes are those of one go."""
    from app import services
    from app.services import latent_space

    assigned, sample = services.components_of_images(crowd), services.latents(crowd).sample
    covariance = latent_space._covariance(sample, sample.mean(0, dtype=np.float64))
    np.testing.assert_allclose(covariance, np.cov(sample, rowvar=False), rtol=1e-5)
    monkeypatch.setattr(latent_space, "NUMBERS_AT_ONCE", 1000)
    latent_space.components_of_images.clear()
    again = services.components_of_images(crowd)
    np.testing.assert_array_equal(again.component, assigned.component)
    np.testing.assert_allclose(
        latent_space._covariance(sample, sample.mean(0, dtype=np.float64)), covariance, rtol=1e-9
    )
    latent_space.latents.clear()
    known = services.latents(crowd)
    noise = (known.sample - known.mean) / known.scale
    assert abs(float(noise.mean())) < 0.01
    assert float(noise.std()) == pytest.approx(1, abs=0.01)


def test_the_whole_plane_holds_all_points_and_a_view_a_rim_about_it(crowd):
    from app import services

    whole = services.drawn_window(crowd, None)
    assert len(services.rows_in(crowd, whole)) == 30_000
    assert services.drawn_window(crowd, services.Window(0.0, 1.0, 2.0, 4.0)) == services.Window(-0.5, 1.5, 1.0, 5.0)


def test_a_window_of_rows_holds_them(crowd):
    from app import services

    rows = np.array([5, 77, 901])
    part = services.window_of(crowd, rows)
    assert set(rows) <= set(services.rows_in(crowd, part))
    alone = services.window_of(crowd, rows[:1])
    assert rows[0] in services.rows_in(crowd, alone)


def test_the_nearest_of_many_are_those_of_a_full_sort(crowd):
    from app import services

    distance = np.linalg.norm(services.points(crowd) - np.array([0.2, 0.1]), axis=1)
    rows, found = services.nearest_on_plane(crowd, (0.2, 0.1), 25)
    np.testing.assert_array_equal(rows, np.argsort(distance, kind="stable")[:25])
    np.testing.assert_array_equal(found, distance[rows])
    assert len(services.nearest_on_plane(crowd, (0.2, 0.1), 40_000)[0]) == 30_000
    np.testing.assert_array_equal(services.within(crowd, (0.2, 0.1), 0.5), np.flatnonzero(distance <= 0.5))


def test_outlines_add_up_and_share_no_image_twice(crowd):
    from app import services

    square = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
    beside = ((0.0, -1.0), (2.0, -1.0), (2.0, 1.0), (0.0, 1.0))
    points = services.points(crowd)
    expected = (np.abs(points[:, 1]) < 1) & (points[:, 0] > -1) & (points[:, 0] < 2)
    np.testing.assert_array_equal(services.rows_inside(crowd, (square, beside)), np.flatnonzero(expected))
    assert len(services.rows_inside(crowd, ())) == 0
