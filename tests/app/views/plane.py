"""The latent space page as its tests open, read and handle it."""

import base64
import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.frontend import View
from app.services import catalogue
from app.widgets.latent_plane import view
from tests.app.reading import open_page

PLANE = 0


def opened(experiment="tiny-2d", prior="Vamp", **query: str) -> AppTest:
    return open_page("latent_space", experiment=experiment, prior=prior, **query)


def spec(at: AppTest) -> str:
    """The plane as it travels to the browser."""
    return at.get("plotly_chart")[PLANE].proto.spec


def link(place: tuple[float, float]) -> str:
    return f"{place[0]},{place[1]}"


def traces(at: AppTest, chart: int = PLANE) -> list[dict]:
    return json.loads(at.get("plotly_chart")[chart].proto.spec)["data"]


def array(packed) -> np.ndarray:
    """An array as plotly sends it."""
    if isinstance(packed, list):
        return np.array(packed)
    flat = np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])
    return flat.reshape([int(size) for size in packed["shape"].split(",")]) if "shape" in packed else flat


def lasso(at: AppTest, left: float, right: float, bottom: float, top: float) -> AppTest:
    """The page after a rectangle was drawn with the lasso, as the browser reports it."""
    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    ref = next(each for each in catalogue.experiments() if each.name == "tiny-2d").refs[2]
    at.session_state["_latent_outlines"] = (ref, (corners,))
    at.run()
    assert not at.exception
    return at


def check_zooming_too_far(at: AppTest, monkeypatch) -> None:
    """Report three times that the browser shows a part too narrow to draw: each time it is turned back.

    The browser keeps what it shows while the figure's `uirevision` stays, so that has to change every time.
    """
    reports: list[View] = []
    monkeypatch.setattr(view, "watch_view", lambda key, on_view: on_view(reports.pop(), "zoom") if reports else None)
    layouts = []
    for _ in range(3):
        reports.append(View(0.0, 1e-4, 0.0, 1e-4))
        at.run()  # the browser reports
        at.run()  # and the page is drawn for it
        assert not at.exception
        layouts.append(json.loads(spec(at))["layout"])
    for layout in layouts:
        left, right = layout["xaxis"]["range"]
        assert right - left == pytest.approx(0.002, rel=0.01)
    first, second, third = (layout["uirevision"] for layout in layouts)
    assert first != second != third
