import numpy as np
import pytest

from app.figures.class_labels import MOST_IN_LEGEND, add_legend, box_of, class_labels, densest, moved_apart, placed
from app.figures.density import LABEL_HEIGHT, LABEL_WIDTH, Box
from app.figures.plane import ABOVE, BELOW, plane
from app.figures.points import ByClass, marker_of
from app.figures.theme import CLASS_COLOURS, LIGHT, class_colour
from app.records import Window

NAMES = ("zero", "one", "two")


def test_class_names_lie_near_the_middle_of_round_clouds(clouds):
    points, labels = clouds
    names = class_labels(points, ByClass(labels, NAMES), LIGHT)
    assert [name["text"] for name in names] == ["zero", "two"]
    cloud = points[labels == 0]
    away = np.hypot(*(np.array([names[0]["x"], names[0]["y"]]) - np.median(cloud, axis=0)))
    assert away < 0.5 * cloud.std()
    assert names[1]["bordercolor"] == CLASS_COLOURS[2]


def test_the_name_of_a_class_in_two_clouds_lies_in_the_larger_and_not_between():
    generator = np.random.default_rng(0)
    cloud = np.concatenate([generator.normal((-5, 0), 0.5, (300, 2)), generator.normal((5, 0), 0.5, (200, 2))])
    assert np.hypot(*np.subtract(densest(cloud), (-5, 0))) < 0.5
    assert densest(np.array([[1.0, 2.0]])) == pytest.approx((1.0, 2.0))


def test_no_contour_is_labelled_under_a_class(normal):
    """Names at the places where the lines would be labelled first, and pushed apart by others there."""
    tops = [(0.0, radius) for radius in np.sqrt(-2 * np.log1p(-np.array([0.5, 0.8, 0.95, 0.99])))]
    points = np.array([*tops, (0.0, 1.3), (0.0, 1.3)])
    colouring = ByClass(np.arange(6), tuple("abcdef"))
    window = Window(-4.0, 4.0, -4.0, 4.0)
    drawn = plane(LIGHT, window, alt="", points=points, colouring=colouring, prior_density=normal, rasterised=True)
    words = drawn.layout["annotations"]
    scale = (600 - ABOVE - BELOW) / 8
    framed = [box_of(each, scale) for each in words if not each["text"].endswith("%")]
    levels = [each for each in words if each["text"].endswith("%")]
    assert len(framed) == 6
    assert len(levels) == 4
    corner = {"left": 0.0, "center": 0.5, "right": 1.0, "bottom": 0.0, "middle": 0.5, "top": 1.0}
    for each in levels:
        left = each["x"] - corner[each["xanchor"]] * LABEL_WIDTH / scale
        bottom = each["y"] - corner[each["yanchor"]] * LABEL_HEIGHT / scale
        level = Box(left, left + LABEL_WIDTH / scale, bottom, bottom + LABEL_HEIGHT / scale)
        assert not any(level.covers(other) for other in framed)


def boxes(labels, scale):
    """Left, right, bottom and top of each framed word in pixels."""
    found = []
    for each in labels:
        x, y = scale * each["x"] + each["xshift"], scale * each["y"] + each["yshift"]
        half = (8 * len(each["text"]) + 12) / 2
        found.append((x - half, x + half, y - 12, y + 12))
    return found


def test_class_names_that_would_hide_each_other_are_moved_apart_and_others_stay():
    places = np.array([[0.0, 0.0], [0.0, 0.0], [0.1, 0.0], [0.0, 0.05], [5.0, 5.0]])
    labels = class_labels(places, ByClass(np.arange(5), tuple("abcde")), LIGHT)
    moved = moved_apart(labels, scale=50.0)
    drawn = boxes(moved, 50.0)
    for i, one in enumerate(drawn):
        for other in drawn[:i]:
            # Rounded to whole pixels.
            apart_x = max(one[0] - other[1], other[0] - one[1])
            apart_y = max(one[2] - other[3], other[2] - one[3])
            assert max(apart_x, apart_y) >= -1.5
    assert (moved[4]["xshift"], moved[4]["yshift"]) == (0, 0)
    assert all(abs(each["xshift"]) < 80 and abs(each["yshift"]) < 80 for each in moved)
    assert [(each["x"], each["y"]) for each in moved] == [tuple(each) for each in places]
    assert moved_apart([], scale=50.0) == []


MANY = tuple(f"kind {index}" for index in range(47))


@pytest.fixture
def window():
    return Window(-4.0, 4.0, -4.0, 4.0)


@pytest.fixture
def many():
    """500 points of 47 classes in one cloud, so that most names would hide each other."""
    generator = np.random.default_rng(0)
    labels = np.sort(generator.integers(0, 47, 500))
    return generator.normal(size=(500, 2)), ByClass(labels, MANY)


def test_of_more_than_ten_classes_names_give_way_and_the_largest_class_keeps_its_own(many):
    points, colouring = many
    names = class_labels(points, colouring, LIGHT)
    shown = placed(names, scale=80.0)
    assert 0 < len(shown) < len(names) == 47
    largest = np.bincount(colouring.labels).argmax()
    assert shown[0]["text"] == MANY[largest]
    drawn = boxes([{"xshift": 0, "yshift": 0} | each for each in shown], 80.0)
    for i, one in enumerate(drawn):
        for other in drawn[:i]:
            apart = max(one[0] - other[1], other[0] - one[1], one[2] - other[3], other[2] - one[3])
            assert apart >= 0


def test_classes_beyond_ten_differ_in_colour_and_symbol(many):
    _, colouring = many
    marker = marker_of(colouring, 500, LIGHT)
    kinds = {(class_colour(label), int(marker["symbol"][at])) for at, label in enumerate(colouring.labels)}
    assert len(kinds) == len(np.unique(colouring.labels)) == 47
    assert len(np.unique(marker["symbol"])) == 5
    few = ByClass(colouring.labels % 10, tuple("0123456789"))
    assert "symbol" not in marker_of(few, 500, LIGHT)


def test_the_legend_names_every_class_and_the_plane_keeps_its_size(many, window):
    points, colouring = many
    figure = plane(LIGHT, window, alt="a", points=points, colouring=colouring, height=400)
    before = figure.layout["height"] - figure.layout["margin"]["b"]
    assert add_legend(figure, MANY, range(47), 640)
    entries = [trace for trace in figure.data if trace.get("showlegend")]
    assert [entry["name"] for entry in entries] == list(MANY)
    assert [entry["marker"]["color"] for entry in entries] == [class_colour(index) for index in range(47)]
    assert figure.layout["height"] - figure.layout["margin"]["b"] == before
    assert figure.layout["height"] > 400
    figure.checked()


def test_more_classes_than_a_legend_can_hold_have_none(window):
    names = tuple(f"{index}" for index in range(MOST_IN_LEGEND + 1))
    figure = plane(LIGHT, window, alt="a", height=400)
    assert not add_legend(figure, names, range(len(names)), 640)
    assert not [trace for trace in figure.data if trace.get("showlegend")]
    assert figure.layout["height"] == 400
    assert add_legend(figure, names, (3, 100), 640)
