import pytest

from app.figures.drawing import Drawing
from app.figures.scale_bar import add_scale_bar, bar_length
from app.figures.theme import LIGHT
from app.records import Window


def square(side: float) -> Window:
    return Window(-side / 2, side / 2, -side / 2, side / 2)


@pytest.mark.parametrize(
    ("sides", "length"), [((8, 25), 2), ((8.1, 8), None), ((0.5, 3), 0.1), ((40, 400), 10), ((4, 9), 1), ((7,), None)]
)
def test_the_bar_is_round_and_fits_the_smallest_map(sides, length):
    found = bar_length([square(side) for side in sides])
    assert found == (None if length is None else pytest.approx(length))


def test_the_bar_has_its_length_in_the_units_of_the_plane():
    figure = Drawing()
    add_scale_bar(figure, LIGHT, square(20), 2)
    (shape,) = figure.checked().layout.shapes
    assert shape.x1 - shape.x0 == pytest.approx(2)
    assert shape.y0 == shape.y1
    assert (shape.xref, shape.yref) == ("x", "y")
    assert figure.checked().layout.annotations[0].text == "2 units"
