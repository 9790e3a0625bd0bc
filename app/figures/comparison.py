"""One number of several models, each with its standard error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.figures.drawing import Drawing
from app.figures.theme import COMPARED, Theme, laid_out, prior_colour, prior_symbol


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error.

    Attributes:
        name: Label of the row.
        prior: The prior's key, for colour and symbol; None for a published figure, in amber.
        value: The number.
        se: Its standard error; None where none is known.
    """

    name: str
    prior: str | None
    value: float
    se: float | None


def estimates(
    mode: Theme, rows: Sequence[Estimate], *, quantity: str, zero: bool = False, height: int | None = None
) -> Drawing:
    """Numbers as dots on one axis, each with a bar of +- one standard error.

    For priors compared image by image, pass the paired differences to one of them and `zero=True`: a bar that
    keeps well clear of the line is a difference.

    Arguments:
        mode: The theme.
        rows: From top to bottom.
        quantity: Title of the axis with its unit, "log-likelihood minus that of SG (nats/image)" say.
        zero: Whether zero is drawn as a line and kept in view.
        height: Pixels; grows with the rows unless given.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError("a comparison needs at least one row")
    figure = Drawing()
    for row in rows:
        colour = COMPARED if row.prior is None else prior_colour(row.prior)
        bar = {"type": "data", "array": [row.se], "thickness": 2.5, "width": 8, "color": colour}
        error = {} if row.se is None else {"error_x": bar}
        figure.add(
            dict(
                type="scatter",
                x=[row.value],
                y=[row.name],
                mode="markers",
                marker={
                    "symbol": "hexagram" if row.prior is None else prior_symbol(row.prior),
                    "size": 14,
                    "color": colour,
                },
                **error,
                hovertemplate=f"%{{y}}<br>%{{x:.2f}}{'' if row.se is None else f' ± {row.se:.2f}'}<extra></extra>",
                showlegend=False,
            )
        )
    alt = f"{quantity}. " + ". ".join(
        f"{row.name}: {row.value:.2f}" + ("" if row.se is None else f" ± {row.se:.2f}") for row in rows
    )
    tall = 96 + 44 * len(rows) if height is None else height
    laid_out(figure, mode, x=quantity, y="", alt=alt, height=tall)
    lows = np.array([row.value - (row.se or 0) for row in rows] + ([0.0] if zero else []))
    highs = np.array([row.value + (row.se or 0) for row in rows] + ([0.0] if zero else []))
    room = 0.08 * max(float(highs.max() - lows.min()), 1e-6)
    figure.update_x(range=[float(lows.min()) - room, float(highs.max()) + room], nticks=5, tickangle=0)
    if zero:
        figure.line_up(0, {"color": mode.ink, "width": 1.5, "dash": "dash"})
    figure.update_y(
        categoryorder="array",
        categoryarray=[row.name for row in rows][::-1],
        range=[-0.6, len(rows) - 0.4],
        ticklabelstandoff=8,
        tickfont={"color": mode.ink, "size": 14},
        fixedrange=True,
    )
    return figure
