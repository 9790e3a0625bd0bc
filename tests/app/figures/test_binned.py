import numpy as np
import pytest

from app.figures.binned import (
    STEPPED_BACK,
    BinCounts,
    add_counts,
    anchor,
    hover_grid,
    outline_trace,
    picture,
    step_back,
)
from app.figures.plane import plane
from app.figures.points import ByClass, ByComponent, ByValue
from app.figures.theme import CLASS_COLOURS, DARK, LIGHT, rgb
from app.records import Window

WINDOW = Window(0, 3, 0, 2)
COUNT = np.array([[0, 1, 100], [10, 0, 1000]])
LEADING = np.array([[0, 2, 1], [1, 0, 2]])
NAMES = ("zero", "one", "two")


@pytest.fixture
def counts():
    return BinCounts(WINDOW, COUNT, ByClass(LEADING.ravel(), NAMES), np.array([[0, 1, 75], [10, 0, 400]]))


def test_cells_have_the_colour_of_their_leader_and_no_image_is_lost_from_sight(counts):
    drawn = picture(counts, LIGHT, most=1000)[::-1]
    assert tuple(drawn[0, 1, :3]) == rgb(CLASS_COLOURS[2])
    assert tuple(drawn[1, 0, :3]) == rgb(CLASS_COLOURS[1])
    opacity = drawn[..., 3].astype(int)
    assert opacity[1, 2] == 255
    assert opacity[0, 0] == opacity[1, 1] == 0
    assert opacity[0, 1] > 50
    # Equal ratios of counts are equal steps: 1, 10, 100, 1000.
    np.testing.assert_allclose(np.diff([opacity[0, 1], opacity[1, 0], opacity[0, 2], opacity[1, 2]]), 66.3, atol=1)


def test_hovering_tells_the_count_and_the_leaders_share(counts):
    grid = hover_grid(counts, Window(1, 3, 0, 2))
    np.testing.assert_array_equal(grid["z"], COUNT[:, 1:])
    np.testing.assert_array_equal(grid["x"], [1.5, 2.5])
    np.testing.assert_array_equal(grid["customdata"][..., 1], [[100, 75], [0, 40]])
    assert "class %{customdata[0]}: %{customdata[1]} %" in grid["hovertemplate"]
    by_value = BinCounts(WINDOW, COUNT, ByValue(np.arange(6.0), "ELBO (nats)", (0.0, 5.0)), np.zeros_like(COUNT))
    assert "ELBO (nats) %{customdata:.1f} on average" in hover_grid(by_value, WINDOW)["hovertemplate"]


def test_selected_cells_stay_strong_and_the_rest_fades(counts, monkeypatch):
    drawn = []
    monkeypatch.setattr("app.figures.binned.add_picture", lambda figure, image, *place: drawn.append(image))
    chosen = BinCounts(WINDOW, np.array([[0, 0, 100], [0, 0, 0]]), counts.colouring, counts.leading_count)
    add_counts(plane(LIGHT, WINDOW, alt="x"), counts, LIGHT, WINDOW, chosen)
    add_counts(plane(LIGHT, WINDOW, alt="x"), counts, LIGHT, WINDOW)
    (with_choice, alone) = (image[::-1, :, 3].astype(int) for image in drawn)
    assert with_choice[0, 2] == alone[0, 2]
    assert with_choice[1, 2] == pytest.approx(STEPPED_BACK * alone[1, 2], abs=1)


@pytest.mark.parametrize("mode", [LIGHT, DARK])
@pytest.mark.parametrize(
    "colouring",
    [
        ByClass(LEADING.ravel(), NAMES),
        ByComponent(LEADING.ravel() * 300),
        ByValue(np.arange(6.0), "ELBO (nats)", (0.0, 5.0)),
    ],
)
def test_plotly_knows_every_property(mode, colouring):
    figure = plane(mode, WINDOW, alt="x", prior="vamp")
    add_counts(figure, BinCounts(WINDOW, COUNT, colouring, COUNT), mode, WINDOW)
    figure.add(outline_trace((((0, 0), (1, 0), (1, 1)), ((2, 2), (3, 2), (3, 3), (2, 3))), webgl=True))
    step_back(figure)
    checked = figure.checked()
    assert checked.layout.images[0].opacity == STEPPED_BACK
    assert len(checked.data) == 3


def test_an_outline_is_closed_and_apart_from_the_next():
    line = outline_trace((((0, 0), (1, 0), (1, 1)), ((2, 2), (3, 2), (3, 3))), webgl=False)
    np.testing.assert_array_equal(line["x"], np.array([0, 1, 1, 0, np.nan, 2, 3, 3, 2, np.nan], np.float32))


def test_the_anchor_carries_the_colour_bar_of_a_value():
    bar = anchor(ByValue(np.arange(3.0), "ELBO (nats)", (-5.0, 5.0)), LIGHT)["marker"]
    assert (bar["cmin"], bar["cmax"], bar["colorbar"]["title"]["text"]) == (-5, 5, "ELBO (nats)")
    assert "colorbar" not in anchor(ByClass(LEADING.ravel(), NAMES), LIGHT)["marker"]
