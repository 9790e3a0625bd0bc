"""Latent dimensions: which are active, and what each costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.figures.drawing import Drawing
from app.figures.theme import Theme, laid_out, prior_colour, prior_symbol, rank_ticks, with_alpha, words

THRESHOLD = 0.01
"""A unit is active above this variance of its posterior mean.

Reference:
    Burda, Grosse, Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016. https://arxiv.org/abs/1509.00519
"""

SMALLEST = 1e-8


@dataclass(frozen=True)
class Activity:
    """The activities A_i = Var_x(E_q(z_i|x)[z_i]) of one layer under one prior.

    Attributes:
        name: What the legend says, "VampPrior".
        prior: The prior's key, for the colour.
        activity: A_i of every unit, [D], in the square of the latent unit.
    """

    name: str
    prior: str
    activity: np.ndarray

    @property
    def active(self) -> int:
        """How many units are active."""
        return int((np.asarray(self.activity) > THRESHOLD).sum())


def active_units(mode: Theme, series: Sequence[Activity], *, height: int = 420) -> Drawing:
    """Activities from the largest to the smallest on a log scale, with the line between active and not.

    A point carries its unit in `customdata`, so that a selection names the unit. Inactive units are hollow.

    Raises:
        ValueError: If there is no series.
    """
    if not series:
        raise ValueError("active units need at least one series")
    figure = Drawing()
    for one in series:
        activity = np.maximum(np.asarray(one.activity, np.float64), SMALLEST)
        order = np.argsort(-activity, kind="stable")
        colour = prior_colour(one.prior)
        alive = activity[order] > THRESHOLD
        figure.add(
            {
                "type": "scatter",
                "x": np.arange(1, len(order) + 1, dtype=np.int16),
                "y": activity[order].astype(np.float32),
                "customdata": order.astype(np.int16),
                "mode": "lines+markers",
                "line": {"color": colour, "width": 2},
                "marker": {
                    "symbol": [prior_symbol(one.prior) + ("" if active else "-open") for active in alive],
                    "size": 9,
                    "color": colour,
                },
                "selected": {"marker": {"opacity": 1}},
                "unselected": {"marker": {"opacity": 0.45}},
                "name": f"{one.name}: {one.active} of {len(order)} active",
                "meta": [one.name],
                "hovertemplate": "%{meta[0]}<br>unit %{customdata}<br>A = %{y:.3g}<extra></extra>",
            }
        )
    alt = "Activity of latent units, sorted, on a log scale. " + ", ".join(
        f"{one.name}: {one.active} of {len(one.activity)} active" for one in series
    )
    laid_out(figure, mode, x="rank by activity", y="activity A (latent unit²)", alt=alt, height=height)
    figure.line_across(THRESHOLD, {"color": mode.ink, "width": 1.5, "dash": "dash"})
    left = {"x": 0, "xref": "paper", "xanchor": "left", "yanchor": "top"}
    figure.annotate(words(f"active above {THRESHOLD}", mode.ink, y=float(np.log10(THRESHOLD)), **left))
    figure.update_y(type="log", dtick=1, tickformat="~g")
    longest = max(len(one.activity) for one in series)
    figure.update_x(tickvals=rank_ticks(longest), range=[0, longest + 1])
    return figure


def kl_per_dimension(mode: Theme, kl: np.ndarray, dependence: float | None, *, prior: str, name: str = "") -> Drawing:
    """KL of each latent dimension, largest first, and what their dependence under the prior adds.

    The bars add up to the KL of the layer: sum_i KL(q_i || p_i) with the prior's one-dimensional marginals, plus
    E_q[sum_i log p_i(z_i) - log p(z)], which is negative where the marginals alone ask for too much.

    Arguments:
        mode: The theme.
        kl: KL of each dimension in nats, [D].
        dependence: The last bar, in nats; None without one, for a prior whose dimensions are independent.
        prior: The prior's key, for the colour.
        name: What is shown, for the alternative text.
    """
    values = np.asarray(kl, np.float64)
    order = np.argsort(-values, kind="stable")
    places = np.arange(1, len(order) + 1, dtype=np.int16)
    total = float(values.sum() + (dependence or 0))
    last, wide = len(order) + max(2, round(0.05 * len(order))), max(0.8, 0.03 * len(order))
    if dependence is None:
        last, wide = len(order), 1.0
    figure = Drawing(
        [
            {
                "type": "bar",
                "x": places,
                "y": values[order].astype(np.float32),
                "customdata": order.astype(np.int16),
                "marker": {"color": prior_colour(prior), "line": {"width": 0}},
                "selected": {"marker": {"opacity": 1}},
                "unselected": {"marker": {"opacity": 0.45}},
                "name": "dimension",
                "hovertemplate": "unit %{customdata}<br>KL %{y:.3f} nats<extra></extra>",
                "showlegend": False,
            }
        ]
    )
    if dependence is not None:
        figure.add(
            {
                "type": "bar",
                "x": [last],
                "y": [dependence],
                "width": [wide],
                "marker": {
                    "color": with_alpha(mode.ink, 0.15),
                    "line": {"width": 1.5, "color": mode.ink},
                    "pattern": {"shape": "/", "fgcolor": mode.ink, "size": 7},
                },
                "name": "dependence",
                "hovertemplate": "dependence %{y:.3f} nats<extra></extra>",
                "showlegend": False,
            }
        )
    of_which = "" if dependence is None else f", of which dependence {dependence:.2f}"
    alt = f"KL of each latent dimension {name}: {total:.2f} nats in all{of_which}"
    laid_out(figure, mode, x="rank by KL", y="KL (nats/image)", alt=alt, height=400)
    if dependence is not None:
        # Plotly drops the label of the last bar where it passes the edge. This one ends at the edge, and the numbers
        # leave it room on a phone.
        corner = {"x": 1, "xref": "paper", "xanchor": "right", "y": 0, "yref": "paper", "yanchor": "top"}
        figure.annotate(words("dependence", mode.muted, **corner))
    marks = [place for place in rank_ticks(len(order)) if dependence is None or place <= 0.7 * last]
    # On the left there is room for the ring round the first bar, which else hides the numbers of the axis.
    figure.update_x(tickvals=marks, showgrid=False, range=[0.5 - 0.03 * last, last + wide / 2])
    figure.update_y(zeroline=True, zerolinecolor=mode.muted, zerolinewidth=1)
    figure.update(bargap=0.15)
    return figure
