import numpy as np
import pytest

from app.figures.class_labels import class_labels, moved_apart
from app.figures.points import ByClass
from app.figures.theme import CLASS_COLOURS, LIGHT

NAMES = ("zero", "one", "two")


def test_class_names_lie_at_the_medians(clouds):
    points, labels = clouds
    names = class_labels(points, ByClass(labels, NAMES), LIGHT)
    assert [name["text"] for name in names] == ["zero", "two"]
    assert (names[0]["x"], names[0]["y"]) == pytest.approx(tuple(np.median(points[labels == 0], axis=0)))
    assert names[1]["bordercolor"] == CLASS_COLOURS[2]


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
