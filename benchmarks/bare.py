"""The least that Streamlit can do, for the pages to be compared with: one fragment, one control, what it changes.

`streamlit run benchmarks/bare.py`; the address says which: `?control=number&pictures=FILE` shows what
`benchmarks/recording.py` has written there, the next of its moves whenever the control is moved, with nothing in it to
compute; without pictures, a line of fifty points that goes on by a step. What is moved is in the address, as ours is;
what is clicked is one of three bars.

`&still=maps:2,charts:1,images:1,metrics:4,texts:20,controls:3,buttons:2,tables:1,headings:5,blocks:20,links:6` adds
what stands on the page and does not change, inside so many layout containers, beside a sidebar with so many links: the
browser goes through all of it whenever anything does. The page has the one remedy without which nothing is quick
(`gc.freeze` once torch is there), and no other.
"""

import gc
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch  # noqa: F401  # what it adds to the process is there on both sides

# Pictures in a row. (Streamlit would show a string of words here.)
ACROSS = 3
GRID = 100
BARS = {"data": [{"type": "bar", "x": [0, 1, 2], "y": [1, 1, 1]}], "layout": {"height": 400}}
IN_ADDRESS: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}


class Recorded(go.Figure):  # type: ignore[misc]  # plotly ships no types
    """A figure that is shown as it was sent, unchecked: checking takes longer than all the rest."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._sent = spec

    def to_dict(self) -> dict[str, Any]:
        """The specification."""
        return self._sent


@st.cache_resource(show_spinner=False)
def recorded(file: str) -> list[list[dict[str, Any]]]:
    """The pictures of each move; then the collector's work is cut short."""
    moves: list[list[dict[str, Any]]] = json.loads(Path(file).read_text(encoding="utf-8")) if file else []
    gc.collect()
    gc.freeze()
    return moves


def control(kind: str) -> None:
    """The kind of control that is asked for."""
    if kind == "number":
        st.number_input("Number", min_value=0, max_value=9999, value=0, key="number", **IN_ADDRESS)
    elif kind == "segments":
        st.segmented_control("Segments", ["a", "b"], default="a", key="segments", **IN_ADDRESS)
    elif kind == "click":
        st.plotly_chart(Recorded(BARS), key="clicked", on_select="rerun", selection_mode="points")
    else:
        st.slider("Slider", 0.0, 2.0, 1.0, 0.05, key="slider", **IN_ADDRESS)


def line(turn: int) -> go.Figure:
    """A line of fifty points."""
    x = np.arange(50, dtype=np.float32)
    return go.Figure(go.Scatter(x=x, y=np.sin((x + turn) / 8).astype(np.float32)), layout={"height": 400})


def lines_of_a_surface() -> go.Figure:
    """The lines of a surface."""
    x = np.linspace(-3, 3, GRID, dtype=np.float32)
    surface = np.exp(-(x**2)[:, None] - x**2)
    return go.Figure(go.Contour(x=x, y=x, z=surface, contours={"coloring": "lines"}), layout={"height": 400})


@st.fragment
def body(kind: str, file: str) -> None:
    """The control and its pictures."""
    control(kind)
    turn = st.session_state["turn"] = st.session_state.get("turn", -1) + 1
    moves = recorded(file)
    if not moves:
        st.plotly_chart(line(turn), key="line")
        return
    pictures = moves[turn % len(moves)]
    columns = st.columns(min(ACROSS, len(pictures)))
    for place, picture in enumerate(pictures):
        with columns[place % len(columns)]:
            if "image" in picture:
                st.image(picture["image"], width="stretch")
            else:
                figure = Recorded(picture["figure"])
                st.plotly_chart(figure, theme=None, key=f"picture-{place}", config=picture["config"])


def still(kind: str, number: int) -> None:
    """The so many-th of a kind that stands on the page and does not change."""
    if kind == "maps":
        st.plotly_chart(lines_of_a_surface(), key=f"still-map-{number}")
    elif kind == "charts":
        st.plotly_chart(line(number), key=f"still-chart-{number}")
    elif kind == "images":
        st.image(np.tile(np.linspace(0, 255, 960).astype(np.uint8), (240, 1)), width="stretch")
    elif kind == "metrics":
        st.metric(f"Metric {number}", "1.00")
    elif kind == "controls":
        st.number_input(f"Still {number}", min_value=0, max_value=9, value=0)
    elif kind == "buttons":
        st.button(f"Button {number}")
    elif kind == "tables":
        st.dataframe({"a": [1, 2, 3], "b": [4, 5, 6]}, key=f"still-table-{number}")
    elif kind == "headings":
        st.subheader(f"Heading {number}", anchor=False)
    else:
        st.markdown(f"Text {number}")


@contextmanager
def inside(blocks: int) -> Iterator[None]:
    """So many layout containers, one in another."""
    with ExitStack() as stack:
        for _ in range(blocks):
            stack.enter_context(st.container())
        yield


def page(things: list[tuple[str, int]], blocks: int) -> None:
    """The fragment, and below it what does not change, in so many containers, spread evenly over it."""
    body(st.query_params.get("control", "slider"), st.query_params.get("pictures", ""))
    for place, (kind, number) in enumerate(things):
        with inside(blocks * (place + 1) // len(things) - blocks * place // len(things)):
            still(kind, number)


recorded(st.query_params.get("pictures", ""))
asked = [part.split(":") for part in filter(None, st.query_params.get("still", "").split(","))]
counts = {kind: int(number) for kind, number in asked}
blocks, links = counts.pop("blocks", 0), counts.pop("links", 0)
things = [(kind, each) for kind, number in counts.items() for each in range(number)]
if links:
    others = [st.Page(lambda: None, title=f"Page {each}", url_path=f"page-{each}") for each in range(1, links)]
    st.navigation([st.Page(lambda: page(things, blocks), title="Page 0", default=True), *others]).run()
else:
    page(things, blocks)
