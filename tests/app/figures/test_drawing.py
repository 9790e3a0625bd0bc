import base64
import json

import numpy as np
import pytest

from app.figures.drawing import Drawing


def test_a_part_of_the_layout_changes_alone():
    figure = Drawing(layout={"xaxis": {"title": {"text": "a", "standoff": 4}, "range": [0, 1]}})
    figure.update_x(title={"text": "b"}, range=[2, 3])
    figure.update(height=300)
    assert figure.layout == {"xaxis": {"title": {"text": "b", "standoff": 4}, "range": [2, 3]}, "height": 300}


def test_what_was_passed_in_is_not_changed_later():
    title = {"text": "a"}
    figure = Drawing()
    figure.update_y(title=title)
    figure.update_y(title={"text": "b"})
    assert title == {"text": "a"}


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.array([1.5, -2.0, np.nan], np.float32), "f4"),
        (np.array([1.5, -2.0]), "f8"),
        (np.array([3, 255], np.uint8), "u1"),
        (np.array([-3, 300], np.int16), "i2"),
        (np.array([[1, 2], [3, 70_000]], np.uint32), "u4"),
        (np.array([1.0, 2.0], ">f4"), "f4"),
    ],
)
def test_arrays_travel_as_bytes_that_give_the_same_numbers_back(array, kind):
    sent = Drawing([{"x": array, "marker": {"color": [array]}}]).spec()["data"][0]
    assert sent["x"]["dtype"] == kind
    back = np.frombuffer(base64.b64decode(sent["x"]["bdata"]), f"<{kind}")
    shape = [int(each) for each in sent["x"].get("shape", f"{len(array)}").split(",")]
    assert np.array_equal(back.reshape(shape), array, equal_nan=array.dtype.kind == "f")
    assert sent["marker"]["color"] == [sent["x"]]


def test_what_plotly_has_no_type_for_travels_as_a_list():
    spec = Drawing([{"x": np.array([1, 2]), "y": np.array([], np.float32), "text": np.array(["a", "b"])}]).spec()
    assert json.loads(json.dumps(spec))["data"] == [{"x": [1, 2], "y": [], "text": ["a", "b"]}]


def test_lines_reach_from_edge_to_edge_and_plotly_knows_every_property():
    figure = Drawing([{"type": "scatter", "x": [1], "y": [1]}])
    figure.line_across(2.0, {"dash": "dash"})
    figure.line_up(3.0, {"width": 2})
    figure.annotate({"text": "here", "x": 0, "y": 1, "showarrow": False})
    across, up = figure.checked().layout.shapes
    assert (across.xref, across.x0, across.x1, across.y0, across.y1) == ("x domain", 0, 1, 2.0, 2.0)
    assert (up.yref, up.y0, up.y1, up.x0, up.x1) == ("y domain", 0, 1, 3.0, 3.0)


def test_a_misspelt_property_is_found():
    with pytest.raises(ValueError, match="colour"):
        Drawing([{"type": "scatter", "marker": {"colour": "red"}}]).checked()


def test_texts_are_shown_as_they_are():
    name, shown = '<a href="//x">%{x}</a> &lt;b>', '&lt;a href="//x">&#37;{x}&lt;/a> &amp;lt;b>'
    figure = Drawing([{"type": "scatter", "x": [1], "y": [name], "hovertemplate": "%{y}<br>%{x}", "text": ["a\nb"]}])
    figure.update(title={"text": name}, xaxis={"ticktext": np.array([name])}, meta={"alt": name})
    figure.annotate({"text": name})
    spec = figure.spec()
    assert spec["data"][0]["y"] == spec["layout"]["xaxis"]["ticktext"] == [shown]
    assert spec["layout"]["title"]["text"] == spec["layout"]["annotations"][0]["text"] == shown
    assert spec["data"][0]["hovertemplate"] == "%{y}<br>%{x}"
    assert spec["data"][0]["text"] == ["a<br>b"]
    assert spec["layout"]["meta"]["alt"] == name
    assert figure.checked().layout.title.text == shown
