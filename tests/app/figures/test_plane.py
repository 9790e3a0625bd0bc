import json

import numpy as np
import pytest

from app.figures.plane import (
    DEVIATIONS,
    Components,
    centre_trace,
    ellipse,
    ellipse_traces,
    plane,
    strength,
    widths,
)
from app.figures.points import ByClass
from app.figures.theme import COMPARED, DARK, LIGHT
from app.records import Window

WINDOW = Window(-3, 3, -2, 2)
NAMES = ("zero", "one", "two")


def components(**changes) -> Components:
    return Components(
        **{
            "means": np.array([[0.0, 0.0], [1.0, -1.0]]),
            "covariances": np.array([np.eye(2), [[4.0, 1.5], [1.5, 1.0]]]),
            "weights": np.array([0.8, 0.2]),
            **changes,
        }
    )


def test_ellipse_lies_at_two_standard_deviations():
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    away = ellipse(np.array([1.0, -1.0]), covariance) - [1, -1]
    distance = np.sqrt(np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away))
    assert distance == pytest.approx(np.full(len(away), DEVIATIONS))
    assert away[0] == pytest.approx(away[-1])


def test_a_flat_component_is_a_line_and_no_error():
    curve = ellipse(np.zeros(2), np.array([[1.0, 1.0], [1.0, 1.0]]))
    assert np.isfinite(curve).all()
    assert curve[:, 0] == pytest.approx(curve[:, 1], abs=1e-6)


def test_width_grows_with_weight():
    assert widths(np.array([0.05, 0.3, 0.6, 1.0])).tolist() == [0.8, 1.4, 2.0, 2.6]


def test_many_lines_over_one_another_are_fainter_and_thinner_but_seen():
    assert strength(1) == strength(50) == 1
    assert strength(50) > strength(200) > strength(500) > strength(5_000) == pytest.approx(0.1)

    def drawn(count: int) -> tuple[str, float, int]:
        present = np.r_[np.ones(count), np.zeros(3)] / count
        many = Components(np.zeros((count + 3, 2)), np.tile(np.eye(2), (count + 3, 1, 1)), present)
        (lines,) = ellipse_traces(many, LIGHT, webgl=False)
        return lines["line"]["color"], lines["line"]["width"], centre_trace(many, LIGHT, webgl=False)["marker"]["size"]

    assert drawn(50)[1:] == (2.6, 10)
    assert drawn(500)[1:] == (0.8, 6)
    # Components without weight are not drawn, and do not make the lines weaker.
    assert drawn(50)[0] == drawn(10)[0] != drawn(500)[0]


def test_ten_thousand_points_and_the_prior_are_below_300_kilobytes(normal):
    random = np.random.default_rng(0)
    figure = plane(
        LIGHT,
        WINDOW,
        alt="",
        points=random.normal(size=(10_000, 2)),
        colouring=ByClass(random.integers(0, 10, 10_000), tuple("0123456789")),
        prior_density=normal,
        prior="vamp",
    )
    spec = json.dumps(figure.spec())
    assert len(spec) < 300_000
    points, lines = json.loads(spec)["data"]
    assert (points["type"], points["x"]["dtype"], points["marker"]["color"]["dtype"]) == ("scattergl", "f4", "u1")
    assert (lines["type"], lines["z"]["dtype"]) == ("contour", "f4")


@pytest.mark.parametrize("rasterised", [False, True])
def test_same_arguments_same_bytes(clouds, normal, rasterised):
    points, labels = clouds

    def drawn():
        return plane(
            DARK,
            WINDOW,
            alt="a",
            points=points.copy(),
            colouring=ByClass(labels.copy(), NAMES),
            prior_density=normal,
            components=components(),
            prior="mog",
            rasterised=rasterised,
        ).spec()

    assert drawn() == drawn()


def test_units_are_equal_and_the_window_is_kept():
    layout = plane(LIGHT, WINDOW, alt="a", axes=("PC 1", "PC 2")).checked().layout
    assert (layout.yaxis.scaleanchor, layout.yaxis.scaleratio) == ("x", 1)
    assert list(layout.xaxis.range) == [-3, 3]
    assert list(layout.yaxis.range) == [-2, 2]
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("PC 1", "PC 2")
    assert (layout.dragmode, layout.uirevision) == ("pan", "constant")


def test_frame_and_title_have_the_priors_colour():
    layout = plane(LIGHT, WINDOW, alt="a", prior="sg", title="Standard normal").checked().layout
    assert layout.xaxis.linecolor == layout.yaxis.linecolor == "#5b5f97"
    assert layout.title.text == "Standard normal"
    assert plane(LIGHT, WINDOW, alt="a").checked().layout.xaxis.linecolor == LIGHT.grid


def test_points_come_first_and_a_raster_needs_no_webgl(clouds):
    points, labels = clouds
    colouring = ByClass(labels, NAMES)
    drawn = plane(LIGHT, WINDOW, alt="a", points=points, colouring=colouring, components=components()).checked()
    assert {trace.type for trace in drawn.data} == {"scattergl"}
    assert len(drawn.data[0].x) == len(points)
    image = plane(
        LIGHT, WINDOW, alt="a", points=points, colouring=colouring, components=components(), rasterised=True
    ).checked()
    assert {trace.type for trace in image.data} == {"scatter"}
    (picture,) = image.layout.images
    assert (picture.x, picture.y, picture.sizex, picture.sizey) == (-3, 2, 6, 4)


def test_components_are_drawn_by_weight_and_highlight():
    drawn = plane(LIGHT, WINDOW, alt="a", components=components(highlighted=(1,))).checked()
    plain, amber, centres = drawn.data
    assert amber.line.color == COMPARED
    assert plain.line.color != COMPARED
    assert plain.line.width > amber.line.width - 1.2
    assert np.isnan(plain.x[-1])
    assert centres.customdata.tolist() == pytest.approx([0.8, 0.2])
    assert list(centres.marker.color) == [LIGHT.ink, COMPARED]
    assert [label.text for label in drawn.layout.annotations] == ["0", "1"]


def test_of_many_components_only_the_highlighted_are_numbered():
    many = Components(np.zeros((60, 2)), np.tile(np.eye(2), (60, 1, 1)), np.full(60, 1 / 60), highlighted=(41,))
    layout = plane(LIGHT, WINDOW, alt="a", components=many).checked().layout
    assert [label.text for label in layout.annotations] == ["41"]


def test_of_two_numbers_that_would_cover_each_other_the_heavier_components_stands():
    near = components(means=np.array([[0.0, 0.0], [0.1, 0.1]]), weights=np.array([0.2, 0.8]))
    layout = plane(LIGHT, WINDOW, alt="a", components=near).checked().layout
    assert [label.text for label in layout.annotations] == ["1"]


def test_points_of_the_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"points are \[N, 2\]"):
        plane(LIGHT, WINDOW, alt="a", points=np.zeros((4, 3)))
