"""How numbers read, and what the shared pieces put on a page."""

import pytest
from streamlit.testing.v1 import AppTest

from app.widgets import numbers
from tools.patience import patience


@pytest.mark.parametrize(
    ("value", "se", "text"),
    [
        (1.6418, 0.1585, "1.64 ± 0.16"),
        (2.6482, 0.0361, "2.65 ± 0.04"),
        (-68375.4, 5.1, "−68,375.4 ± 5.1"),
        (-84.637, 0.31, "−84.6 ± 0.3"),
        (-84.637, 0.042, "−84.64 ± 0.04"),
        (4.1213, 0.00012, "4.1213 ± 0.0001"),
        (-194.5658, 3.1586, "−194.6 ± 3.2"),
        (12345.6, 27.0, "12,346 ± 27"),
        (34.0, None, "34"),
        (15.887, None, "15.9"),
        (0.0123, None, "0.0123"),
        (0.0, None, "0"),
        (12345.678, None, "12,346"),
        (float("nan"), None, "not finite"),
        (1.5, 0.0, "1.50"),
    ],
)
def test_numbers_have_the_digits_that_their_error_allows(value, se, text):
    from app.widgets.numbers import format_value

    assert format_value(value, se) == text


def test_a_figure_says_its_unit_and_what_it_was_computed_from():
    from app.services.scores import Metric

    metric = Metric("log_likelihood", -84.63, "nats/image", 0.31, n=10_000, samples=5_000)
    assert numbers.format_metric(metric) == "−84.6 ± 0.3 nats/image"
    assert numbers.caption(metric) == "nats/image, n = 10,000, importance sampling, S = 5,000"
    share = Metric("hole_share", 0.144, "share", 0.0078, n=300, samples=2000)
    assert numbers.format_metric(share) == "14.4 ± 0.8 %"


@pytest.mark.parametrize("kind", ["quadrature", "is", "covering"])
def test_an_estimator_has_one_name_on_pages_and_on_the_command_line(kind):
    from app.services.scores import Metric
    from app.widgets.numbers import estimator
    from vampcore.commands.options import shown

    metric = Metric("log_likelihood", -84.63, "nats/image", estimator=kind)
    assert shown(metric) == f"-84.63 nats/image, {estimator(metric)}"


def row() -> None:
    """A metric row with both kinds of cells, and the other pieces of a page."""
    from app.services.scores import Metric
    from app.widgets import export, page
    from app.widgets.page import Cell

    page.page_head("Title", "What to look for.")
    page.metric_row([Metric("elbo", -90.25, "nats/image", 0.5, n=300), Cell("Active units", "16+5", "of 40 + 40")])
    page.explain("Because.")
    page.not_applicable("A standard normal has no pseudo-inputs.", "Its samples are shown instead.")
    with page.progress("Measuring") as report:
        report(0.5, "half")
    export.csv_button("Save", {"elbo (nats)": [1.0, 2.0]}, key="t_csv", name="elbo")
    export.file_button("Save", b"png", key="t_png", name="tiles.png")


def long_row() -> None:
    """A row in which one caption is longer than its cell."""
    from app.widgets import page
    from app.widgets.page import Cell

    page.metric_row([Cell("One", "1", "of two"), Cell("Two", "2", "a random 10,000 of the 50,000 training images")])


def phone_row() -> None:
    """A row in a narrow window."""
    import streamlit as st

    from app.widgets import page
    from app.widgets.page import Cell

    st.session_state["_narrow"] = True
    page.metric_row([Cell("One", "1", "of two")])


@pytest.mark.parametrize(
    ("script", "captions"),
    [(long_row, ["of two", "a random 10,000 of the 50,000 training images"]), (phone_row, ["of two"])],
)
def test_what_stands_under_a_figure_is_never_cut_off(script, captions):
    """Streamlit cuts its own line under a figure where it does not fit: then all cells have a caption that wraps."""
    at = AppTest.from_function(script, default_timeout=patience()).run()
    assert not at.exception
    assert [caption.value for caption in at.caption] == captions
    assert not any(metric.proto.delta_description for metric in at.metric)


def test_a_number_and_its_unit_stay_on_one_line():
    from app.widgets import numbers

    said = numbers.unbroken("usage below 0.3 %, n = 10,000, S = 500; even = odd; 1.9 \u00b1 0.1")
    assert said.replace("\u00a0", "_") == "usage below 0.3_%, n_=_10,000, S_=_500; even = odd; 1.9_\u00b1_0.1"


def test_the_pieces_of_a_page():
    at = AppTest.from_function(row, default_timeout=patience()).run()
    assert not at.exception
    assert at.title[0].value == "Title"
    assert [metric.value for metric in at.metric] == ["−90.2 ± 0.5", "16+5"]
    assert [metric.label for metric in at.metric] == ["ELBO", "Active units"]
    assert [metric.proto.delta_description for metric in at.metric] == ["nats/image, n\u00a0=\u00a0300", "of 40 + 40"]
    assert at.expander[0].label == "What am I seeing?"
    assert "instead" in at.info[0].value
    assert not at.progress


def drawing() -> None:
    """A figure as pages show it."""
    import streamlit as st

    from app.figures.drawing import Drawing
    from app.widgets import export, sidebar

    sidebar.show()
    figure = Drawing([{"type": "scatter", "x": [0, 1], "y": [0, 1]}], {"meta": {"alt": "A line."}})
    st.text(repr(export.figure(figure, key="t_plain", name="plain")))
    event = export.figure(figure, key="t_lasso", name="lasso", selectable=True)
    st.text(repr(event["selection"]["points"]))


def test_a_figure_carries_its_words_and_its_file_name(models):
    at = AppTest.from_function(drawing, default_timeout=patience()).run()
    assert not at.exception
    plain, lasso = at.get("plotly_chart")
    assert '"filename":"plain"' in plain.proto.config.replace(" ", "")
    assert plain.proto.alt == "A line."
    assert [text.value for text in at.text] == ["None", "[]"]
    assert "lasso2d" in plain.proto.config
    assert "lasso2d" not in lasso.proto.config


def test_figures_are_saved_in_the_format_that_the_sidebar_says(models):
    for query, kind in (({}, "png"), ({"figure_format": "SVG"}, "svg")):
        at = AppTest.from_function(drawing, default_timeout=patience())
        at.query_params.update(query)
        at.run()
        assert not at.exception
        assert f'"format":"{kind}"' in at.get("plotly_chart")[0].proto.config.replace(" ", "")
