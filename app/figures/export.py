"""What can be taken away from a figure: an image made by the browser, a CSV of its numbers, a sentence about it."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from app.figures.drawing import Drawing, Spec

STAGE = 1.25
"""How much larger the words of a figure, and the figure, are on a stage."""
_FONTS = ("font", "tickfont", "textfont", "title_font")

DOUBLE_CLICK = 300
"""Milliseconds within which two clicks are a double one, which shows the whole figure again. Plotly asks for no more
than 500 and not where they were, so that who decodes two places in half a second would lose the part in view. Who
double-clicks more slowly than this has the tool bar."""

MOST_BYTES = 200
"""Of the name of a file, without the ending that the camera adds and the number that a browser adds to a second one."""

Column = np.ndarray | Sequence[float | int | str | None]


def safe_name(words: str) -> str:
    """Words as the name of a file: characters that file systems refuse, the "/" of a model's name too, become "-".

    Of a long name the middle is left out: a file's name has 255 bytes at most, and its end says what the file is.
    """
    name = "".join(character if character.isalnum() or character in "-_." else "-" for character in words)
    return name if len(name.encode()) <= MOST_BYTES else _within(name)


def _within(name: str) -> str:
    """The beginning and the end of a name, together of `MOST_BYTES` bytes at most."""
    half = MOST_BYTES // 2 - 1
    raw = name.encode()
    return f"{raw[:half].decode(errors='ignore')}--{raw[-half:].decode(errors='ignore')}"


def plot_config(
    filename: str,
    *,
    image: Literal["png", "svg"] = "png",
    scale: int = 2,
    selectable: bool = False,
    bar: bool = True,
) -> dict[str, Any]:
    """Plotly's own configuration, for `st.plotly_chart(config=...)`: the camera saves the figure under a name of ours.

    Arguments:
        filename: Name of the saved file, without its ending; made safe.
        image: What the camera saves.
        scale: Enlargement of a PNG; 2 is sharp on a projector.
        selectable: Whether the mode bar offers lasso and box.
        bar: Whether there is a mode bar.
    """
    removed = ["autoScale2d", "toggleSpikelines", "hoverClosestCartesian", "hoverCompareCartesian"]
    if not selectable:
        removed += ["lasso2d", "select2d"]
    return {
        "displaylogo": False,
        "typesetMath": False,
        **({} if bar else {"displayModeBar": False}),
        "responsive": True,
        "scrollZoom": False,
        "doubleClickDelay": DOUBLE_CLICK,
        "modeBarButtonsToRemove": removed,
        "toImageButtonOptions": {"format": image, "filename": safe_name(filename) or "vampscope", "scale": scale},
    }


def alt_text(figure: Drawing) -> str:
    """The sentence that stands for the picture, for `st.plotly_chart(alt=...)`."""
    return str(figure.layout["meta"]["alt"])


def for_stage(spec: Spec) -> Spec:
    """The specification of a figure with larger words, and higher, to be seen from afar; the one given stays."""
    layout = _larger(spec["layout"])
    if "height" in layout:
        layout["height"] = round(STAGE * layout["height"])
    if "margin" in layout:
        layout["margin"] = {side: round(STAGE * pixels) for side, pixels in layout["margin"].items()}
    return {**spec, "data": [_larger(trace) for trace in spec["data"]], "layout": layout}


def _larger(part: Any) -> Any:
    """A part of a specification with larger fonts; numbers, texts and arrays are left alone."""
    if isinstance(part, list):
        return [_larger(each) if isinstance(each, dict) else each for each in part]
    if not isinstance(part, dict):
        return part
    found = {key: _larger(value) for key, value in part.items()}
    for key in _FONTS:
        if isinstance(found.get(key), dict) and isinstance(found[key].get("size"), int | float):
            found[key] = {**found[key], "size": STAGE * found[key]["size"]}
    return found


def csv_bytes(columns: Mapping[str, Column]) -> bytes:
    """A table as UTF-8 CSV: names first, floats with the digits that give the same number back, missing values empty.

    Arguments:
        columns: Name (with its unit, as "elbo (nats)") to values; all of one length.

    Raises:
        ValueError: If there is no column, or the lengths differ.
    """
    if not columns:
        raise ValueError("a table needs at least one column")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the columns have different lengths: {lengths}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    lists = [values.tolist() if isinstance(values, np.ndarray) else list(values) for values in columns.values()]
    for row in zip(*lists, strict=True):
        writer.writerow(["" if value is None or value != value else value for value in row])
    return text.getvalue().encode()
