import csv
import io

import numpy as np
import pytest

from app.figures import export
from app.figures.drawing import Drawing
from app.figures.export import alt_text, csv_bytes, plot_config, safe_name
from app.figures.theme import FONT_SIZE, LIGHT, SMALL_FONT_SIZE, laid_out


def test_csv_gives_the_same_numbers_back():
    values = np.random.default_rng(0).normal(size=20).astype(np.float32)
    names = ['a "quoted", name', *["b"] * 19]
    table = list(csv.reader(io.StringIO(csv_bytes({"elbo (nats)": values, "class": names}).decode())))
    assert table[0] == ["elbo (nats)", "class"]
    assert np.array_equal(np.array([row[0] for row in table[1:]], np.float64).astype(np.float32), values)
    assert [row[1] for row in table[1:]] == names


def test_csv_leaves_missing_values_empty():
    assert csv_bytes({"a": [1, None], "b": np.array([np.nan, 2.5])}) == b"a,b\n1,\n,2.5\n"


def test_csv_refuses_uneven_columns():
    with pytest.raises(ValueError, match="different lengths"):
        csv_bytes({"a": [1], "b": [1, 2]})
    with pytest.raises(ValueError, match="at least one column"):
        csv_bytes({})


def test_camera_saves_what_was_asked():
    options = plot_config("digits-2d/vamp latent", image="svg", scale=3)["toImageButtonOptions"]
    assert options == {"format": "svg", "filename": "digits-2d-vamp-latent", "scale": 3}


def test_a_file_s_name_has_nothing_that_file_systems_refuse():
    assert safe_name("digits-2d/vamp-points.csv") == "digits-2d-vamp-points.csv"
    assert safe_name('a\\b:c*"é_1') == "a-b-c--é_1"


def test_lasso_is_offered_where_points_can_be_selected():
    assert "lasso2d" in plot_config("a")["modeBarButtonsToRemove"]
    assert "lasso2d" not in plot_config("a", selectable=True)["modeBarButtonsToRemove"]


def test_a_figure_may_have_no_bar():
    assert plot_config("a", bar=False)["displayModeBar"] is False
    assert "displayModeBar" not in plot_config("a")


def test_two_clicks_half_a_second_apart_are_no_double_click():
    assert plot_config("a")["doubleClickDelay"] == 300


def test_alt_text():
    assert alt_text(laid_out(Drawing(), LIGHT, x="", y="", alt="Two clouds", height=100)) == "Two clouds"


@pytest.mark.parametrize("letter", ["a", "\u00e4", "\u4e2d"])
def test_a_long_name_keeps_its_beginning_and_its_end(letter):
    name = safe_name(f"start-{letter * 300}-points.csv")
    assert 190 < len(name.encode()) <= 200
    assert name.startswith(f"start-{letter}")
    assert name.endswith(f"{letter}-points.csv")


def test_on_a_stage_words_and_height_grow_by_one_factor_and_the_drawing_stays():
    figure = laid_out(Drawing(), LIGHT, x="z", y="p", alt="nothing", height=400)
    figure.annotate({"text": "here", "font": {"size": 12, "color": "#000000"}})
    figure.add({"type": "scatter", "x": np.arange(3.0), "marker": {"size": 5}, "textfont": {"size": 10}})
    drawn = figure.spec()
    staged = export.for_stage(drawn)
    assert staged["layout"]["height"] == 400 * export.STAGE
    assert staged["layout"]["annotations"][0]["font"] == {"size": 12 * export.STAGE, "color": "#000000"}
    assert staged["layout"]["xaxis"]["tickfont"]["size"] == SMALL_FONT_SIZE * export.STAGE
    assert staged["layout"]["xaxis"]["title"]["font"]["size"] == FONT_SIZE * export.STAGE
    assert staged["layout"]["margin"]["t"] == 12 * export.STAGE
    assert staged["data"][0]["textfont"]["size"] == 10 * export.STAGE
    assert staged["data"][0]["marker"]["size"] == 5
    assert staged["data"][0]["x"] == drawn["data"][0]["x"]
    assert drawn["layout"]["height"] == 400
    assert drawn["layout"]["annotations"][0]["font"]["size"] == 12
