"""The latent plane of more test images than a browser draws: binned, exact on zoom and selection, and said so."""

import functools
import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.records import Window
from app.services import catalogue, densities, hole_mass
from app.services.latent_plane import encoding, selection
from app.widgets import export
from tests.app.reading import open_page, words
from tests.app.views.plane import check_zooming_too_far

IMAGES = 30_000


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    from tools.synthetic import untrained

    folder = tmp_path_factory.mktemp("large")
    untrained(folder / "large" / "mog", images=IMAGES)
    return folder


@pytest.fixture
def ref(root, listing):
    listing.use(root)
    return catalogue.experiments()[0].refs[0]


def opened(**query: str) -> AppTest:
    return open_page("latent_space", **{"experiment": "large", "prior": "MoG"} | query)


def figure(at: AppTest) -> dict:
    return json.loads(at.get("plotly_chart")[0].proto.spec)


def ends(at: AppTest) -> list[float]:
    """The part in view, as the URL says it."""
    said = at.query_params["latent_view"]
    return [float(end) for end in (said if isinstance(said, str) else said[-1]).split(",")]


def select(at: AppTest, outlines, monkeypatch) -> AppTest:
    """The page after a lasso or box was drawn."""
    at.session_state["_latent_outlines"] = (catalogue.experiments()[0].refs[0], outlines)
    at.run()
    assert not at.exception
    return at


def on_the_axes(ref) -> str:
    """Images within the axes of the whole plane, which leave a few of the farthest out."""
    found = len(selection.rows_in(ref, densities.window((ref,))))
    assert 0.99 * IMAGES < found <= IMAGES
    return f"{found:,}"


def test_the_whole_is_counted_and_no_point_travels(ref):
    at = opened()
    inside = on_the_axes(ref)
    assert f"**{inside}** of 30,000 test images in view, all counted in cells" in words(at)
    drawn = figure(at)
    assert [trace["type"] for trace in drawn["data"]] == ["heatmap", "scatter", "contour"]
    assert drawn["layout"]["images"][0]["source"].startswith("data:image/png")
    assert len(at.get("plotly_chart")[0].proto.spec) < 600_000


@pytest.mark.parametrize("colour", ["class", "component", "ELBO"])
def test_the_counts_on_hovering_add_up(ref, colour):
    import base64

    grid = figure(opened(latent_colour=colour))["data"][0]
    counts = np.frombuffer(base64.b64decode(grid["z"]["bdata"]), grid["z"]["dtype"])
    whole = densities.window((ref,))
    inside = len(selection.rows_in(ref, whole))
    # Cells that the edge of the window cuts may be in or out.
    assert counts.sum() == pytest.approx(inside, abs=0.01 * IMAGES)


def test_a_part_with_few_enough_shows_each_point(ref):
    import base64

    part = Window(-1.0, 0.5, -1.0, 0.5)
    at = opened(latent_view="-1,0.5,-1,0.5")
    inside = selection.rows_in(ref, part)
    assert f"**{len(inside):,}** of 30,000 test images in view, each drawn as a dot." in words(at)
    points = figure(at)["data"][0]
    assert points["type"] == "scattergl"
    packed = points["customdata"]
    rows = np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])
    assert set(inside) <= set(rows.tolist())
    assert len(rows) == len(set(rows.tolist()))
    assert figure(at)["layout"]["xaxis"]["range"] == [-1.0, 0.5]


def test_a_selection_is_exact_and_its_table_whole(ref, monkeypatch):
    saved = {}

    def kept(label, columns, *, key, name):
        saved[key] = columns

    monkeypatch.setattr("app.widgets.latent_plane.selection.csv_button", kept)
    monkeypatch.setattr(export, "csv_button", kept)
    big = ((-50.0, -50.0), (50.0, -50.0), (50.0, 0.5), (-50.0, 0.5))
    at = select(opened(), (big,), monkeypatch)
    expected = np.flatnonzero(encoding.points(ref)[:, 1] < 0.5)
    assert len(expected) > 0
    assert f"**{len(expected):,}** of 30,000 test images, inside the selection." in words(at)
    assert f"of the {len(expected):,}, a random sample (seed 0)" in words(at)
    np.testing.assert_array_equal(saved["latent_csv"]()["image"], expected)
    assert len(saved["latent_points_csv"]()["image"]) == IMAGES
    mix = at.dataframe[0].value
    assert mix["Images"].sum() == len(expected)
    assert "chosen" in [trace.get("name") for trace in figure(at)["data"]]


def test_few_selected_points_are_drawn_over_the_counts(ref, monkeypatch):
    small = ((-0.3, -0.3), (0.3, -0.3), (0.3, 0.3), (-0.3, 0.3))
    at = select(opened(), (small,), monkeypatch)
    kinds = [trace["type"] for trace in figure(at)["data"]]
    assert kinds == ["heatmap", "scatter", "contour", "scattergl", "scattergl"]
    chosen = selection.rows_inside(ref, (small,))
    assert f"**{len(chosen):,}** of 30,000" in words(at)
    at.button(key="latent_closer").click().run()
    left, right, bottom, top = ends(at)
    assert left < -0.2 < 0.2 < right < 1
    assert bottom < -0.2 < 0.2 < top < 1
    at.button(key="latent_undrawn").click().run()
    assert "Nothing selected." in words(at)
    assert not at.exception


def test_the_part_in_view_can_be_typed(ref):
    at = opened()
    fields = {field.label: field for field in at.number_input}
    typed = {"z\u2081 from": -1.0, "z\u2081 to": 1.0, "z\u2082 from": -0.5, "z\u2082 to": 0.5}
    for label, value in typed.items():
        fields[label].set_value(value)
    next(button for button in at.button if button.label == "Zoom to this region").click().run()
    assert ends(at) == [-1, 1, -0.5, 0.5]
    at.button(key="latent_view_whole").click().run()
    assert "latent_view" not in at.query_params
    assert not at.exception


def test_a_part_that_is_too_narrow_to_draw_cannot_be_typed(ref):
    at = opened()
    fields = {field.label: field for field in at.number_input}
    for label, value in {"z\u2081 from": 0.0, "z\u2081 to": 0.0015}.items():
        fields[label].set_value(value)
    next(button for button in at.button if button.label == "Zoom to this region").click().run()
    assert at.error[0].value == "Each \u201cfrom\u201d must be smaller than its \u201cto\u201d by at least 0.002."
    assert "latent_view" not in at.query_params


@pytest.mark.parametrize("bad", ["1,2,3", "1,0,0,1", "a,b,c,d", "nan,1,0,1", "0,1e9,0,1", "0,1e-4,0,1"])
def test_a_part_that_is_none_is_named(ref, bad):
    at = opened(latent_view=bad)
    assert "latent_view" in at.warning[0].value
    assert f"**{on_the_axes(ref)}** of 30,000" in words(at)


def test_the_holes_are_measured_on_request(ref, monkeypatch):
    monkeypatch.setattr(hole_mass, "hole_excess", functools.partial(hole_mass.hole_excess, splits=2))
    at = opened()
    label = "Prior mass in holes, minus the floor"
    assert label not in {metric.label for metric in at.metric}
    at.button(key="latent_holes").click().run()
    assert label in {metric.label for metric in at.metric}


def test_zooming_in_further_than_can_be_drawn_shows_the_narrowest_part_every_time(ref, monkeypatch):
    check_zooming_too_far(opened(), monkeypatch)
