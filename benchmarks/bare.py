"""The least that Streamlit can do, for the pages to be compared with: one fragment, one control, one picture.

`streamlit run benchmarks/bare.py`; the address says which: `?control=slider&picture=chart`. It has the one remedy
without which nothing is quick (`gc.freeze` once torch is there), and no other.
"""

import gc

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch  # noqa: F401  # what it adds to the process is there on both sides

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


def image(value: float) -> np.ndarray:
    """A small grey picture, [240, 960]."""
    rows = np.linspace(0, 127, 240, dtype=np.float32)[:, None]
    return (rows + np.linspace(0, 100 + 10 * value, 960, dtype=np.float32)).astype(np.uint8)


@st.fragment
def body(kind: str, picture: str) -> None:
    """The control and its picture."""
    if kind == "click":
        event = st.plotly_chart(bars(), key="clicked", on_select="rerun", selection_mode="points")
        value = float(sum(event["selection"]["point_indices"]))
    else:
        value = control(kind)
    if picture == "image":
        st.image(image(value), width="stretch")
    else:
        st.plotly_chart(plane(value) if picture == "plane" else chart(value), key="picture")


arrays()
body(st.query_params.get("control", "slider"), st.query_params.get("picture", "chart"))
