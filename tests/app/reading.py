"""What is on a page of the dashboard, read from a test's run of it."""

import json
import re
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from app.services import catalogue
from tools.patience import patience

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"


def open_page(page: str, **query: str | list[str]) -> AppTest:
    """A page of the dashboard, named as its file, opened by a link, and without an error."""
    at = AppTest.from_file(str(MAIN), default_timeout=patience())
    for key, value in query.items():
        at.query_params[key] = value
    at.switch_page(f"views/{page}.py").run()
    assert not at.exception, (page, [each.value for each in at.exception])
    assert not at.error, (page, [each.value for each in at.error])
    return at


def charts(at: AppTest) -> list[dict]:
    """The specifications of the figures, in the order of the page."""
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def wall(at: AppTest) -> dict[str, Any]:
    """What the browser is told of the wall of components."""
    sent = [json.loads(each.proto.json) for each in at.get("bidi_component") if each.proto.json]
    return next(each for each in sent if "order" in each)


def pictures(at: AppTest) -> list[str]:
    """Addresses of the samples' pictures, which hold their content; rules of colour are drawn as SVG and left out."""
    found = [url for image in at.main.get("image") for url in image.value]
    return [url for url in found if url.startswith("data:image/png")]


def words(at: AppTest) -> str:
    """Everything that is said in words, captions last, those of figures after the others."""
    under = [each.proto.delta_description for each in at.metric]
    return "\n".join([*(as_shown(each.value) for each in (*at.markdown, *at.caption)), *under])


def as_shown(markdown: str) -> str:
    """Markdown without the backslashes, word joiners and no-break spaces that let it show as it is meant."""
    return re.sub(r"\\([^\w\s])", r"\1", markdown).replace("\u2060", "").replace("\u00a0", " ")


def metric(at: AppTest, label: str) -> str:
    """The figure under this label."""
    return next(each.value for each in at.metric if each.label == label)


def ref_of(experiment: str, prior: str):
    """The checkpoint of an experiment that has this prior."""
    return next(each for each in catalogue.experiments() if each.name == experiment).ref(prior)
