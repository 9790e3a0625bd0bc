"""A cross and an ellipse over a plotly figure, drawn in the browser: the figure itself stays as it is."""

from typing import NamedTuple

from app.figures.theme import COMPARED
from app.frontend.pick import host_class
from app.frontend.sources import component

_MOUNT = component("spot", "plot", "follow")


class Spot(NamedTuple):
    """An ellipse in a figure whose axes have one unit.

    Attributes:
        x: Of its middle.
        y: Of its middle.
        longer: Its longer half axis.
        shorter: Its shorter half axis.
        angle: Of the longer one to the first axis of the figure, in degrees.
    """

    x: float
    y: float
    longer: float
    shorter: float
    angle: float


def spot(chart_key: str, where: Spot) -> None:
    """Show a cross with an ellipse around it in the figure shown by `st.plotly_chart(key=chart_key)`."""
    _MOUNT(
        key=f"{chart_key}--spot",
        data={"host": host_class(chart_key), "spot": where._asdict(), "colour": COMPARED},
        height="content",
    )
