"""The least that Streamlit can do, for the pages to be compared with: one fragment, one control, one or more pictures.

`streamlit run benchmarks/bare.py`; the address says which: `?control=slider&pictures=chart` or
`?control=click&pictures=image,map`. Nothing in a picture is computed but one number that the control changes.
`&still=maps:2,charts:1,images:1,metrics:4,texts:20,controls:3,buttons:2,tables:1,headings:5,blocks:20,links:6` adds
what stands on the page and does not change, inside so many layout containers, beside a sidebar with so many links: the
browser goes through all of it whenever anything does. `&size=840x560` says how many pixels an image has. The page has
the one remedy without which nothing is quick (`gc.freeze` once torch is there), and no other.
"""

import base64
import gc
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch  # noqa: F401  # what it adds to the process is there on both sides
from PIL import Image

POINTS, GRID = 10_000, 100


@st.cache_resource
def arrays() -> tuple[np.ndarray, np.ndarray]:
    """Points of a plane [10,000, 2] and a surface [100, 100]; then the collector's work is cut short."""
    random = np.random.default_rng(0)
    x = np.linspace(-3, 3, GRID)
    found = random.normal(size=(POINTS, 2)).astype(np.float32), np.exp(-(x**2)[:, None] - x**2).astype(np.float32)
    gc.collect()
    gc.freeze()
    return found


def control(kind: str) -> float:
    """A number from the kind of control that is asked for."""
    if kind == "number":
        return st.number_input("Number", min_value=0, max_value=9999, value=0, key="number")
    if kind == "segments":
        return 0 if st.segmented_control("Segments", ["a", "b"], default="a", key="segments") == "a" else 1
    return st.slider("Slider", 0.0, 2.0, 1.0, 0.05, key="slider")


def chart(value: float) -> go.Figure:
    """A line of fifty points."""
    x = np.arange(50, dtype=np.float32)
    return go.Figure(go.Scatter(x=x, y=np.sin(x / 8 + value).astype(np.float32)), layout={"height": 400})


def bars() -> go.Figure:
    """Three bars to click."""
    return go.Figure(go.Bar(x=[0, 1, 2], y=[1, 1, 1]), layout={"height": 400})


def plane(value: float) -> go.Figure:
    """Ten thousand points over the lines of a surface."""
    points, surface = arrays()
    middle = np.linspace(-3, 3, GRID, dtype=np.float32)
    traces = [
        go.Contour(x=middle, y=middle, z=surface, contours={"coloring": "lines"}, showscale=False),
        go.Scattergl(x=points[:, 0], y=points[:, 1] + np.float32(value), mode="markers"),
    ]
    return go.Figure(traces, layout={"height": 680})


def image(value: float, width: int = 960, height: int = 240) -> np.ndarray:
    """A grey picture, [height, width]."""
    rows = np.linspace(0, 127, height, dtype=np.float32)[:, None]
    return (rows + np.linspace(0, 100 + 10 * value, width, dtype=np.float32)).astype(np.uint8)


def laid_under(value: float) -> list[dict[str, object]]:
    """The small picture as a figure takes it, under its traces."""
    file = io.BytesIO()
    Image.fromarray(image(value)).save(file, "PNG")
    source = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    placed = {"xref": "x", "yref": "y", "x": -3, "y": 3, "sizex": 6, "sizey": 6, "sizing": "stretch"}
    return [{"source": source, "layer": "below", **placed}]


def tiles(value: float) -> go.Figure:
    """A picture in a figure."""
    marks = go.Scatter(x=[-2, 0, 2], y=[0, 0, 0], mode="markers")
    return go.Figure(marks, layout={"height": 400, "images": laid_under(value)})


def map_of(value: float) -> go.Figure:
    """A picture under the lines of a surface."""
    _, surface = arrays()
    middle = np.linspace(-3, 3, GRID, dtype=np.float32)
    lines = go.Contour(x=middle, y=middle, z=surface, contours={"coloring": "lines"}, showscale=False)
    return go.Figure(lines, layout={"height": 400, "images": laid_under(value)})


FIGURES = {"chart": chart, "plane": plane, "tiles": tiles, "map": map_of}


@st.fragment
def body(kind: str, pictures: list[str], size: tuple[int, int]) -> None:
    """The control and its pictures, at most three in a row."""
    if kind == "click":
        event = st.plotly_chart(bars(), key="clicked", on_select="rerun", selection_mode="points")
        value = float(sum(event["selection"]["point_indices"]))
    else:
        value = control(kind)
    columns = st.columns(min(3, len(pictures)))
    for place, picture in enumerate(pictures):
        with columns[place % len(columns)]:
            if picture == "image":
                st.image(image(value, *size), width="stretch")
            else:
                st.plotly_chart(FIGURES[picture](value), key=f"picture-{place}")


def still(kind: str, number: int, size: tuple[int, int]) -> None:
    """The so many-th of a kind that stands on the page and does not change."""
    if kind == "maps":
        st.plotly_chart(map_of(number), key=f"still-map-{number}")
    elif kind == "charts":
        st.plotly_chart(chart(number), key=f"still-chart-{number}")
    elif kind == "images":
        st.image(image(number, *size), width="stretch")
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
    wide, high = map(int, st.query_params.get("size", "960x240").split("x"))
    body(st.query_params.get("control", "slider"), st.query_params.get("pictures", "chart").split(","), (wide, high))
    for place, (kind, number) in enumerate(things):
        with inside(blocks * (place + 1) // len(things) - blocks * place // len(things)):
            still(kind, number, (wide, high))


arrays()
asked = [part.split(":") for part in filter(None, st.query_params.get("still", "").split(","))]
counts = {kind: int(number) for kind, number in asked}
blocks, links = counts.pop("blocks", 0), counts.pop("links", 0)
things = [(kind, each) for kind, number in counts.items() for each in range(number)]
if links:
    others = [st.Page(lambda: None, title=f"Page {each}", url_path=f"page-{each}") for each in range(1, links)]
    st.navigation([st.Page(lambda: page(things, blocks), title="Page 0", default=True), *others]).run()
else:
    page(things, blocks)
