"""Names of classes, priors and experiments are shown as they are on every page, never as markup."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from tests.app.reading import as_shown, charts, open_page
from tests.small_runs import rewrite_json

MARKUP = (
    '<a href="http://127.0.0.1:9/">x</a>',
    "$x$",
    ":material/x:",
    "**b**",
    "![x](http://127.0.0.1:9/x.png)",
    "%{x}<br>&amp;",
)
EXPERIMENT = "![x](y)"
PRIORS = {"sg": "**p**", "mog": "$p$", "vamp": "<b>p"}
PAGES = ("overview", "latent_space", "pseudo_inputs", "components", "active_units", "compare", "likelihood")
# Elements and fields whose text nothing reads as markup.
NO_MARKUP = {"plotly_chart", "selectbox", "multiselect", "arrow_data_frame", "text", "bidi_component", "table"}
UNREAD = {"alt", "id", "url", "form_id", "element_hash", "data", "arrow_data", "value", "query_param_key"}


@pytest.fixture
def hostile(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A family whose classes, folders and priors have such names; its images are not at hand."""
    from tests.app.conftest import clear_caches, use_root
    from vampcore import datasets

    classes = [*MARKUP, "6", "7", "8", "9"]
    for prior, name in PRIORS.items():
        folder = tmp_path / "all" / EXPERIMENT / name
        shutil.copytree(trained / "tiny-2d" / prior, folder)
        rewrite_json(folder / "config.json", lambda fields: fields["observation"].update(classes=classes))
    monkeypatch.setattr(datasets, "available", lambda name: False)
    use_root(tmp_path / "all", monkeypatch)
    yield tmp_path / "all"
    clear_caches()


def texts(message: Message) -> Iterator[str]:
    """Every text in a message that may be read as Markdown."""
    for field, value in message.ListFields():
        if field.name in UNREAD or field.type not in (field.TYPE_STRING, field.TYPE_MESSAGE):
            continue
        for each in [value] if isinstance(value, str | Message) else value:
            yield from texts(each) if isinstance(each, Message) else [each]


def markdown(at: AppTest) -> list[str]:
    """Everything on the page that Streamlit reads as Markdown."""
    read = [
        each.proto for each in at if each.type not in NO_MARKUP and isinstance(getattr(each, "proto", None), Message)
    ]
    found = [text for proto in read for text in texts(proto)]
    for table in at.table:
        shown: pd.DataFrame = table.value
        found += [str(each) for each in (*shown.columns, *shown.index, *shown.to_numpy().ravel())]
    return found


def drawn(value: Any, name: str = "") -> Iterator[str]:
    """Every text of a figure that plotly.js reads as markup."""
    if isinstance(value, str) and name != "alt":
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from drawn(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from drawn(each, name)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("page", PAGES)
def test_no_name_is_read_as_markup(hostile, page, prior):
    at = open_page(page, experiment=EXPERIMENT, prior=PRIORS[prior])
    said, names = markdown(at), (*MARKUP, *PRIORS.values(), EXPERIMENT)
    assert len(said) > 10
    assert not [(name, text) for name in names for text in said if name in text]
    figures = [text for chart in charts(at) for text in drawn(chart)]
    assert not [text for text in figures if any(name in text for name in (MARKUP[0], MARKUP[-1], PRIORS["vamp"]))]


def test_the_names_are_there_all_the_same(hostile):
    at = open_page("overview", experiment=EXPERIMENT, prior=PRIORS["vamp"])
    assert all(any(name in as_shown(text) for text in markdown(at)) for name in PRIORS.values())
    assert any("&lt;b>p" in text for chart in charts(at) for text in drawn(chart))
    at = open_page("latent_space", experiment=EXPERIMENT, prior=PRIORS["vamp"])
    figures = [text for chart in charts(at) for text in drawn(chart)]
    assert any("&lt;a href=" in text for text in figures)
    assert any("&#37;{x}&lt;br>&amp;amp;" in text for text in figures)


def test_a_notice_of_what_may_be_chosen_shows_names_as_code(hostile):
    at = open_page("overview", experiment="nonsense", prior="nonsense")
    (warning,) = at.warning
    assert f"`{EXPERIMENT}`" in warning.value
    at = open_page("compare", experiment=EXPERIMENT, prior=PRIORS["vamp"], compare_against="nonsense")
    assert "`SG (**p**)`" in at.warning[0].value
