"""The test image of the dot of a plotly figure that is pointed at or tapped, beside what the figure says of it."""

from app.frontend.carry import Kept
from app.frontend.pick import host_class
from app.frontend.sources import component

_MOUNT = component("dot_image", "plot", "decode")


def dot_image(chart_key: str, *, trace: str, images: Kept, inverted: bool) -> None:
    """Show the image of a dot of the figure shown by `st.plotly_chart(key=chart_key)`.

    Arguments:
        chart_key: Key of the chart.
        trace: Name of the trace of the dots, whose first custom number is the image's row.
        images: Digest and address of all images; with "-" and its row behind, they are those of one.
        inverted: Whether black and white change places.
    """
    _MOUNT(
        key=f"{chart_key}--dot-image",
        data={"host": host_class(chart_key), "trace": trace, "inverted": inverted, **images._asdict()},
        height="content",
    )
