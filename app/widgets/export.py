"""Figures and their takeaways: PNG and SVG from the browser, CSV and other files from here."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from app.figures import export
from app.figures.drawing import Drawing, Spec
from app.presenting import is_presenting
from app.widgets.screen import is_narrow

FORMAT_KEY = "figure_format"
FORMATS = ("PNG", "SVG")


class Shown(go.Figure):  # type: ignore[misc]  # plotly ships no types
    """A drawing as `st.plotly_chart` takes it: a plotly figure that is asked for its specification and nothing else.

    A plain mapping would do too, but Streamlit has plotly check every property of it, which takes longer than the rest.
    """

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing

    def to_dict(self) -> Spec:
        """The specification, unchecked."""
        spec = self._drawing.spec()
        return export.for_stage(spec) if is_presenting() else spec


def saved_as() -> Literal["png", "svg"]:
    """The format in which a figure's tool bar saves it, "png" or "svg"."""
    return "svg" if st.session_state.get(FORMAT_KEY) == "SVG" else "png"


def figure(
    drawing: Drawing,
    *,
    key: str,
    name: str,
    selectable: bool = False,
    on_select: Callable[[], None] | None = None,
) -> dict[str, Any] | None:
    """Show a figure; its mode bar saves it as `name`, PNG or SVG as the sidebar says.

    On a narrow screen only a figure to select in has one: where there is no pointer to hover with, plotly shows it for
    good, and there it covers the picture.

    Arguments:
        drawing: From `app.figures`.
        key: Of the chart.
        name: File name of what is saved, without its ending.
        selectable: Offer lasso and box, and return what they hold.
        on_select: Called before the script runs again, when the selection has changed.

    Returns:
        The selection event where `selectable`, else None.
    """
    config = export.plot_config(
        name,
        image=saved_as(),
        selectable=selectable,
        bar=selectable or not is_narrow(),
    )
    shown = Shown(drawing)
    if not selectable:
        st.plotly_chart(shown, theme=None, key=key, config=config, alt=export.alt_text(drawing), width="stretch")
        return None
    event = st.plotly_chart(
        shown,
        theme=None,
        key=key,
        config=config,
        alt=export.alt_text(drawing),
        width="stretch",
        on_select=on_select or "rerun",
        selection_mode=("lasso", "box"),
    )
    return dict(event)


def csv_button(
    label: str,
    columns: Mapping[str, export.Column] | Callable[[], Mapping[str, export.Column]],
    *,
    key: str,
    name: str,
) -> None:
    """A button that hands out a table; names carry their unit, as "elbo (nats)".

    It is written when somebody asks for it; a long one may be given as a function, to be gathered only then.
    """
    st.download_button(
        label,
        lambda: export.csv_bytes(columns() if callable(columns) else columns),
        file_name=export.safe_name(f"{name}.csv"),
        mime="text/csv",
        key=key,
        icon=":material/table:",
        on_click="ignore",
    )


def file_button(label: str, content: bytes | Callable[[], bytes], *, key: str, name: str) -> None:
    """A button that hands out a PNG under `name`, which has its ending; a function makes it when it is asked for."""
    st.download_button(
        label,
        content,
        file_name=export.safe_name(name),
        mime="image/png",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )
