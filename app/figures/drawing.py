"""A figure as plain data, in the form that plotly.js draws: traces and a layout.

Plotly's graph objects check every property when it is set, which takes 30 to 90 ms of processor for a figure of ours,
each time it is drawn. A drawing is checked by the tests instead (`Drawing.checked`), and costs next to nothing to show.

Names of classes, priors and experiments come from folders that anybody may have written, and plotly.js reads <b>, <a>
and %{..} in nearly every text. So every text of a drawing is shown as it is; a line feed starts a new line. The
exception is "hovertemplate", which holds no names: they reach it as values, "%{text}" or "%{meta[0]}" say.

Reference:
    https://plotly.com/javascript/reference/
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

Spec = dict[str, Any]
"""A part of a figure as plotly.js takes it: a trace, an axis, an annotation."""

# What plotly.js calls the types of the arrays that it takes as bytes; it has none for whole numbers of eight bytes.
ARRAY_TYPES = {
    "float64": "f8",
    "float32": "f4",
    "int32": "i4",
    "uint32": "u4",
    "int16": "i2",
    "uint16": "u2",
    "int8": "i1",
    "uint8": "u1",
}

# What is no text to be read: a template of ours, and the sentence for those who do not see the figure.
NO_TEXT = ("hovertemplate", "alt")
_MARKUP = re.compile("[&<\n]|%(?={)")
_SHOWN = {"&": "&amp;", "<": "&lt;", "\n": "<br>", "%": "&#37;"}


@dataclass
class Drawing:
    """A figure while it is drawn, and when it is done. Arrays stay NumPy arrays until `spec`.

    Attributes:
        data: Traces, the first drawn below the others.
        layout: Everything else.
    """

    data: list[Spec] = field(default_factory=list)
    layout: Spec = field(default_factory=dict)
    _spec: Spec | None = field(default=None, repr=False, compare=False)

    def add(self, *traces: Spec) -> None:
        """Draw traces above those that are there."""
        self.data.extend(traces)
        self._spec = None

    def update(self, **layout: Any) -> None:
        """Change parts of the layout: of a part that is a mapping, only what is named changes."""
        merge(self.layout, layout)
        self._spec = None

    def update_x(self, **axis: Any) -> None:
        """Change the horizontal axis."""
        self.update(xaxis=axis)

    def update_y(self, **axis: Any) -> None:
        """Change the vertical axis."""
        self.update(yaxis=axis)

    def annotate(self, *annotations: Spec) -> None:
        """Write words on the figure."""
        self.layout.setdefault("annotations", []).extend(annotations)
        self._spec = None

    def picture(self, image: Spec) -> None:
        """Lay a picture under the traces."""
        self.layout.setdefault("images", []).append(image)
        self._spec = None

    def line_across(self, y: float, line: Spec) -> None:
        """A horizontal line from edge to edge; on a log axis `y` is the value itself."""
        self._spec = None
        across = {"x0": 0, "x1": 1, "xref": "x domain", "y0": y, "y1": y, "yref": "y"}
        self.layout.setdefault("shapes", []).append({"type": "line", **across, "line": line})

    def line_up(self, x: float, line: Spec) -> None:
        """A vertical line from edge to edge."""
        self._spec = None
        up = {"x0": x, "x1": x, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
        self.layout.setdefault("shapes", []).append({"type": "line", **up, "line": line})

    def spec(self) -> Spec:
        """The figure as plotly.js takes it, with arrays as bytes; made once for a figure that stays as it is."""
        if self._spec is None:
            self._spec = {"data": _sendable(_as_text(self.data)), "layout": _sendable(_as_text(self.layout))}
        return self._spec

    def checked(self) -> go.Figure:
        """The figure as a graph object of plotly's, every property checked: for tests and notebooks.

        Raises:
            ValueError: If plotly knows a property not, or not with that value.
        """
        return go.Figure(data=_as_text(self.data), layout=_as_text(self.layout))


def merge(target: Spec, changes: Mapping[str, Any]) -> None:
    """Change `target` in place, and nothing of `changes`: mappings are merged, everything else is replaced."""
    for name, value in changes.items():
        if not isinstance(value, Mapping):
            target[name] = value
            continue
        if not isinstance(target.get(name), dict):
            target[name] = {}
        merge(target[name], value)


def _as_text(value: Any) -> Any:
    """A part of a figure whose texts plotly.js shows as they are."""
    if isinstance(value, str):
        return _MARKUP.sub(lambda found: _SHOWN[found.group()], value)
    if isinstance(value, np.ndarray):
        return _as_text(value.tolist()) if value.dtype.kind in "OU" else value
    if isinstance(value, dict):
        return {name: each if name in NO_TEXT else _as_text(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_text(each) for each in value]
    return value


def _sendable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _bytes_of(value)
    if isinstance(value, dict):
        return {name: _sendable(each) for name, each in value.items()}
    if isinstance(value, list | tuple) and any(isinstance(each, np.ndarray | dict) for each in value):
        return [_sendable(each) for each in value]
    return value


def _bytes_of(array: np.ndarray) -> Spec | list[Any]:
    """An array in the form of plotly.js; as a list where it is empty or of a type that plotly.js has not."""
    kind = ARRAY_TYPES.get(array.dtype.name)
    if kind is None or not array.size:
        listed: list[Any] = array.tolist()
        return listed
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    sent: Spec = {"dtype": kind, "bdata": base64.b64encode(little.data).decode("ascii")}
    return sent if array.ndim == 1 else sent | {"shape": ", ".join(map(str, array.shape))}
