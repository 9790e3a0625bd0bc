"""How numbers read, and what the shared pieces put on a page."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from app.widgets import numbers
from tests.small_runs import as_format_1, rewrite_json
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

    said = numbers.unbroken("usage below 0.3 %, n = 10,000, S = 500; even = odd")
    assert said == "usage below 0.3\u00a0%, n\u00a0=\u00a010,000, S\u00a0=\u00a0500; even = odd"


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


def sidebar() -> None:
    """The sidebar alone, or what stands in for a page where there is no model."""
    from app.widgets import sidebar

    if not sidebar.show():
        sidebar.no_checkpoint()


def test_the_sidebar_offers_experiments_and_priors_and_names_the_device(models):
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert not at.exception
    assert at.sidebar.selectbox(key="experiment").options == [
        "Digits, 2 latent dimensions",
        "Digits, 5 latent dimensions",
    ]
    assert at.sidebar.get_by_key("prior").value == "vamp"
    said = " ".join(caption.value for caption in at.sidebar.caption)
    assert "Computed on " in said
    assert "6 components" in said
    assert "not converged" in said


def test_without_a_model_the_command_to_train_one_is_shown(tmp_path, monkeypatch):
    from tests.app.conftest import clear_caches, use_root

    use_root(tmp_path, monkeypatch)
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    clear_caches()
    assert not at.exception
    assert at.code[0].value.startswith("python -m vampcore train")


def test_the_command_that_is_shown_trains_a_model(tmp_path, monkeypatch):
    """One epoch of what the page tells people to type; afterwards the page has a model."""
    from tests.app.conftest import clear_caches, use_root
    from vampcore import commands

    use_root(tmp_path, monkeypatch)
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    words = at.code[0].value.split()
    assert words[:3] == ["python", "-m", "vampcore"]
    out = tmp_path / "mine" / "vamp"
    assert commands.main([*words[3:], "--epochs", "1", "--out", str(out)]) == 0
    clear_caches()
    at.run()
    assert not at.exception
    assert at.sidebar.selectbox(key="experiment").options == ["Digits, 2 latent dimensions"]
    clear_caches()


def test_a_broken_checkpoint_is_named_beside_the_others(models, tmp_path, monkeypatch):
    from tests.app.conftest import use_root

    shutil.copytree(models, tmp_path / "all")
    (tmp_path / "all" / "tiny-2d" / "mog" / "metrics.json").unlink()
    use_root(tmp_path / "all", monkeypatch)
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert not at.exception
    assert "tiny-2d/mog" in at.sidebar.warning[0].value.replace("\\", "")
    assert at.sidebar.get_by_key("prior").options == ["Standard normal", "VampPrior"]


def missing_data() -> None:
    """The notice on a page whose data set is not on disk."""
    from app.services import catalogue
    from app.widgets import sidebar

    ref = catalogue.experiments()[0].refs[0]
    sidebar.data_notice(ref, key="t_download")


def test_missing_data_is_offered_for_download(models, monkeypatch):
    from vampcore import datasets

    at = AppTest.from_function(missing_data, default_timeout=patience()).run()
    assert not at.button
    fetched: list[str] = []
    monkeypatch.setattr(datasets, "available", lambda name: bool(fetched))
    monkeypatch.setattr(datasets, "download", lambda name, progress: fetched.append(name))
    from tests.app.conftest import clear_caches

    clear_caches()
    at.run()
    assert "Digits" in at.markdown[0].value
    at.button(key="t_download").click().run()
    assert fetched == ["digits"]
    assert not at.button
    assert not at.exception


@pytest.mark.parametrize(("data", "file"), [("omniglot", "chardata.mat"), ("npz:mine.npz", "mine.npz")])
def test_data_that_cannot_be_downloaded_gets_words_and_no_button(models, tmp_path, monkeypatch, data, file):
    import dataclasses

    from app.services import availability

    def of_other_data(ref):
        found = loaded(ref)
        config = dataclasses.replace(found.checkpoint.config, data=data, likelihood="bernoulli")
        return dataclasses.replace(found, checkpoint=dataclasses.replace(found.checkpoint, config=config))

    loaded = availability.loaded
    monkeypatch.setattr(availability, "loaded", of_other_data)
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("VAMPSCOPE_DATA_PATHS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    at = AppTest.from_function(missing_data, default_timeout=patience()).run()
    assert not at.exception
    assert not at.button
    assert file in at.text[0].value
    assert str(tmp_path) not in at.text[0].value
    assert "vampcore data" not in at.text[0].value


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


@pytest.fixture
def many(models, tmp_path, monkeypatch):
    """Fourteen experiments on digits and one that says it is of another data set."""
    from tests.app.conftest import clear_caches, use_root

    for number in range(14):
        shutil.copytree(models / "tiny-2d" / "sg", tmp_path / f"run-{number:02d}" / "sg")
    shutil.copytree(models / "tiny-2d" / "vamp", tmp_path / "other" / "vamp")
    rewrite_json(tmp_path / "other" / "vamp" / "config.json", lambda fields: fields["config"].update(data="mnist"))
    use_root(tmp_path, monkeypatch)
    yield
    clear_caches()


@pytest.mark.parametrize("sealed", [True, False])
def test_a_checkpoint_without_a_manifest_is_marked_as_unchecked(sealed, models, tmp_path, monkeypatch):
    from tests.app.conftest import clear_caches, use_root

    shutil.copytree(models / "tiny-2d" / "sg", tmp_path / "tiny-2d" / "sg")
    if not sealed:
        as_format_1(tmp_path / "tiny-2d" / "sg")
    use_root(tmp_path, monkeypatch)
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert not at.exception
    assert any("Unchecked" in each.value for each in at.sidebar.caption) == (not sealed)
    clear_caches()


def test_a_long_list_is_chosen_from_by_data_set(many):
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert len(at.sidebar.selectbox(key="experiment").options) == 15
    at.sidebar.selectbox(key="data").set_value("MNIST").run()
    assert not at.exception
    assert at.sidebar.selectbox(key="experiment").options == ["MNIST, 2 latent dimensions"]
    assert at.sidebar.get_by_key("prior").value == "vamp"
    at.sidebar.selectbox(key="data").set_value("all").run()
    assert len(at.sidebar.selectbox(key="experiment").options) == 15


def test_a_short_list_is_not_cut_up(models):
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert "data" not in [box.key for box in at.sidebar.selectbox]
