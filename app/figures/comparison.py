"""One number of several models, each with its standard error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.figures.drawing import Drawing, Spec
from app.figures.theme import COMPARED, Theme, laid_out, prior_colour, prior_symbol


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error.

    Attributes:
        name: Label of the row.
        prior: The prior's key, for colour and symbol; None for a published figure, in amber.
        value: The number.
        se: Its standard error; None where none is known.
        others: The same number of other trainings, drawn hollow.
    """

    name: str
    prior: str | None
    value: float
    se: float | None
    others: tuple[float, ...] = ()


def estimates(mode: Theme, rows: Sequence[Estimate], *, quantity: str, zero: bool = False) -> Drawing:
    """Numbers as dots on one axis, each with a bar of +- one standard error.

    For priors compared image by image, pass the paired differences to one of them and `zero=True`: a bar that
    keeps well clear of the line is a difference.

    Arguments:
        mode: The theme.
        rows: From top to bottom.
        quantity: Title of the axis with its unit, "log-likelihood minus that of SG (nats/image)" say.
        zero: Whether zero is drawn as a line and kept in view.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError("a comparison needs at least one row")
    figure = Drawing()
    for row in rows:
        error = None if row.se is None else {"array": [row.se], "width": 8}
        if row.others:
            figure.add(_hollow(row))
        hover = f"%{{y}}<br>%{{x:.2f}}{'' if row.se is None else f' ± {row.se:.2f}'}<extra></extra>"
        figure.add(_dot(row, error, hover, size=14))
    alt = f"{quantity}. " + ". ".join(
        f"{row.name}: {row.value:.2f}"
        + ("" if row.se is None else f" ± {row.se:.2f}")
        + ("" if not row.others else f", other trainings {', '.join(f'{each:.2f}' for each in row.others)}")
        for row in rows
    )
    laid_out(figure, mode, x=quantity, y="", alt=alt, height=96 + 44 * len(rows))
    rest = [each for row in rows for each in row.others] + ([0.0] if zero else [])
    lows = np.array([row.value - (row.se or 0) for row in rows] + rest)
    highs = np.array([row.value + (row.se or 0) for row in rows] + rest)
    room = 0.08 * max(float(highs.max() - lows.min()), 1e-6)
    figure.update_x(range=[float(lows.min()) - room, float(highs.max()) + room], nticks=5, tickangle=0)
    if zero:
        figure.line_up(0, {"color": mode.ink, "width": 1.5, "dash": "dash"})
    _name_rows(figure, mode, rows)
    return figure


def _hollow(row: Estimate) -> Spec:
    """The values of a row's other trainings."""
    return {
        "type": "scatter",
        "x": list(row.others),
        "y": [row.name] * len(row.others),
        "mode": "markers",
        "marker": {"symbol": "circle-open", "size": 10, "color": _colour(row), "line": {"width": 2}},
        "hovertemplate": "%{y}, another training<br>%{x:.2f}<extra></extra>",
        "showlegend": False,
    }


@dataclass(frozen=True)
class Interval:
    """A difference and the ends of its interval.

    Attributes:
        name: Label of the row.
        prior: The prior's key, for colour and symbol.
        value: The difference.
        low: Lower end.
        high: Upper end.
    """

    name: str
    prior: str
    value: float
    low: float
    high: float


def intervals(mode: Theme, rows: Sequence[Interval], *, quantity: str, base: str, margin: float, alt: str) -> Drawing:
    """Differences from one prior as dots with their intervals, small enough to stand beside a sentence.

    Arguments:
        mode: The theme.
        rows: From top to bottom.
        quantity: Title of the axis with its unit.
        base: Key of the prior at zero, for the colour of its line.
        margin: Differences within so many are a tie: a band around zero.
        alt: What the picture shows.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError("a comparison needs at least one row")
    figure = Drawing()
    for row in rows:
        ends = {"symmetric": False, "array": [row.high - row.value], "arrayminus": [row.value - row.low], "width": 7}
        hover = f"%{{y}}: %{{x:.2f}}<br>{row.low:.2f} to {row.high:.2f}<extra></extra>"
        figure.add(_dot(row, ends, hover, size=12))
    laid_out(figure, mode, x=quantity, y="", alt=alt, height=58 + 30 * len(rows))
    low, high = min(0.0, *(row.low for row in rows)), max(0.0, *(row.high for row in rows))
    room = 0.08 * max(high - low, 1e-6)
    figure.update(
        margin={"t": 4, "b": 4, "r": 8},
        shapes=[
            {
                "type": "rect",
                "xref": "x",
                "yref": "y domain",
                "x0": -margin,
                "x1": margin,
                "y0": 0,
                "y1": 1,
                "line": {"width": 0},
                "fillcolor": mode.grid,
                "layer": "below",
            }
        ],
    )
    figure.line_up(0, {"color": prior_colour(base), "width": 3})
    figure.update_x(range=[low - room, high + room], nticks=5, tickangle=0, fixedrange=True, title={"standoff": 4})
    _name_rows(figure, mode, rows)
    figure.update_y(showgrid=False)
    return figure


def _colour(row: Estimate | Interval) -> str:
    return COMPARED if row.prior is None else prior_colour(row.prior)


def _dot(row: Estimate | Interval, error: Spec | None, hover: str, size: int) -> Spec:
    """A row's value, and its bar where it has one."""
    colour = _colour(row)
    symbol = "hexagram" if row.prior is None else prior_symbol(row.prior)
    bar = {} if error is None else {"error_x": {"type": "data", "thickness": 2.5, "color": colour} | error}
    return {
        "type": "scatter",
        "x": [row.value],
        "y": [row.name],
        "mode": "markers",
        "marker": {"symbol": symbol, "size": size, "color": colour},
        "hovertemplate": hover,
        "showlegend": False,
    } | bar


def _name_rows(figure: Drawing, mode: Theme, rows: Sequence[Estimate] | Sequence[Interval]) -> None:
    """Name the rows from top to bottom beside the y axis."""
    figure.update_y(
        categoryorder="array",
        categoryarray=[row.name for row in rows][::-1],
        range=[-0.6, len(rows) - 0.4],
        ticklabelstandoff=8,
        tickfont={"color": mode.ink, "size": 14},
        fixedrange=True,
    )
