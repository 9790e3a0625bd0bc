import numpy as np
import pytest

from app.figures.points import (
    ByClass,
    ByComponent,
    ByValue,
    narrow,
    point_colours,
    raster,
    scatter,
)
from app.figures.theme import CLASS_COLOURS, LIGHT, rgb
from app.records import Window

NAMES = ("zero", "one", "two")


def test_points_travel_as_float32_and_labels_as_uint8(clouds):
    points, labels = clouds
    trace = scatter(points, ByClass(labels, NAMES), LIGHT)
    assert trace["type"] == "scattergl"
    assert trace["x"].dtype == np.float32
    assert trace["marker"]["color"].dtype == np.uint8
    assert np.array_equal(trace["x"], points[:, 0].astype(np.float32))
    assert np.array_equal(trace["marker"]["color"], labels)
    assert trace["unselected"]["marker"]["opacity"] > 0


def test_class_scale_gives_each_class_its_colour(clouds):
    points, labels = clouds
    marker = scatter(points, ByClass(labels, NAMES), LIGHT)["marker"]
    for index in (0, 1, 2):
        at = (index - marker["cmin"]) / (marker["cmax"] - marker["cmin"])
        colour = next(
            colour
            for (low, colour), (high, _) in zip(marker["colorscale"][::2], marker["colorscale"][1::2], strict=True)
            if low <= at <= high
        )
        assert colour == CLASS_COLOURS[index]


def test_components_take_the_ten_colours_in_turn(clouds):
    points, _ = clouds
    component = np.arange(200) * 3
    trace = scatter(points, ByComponent(component), LIGHT)
    assert np.array_equal(trace["marker"]["color"], component % 10)
    assert np.array_equal(trace["customdata"], np.stack([np.arange(200), component], 1))
    assert trace["customdata"].dtype == np.uint16
    assert "component %{customdata[1]}" in trace["hovertemplate"]


def test_hovering_names_the_image_also_where_points_are_shuffled(clouds):
    points, labels = clouds
    rows = np.random.default_rng(0).permutation(200)
    for colouring in (
        None,
        ByClass(labels[rows], NAMES),
        ByComponent(rows),
        ByValue(rows.astype(float), "ELBO (nats)"),
    ):
        trace = scatter(points[rows], colouring, LIGHT, rows)
        assert trace["hovertemplate"].startswith("image %{customdata[0]}")
        assert np.array_equal(trace["customdata"][:, 0], rows)


def test_values_have_a_colour_bar_that_names_them(clouds):
    points, _ = clouds
    trace = scatter(points, ByValue(np.linspace(-120, -80, 200), "ELBO (nats)"), LIGHT)
    assert trace["marker"]["colorbar"]["title"]["text"] == "ELBO (nats)"
    assert trace["marker"]["color"].dtype == np.float32
    assert trace["marker"]["cmin"] == pytest.approx(-119.2)
    assert trace["marker"]["cmax"] == pytest.approx(-80.8)


def test_narrow_refuses_what_is_no_index():
    with pytest.raises(ValueError, match="counted from 0"):
        narrow(np.array([-1, 2]))


def test_raster_colours_the_pixel_under_each_point(clouds):
    points, labels = clouds
    window = Window(-3, 3, -2, 2)
    picture = raster(points, ByClass(labels, NAMES), LIGHT, window, size=600, radius=2)
    assert picture.shape == (400, 600, 4)
    column = np.floor((points[:, 0] + 3) * 100).astype(int)
    row = np.floor((2 - points[:, 1]) * 100).astype(int)
    assert (picture[row, column, 3] > 0).all()
    # The last point drawn at a place is the one seen there.
    assert tuple(picture[row[-1], column[-1], :3]) == rgb(CLASS_COLOURS[2])
    far = picture[:, (np.arange(600) > 560)]
    assert (far[..., 3] == 0).all()


def test_a_few_points_are_drawn_larger_than_many():
    alone = raster(np.zeros((1, 2)), None, LIGHT, Window(-1, 1, -1, 1))[..., 3] > 0
    many = raster(np.zeros((5000, 2)), None, LIGHT, Window(-1, 1, -1, 1))[..., 3] > 0
    across = [int(drawn.any(0).sum()) for drawn in (alone, many)]
    assert across == [13, 9]


def test_raster_leaves_out_points_beyond_the_window():
    picture = raster(np.array([[9.0, 9.0], [-9.0, 0.0]]), None, LIGHT, Window(-1, 1, -1, 1), size=50)
    assert (picture[..., 3] == 0).all()


def test_raster_and_trace_have_the_same_colours():
    colours = point_colours(ByComponent(np.array([0, 12, 9])), 3, LIGHT)
    assert [tuple(colour) for colour in colours] == [rgb(CLASS_COLOURS[i]) for i in (0, 2, 9)]
    ends = point_colours(ByValue(np.array([0.0] * 50 + [1.0] * 50), "x"), 100, LIGHT)
    assert not np.array_equal(ends[0], ends[-1])


def test_raster_counts_discs_that_reach_in_from_outside():
    """A point just beyond the edge shows the part of its disc that lies inside, on its own side only."""
    picture = raster(np.array([[-1.05, 0.0]]), None, LIGHT, Window(-1, 1, -1, 1), size=100, radius=4)
    drawn = picture[..., 3] > 0
    assert drawn.any()
    assert not drawn[:, 3:].any()


def test_raster_is_denser_where_points_lie_on_each_other():
    picture = raster(np.zeros((3, 2)), None, LIGHT, Window(-1, 1, -1, 1), size=11, radius=0)
    assert picture[5, 5, 3] == round(255 * (1 - 0.4**3))


def test_values_of_a_part_keep_the_colours_of_the_whole():
    part = ByValue(np.array([0.0, 1.0]), "x", limits=(-10.0, 10.0))
    assert part.ends == (-10, 10)
    marker = scatter(np.zeros((2, 2)), part, LIGHT)["marker"]
    assert (marker["cmin"], marker["cmax"]) == (-10, 10)
    assert not np.array_equal(point_colours(part, 2, LIGHT), point_colours(ByValue(part.value, "x"), 2, LIGHT))
