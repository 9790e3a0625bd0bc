"""Images in the plane of a plotly figure: test images at their points, and what places decode to behind them."""

from collections.abc import Sequence

from app.frontend.carry import Kept
from app.frontend.pick import host_class
from app.frontend.sources import component

_MOUNT = component("plane_pictures", "plot", "decode", "originals")


def plane_pictures(
    chart_key: str,
    *,
    shape: tuple[int, int, int],
    inverted: bool,
    images: bool,
    ground: bool,
    samples: bool,
    classes: Sequence[int],
    means: Kept,
    originals: Kept | None,
    decoder: Kept | None,
) -> None:
    """Draw images over and behind the points of the figure shown by `st.plotly_chart(key=chart_key)`.

    The figure itself stays as it is. Its axes have to be linear and of one unit, its paper transparent.

    Arguments:
        chart_key: Key of the chart.
        shape: C, H, W of an image.
        inverted: Whether black and white change places.
        images: Whether to draw test images at their points: themselves, or reconstructions where they are not at hand.
        ground: Whether to draw what a grid of places decodes to, faint behind the points.
        samples: Whether points are samples of the posteriors; else their means.
        classes: Indices of the classes in view; all if empty.
        means: The packed test images' places and means.
        originals: The packed test images; None where they are not at hand.
        decoder: The packed decoder; None where the browser cannot decode: then there is no ground.
    """
    _MOUNT(
        key=f"{chart_key}--pictures",
        data={
            "host": host_class(chart_key),
            "shape": list(shape),
            "inverted": inverted,
            "images": images,
            "ground": ground,
            "samples": samples,
            "classes": list(classes),
            "means": means._asdict(),
            "originals": originals._asdict() if originals else None,
            "decoder": decoder._asdict() if decoder else None,
        },
        height="content",
    )
