"""The least that Streamlit can do, for the pages to be compared with: one fragment, one control, what it changes.

`streamlit run benchmarks/bare.py`; the address names a file as `benchmarks/recording.py` writes it: `?recorded=FILE`.
It says which kind of control, what stands on the page and does not change, and the pictures of each move, which are
shown in turn with nothing to compute. What is moved is in the address, as ours is; what is clicked is one of three
bars.

What stands still is inside so many layout containers, beside a sidebar with so many links: the browser goes through all
of it whenever anything changes. The page has the one remedy without which nothing is quick (`gc.freeze` once torch is
there), and no other.
"""

import gc
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch  # noqa: F401  # what it adds to the process is there on both sides

# Pictures in a row. (Streamlit would show a string of words here.)
ACROSS = 3
BARS = {"data": [{"type": "bar", "x": [0, 1, 2], "y": [1, 1, 1]}], "layout": {"height": 400}}
IN_ADDRESS: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
X = np.linspace(-3, 3, 100, dtype=np.float32)


class Recorded(go.Figure):  # type: ignore[misc]  # plotly ships no types
    """A figure that is shown as it was sent, unchecked: checking takes longer than all the rest."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._sent = spec

    def to_dict(self) -> dict[str, Any]:
        """The specification."""
        return self._sent


CONTROLS: dict[str, Callable[[], object]] = {
    "number": lambda: st.number_input("Number", min_value=0, max_value=9999, value=0, key="number", **IN_ADDRESS),
    "segments": lambda: st.segmented_control("Segments", ["a", "b"], default="a", key="segments", **IN_ADDRESS),
    "slider": lambda: st.slider("Slider", 0.0, 2.0, 1.0, 0.05, key="slider", **IN_ADDRESS),
    "click": lambda: st.plotly_chart(Recorded(BARS), key="clicked", on_select="rerun", selection_mode="points"),
}
STILL: dict[str, Callable[[int], object]] = {
    "maps": lambda number: st.plotly_chart(lines_of_a_surface(), key=f"still-map-{number}"),
    "charts": lambda number: st.plotly_chart(line(), key=f"still-chart-{number}"),
    "images": lambda _: st.image(np.tile(np.linspace(0, 255, 960).astype(np.uint8), (240, 1)), width="stretch"),
    "metrics": lambda number: st.metric(f"Metric {number}", "1.00"),
    "controls": lambda number: st.number_input(f"Still {number}", min_value=0, max_value=9, value=0),
    "buttons": lambda number: st.button(f"Button {number}"),
    "tables": lambda number: st.dataframe({"a": [1, 2, 3], "b": [4, 5, 6]}, key=f"still-table-{number}"),
    "headings": lambda number: st.subheader(f"Heading {number}", anchor=False),
    "texts": lambda number: st.markdown(f"Text {number}"),
}


@st.cache_resource(show_spinner=False)
def recorded(file: str) -> dict[str, Any]:
    """What the file says; then the collector's work is cut short."""
    found: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
    gc.collect()
    gc.freeze()
    return found


def line() -> go.Figure:
    """A line of a hundred points."""
    return go.Figure(go.Scatter(x=X, y=np.sin(X)), layout={"height": 400})


def lines_of_a_surface() -> go.Figure:
    """The lines of a surface."""
    surface = np.exp(-(X**2)[:, None] - X**2)
    return go.Figure(go.Contour(x=X, y=X, z=surface, contours={"coloring": "lines"}), layout={"height": 400})


@st.fragment
def body(file: str) -> None:
    """The control and its pictures."""
    found = recorded(file)
    CONTROLS[found["control"]]()
    turn = st.session_state["turn"] = st.session_state.get("turn", -1) + 1
    pictures = found["moves"][turn % len(found["moves"])]
    columns = st.columns(min(ACROSS, len(pictures)))
    for place, picture in enumerate(pictures):
        with columns[place % len(columns)]:
            if "image" in picture:
                st.image(picture["image"], width="stretch")
            else:
                figure = Recorded(picture["figure"])
                st.plotly_chart(figure, theme=None, key=f"picture-{place}", config=picture["config"])


def page(file: str, counts: dict[str, int]) -> None:
    """The fragment, and below it what does not change, in so many containers, spread evenly over it."""
    body(file)
    things = [(kind, number) for kind in STILL for number in range(counts.get(kind, 0))]
    blocks = counts.get("blocks", 0)
    for place, (kind, number) in enumerate(things):
        with ExitStack() as stack:
            for _ in range(blocks * (place + 1) // len(things) - blocks * place // len(things)):
                stack.enter_context(st.container())
            STILL[kind](number)


named = st.query_params["recorded"]
still: dict[str, int] = recorded(named)["still"]
titles = [f"Page {number}" for number in range(still.get("links", 1))]
pages = [st.Page(lambda: page(named, still), title=titles[0], default=True)]
pages += [st.Page(lambda: None, title=title, url_path=title.lower().replace(" ", "-")) for title in titles[1:]]
st.navigation(pages).run()
