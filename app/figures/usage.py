"""A component's weight against its usage: what the prior promises and what the data take."""

import numpy as np

from app.figures.drawing import Drawing
from app.figures.theme import Theme, laid_out, prior_colour, rank_ticks, words

FLOOR = 0.02
"""Usage below this share of 1 / K is drawn at it: a log scale has no place for none."""

MANY = 2_000
"""From so many components on, lines stand for marks: a browser takes half a minute to draw 50,000 of them."""

DEAD = 0.1
"""A component is dead below this share of 1 / K."""


def drawn_at(share: float, count: int) -> float:
    """Where a usage, a share of one, is drawn among so many components: a place on the figure's logarithmic axis."""
    return float(np.log10(100 * max(share, FLOOR / count)))


def usage(
    mode: Theme,
    weights: np.ndarray,
    used: np.ndarray,
    *,
    prior: str,
    ids: np.ndarray | None = None,
    effective: float | None = None,
) -> Drawing:
    """Usage of every component from the most to the least used, beside its weight, in percent.

    Dead ones are crosses; of `MANY` components and more, both are lines. A point carries its component in `customdata`.

    Arguments:
        mode: The theme.
        weights: Weight of each component, [K], adding to one.
        used: Mean responsibility over the test set, [K].
        prior: The prior's key, for the colour.
        ids: Number of each component, [K]; 0 to K - 1 unless given.
        effective: Effective number of components, for the alternative text.

    Raises:
        ValueError: If the two lengths differ.
    """
    if np.shape(weights) != np.shape(used):
        raise ValueError(f"{np.size(weights)} weights but {np.size(used)} usages")
    count = len(used)
    order = np.argsort(-np.asarray(used, np.float64), kind="stable")
    named = (np.arange(count) if ids is None else np.asarray(ids))[order]
    floor, line = 100 * FLOOR / count, 100 * DEAD / count
    shares = 100 * np.asarray(used, np.float64)[order]
    dead = shares < line
    mark = "lines" if count >= MANY else "markers"
    colour = prior_colour(prior)
    rank = np.arange(1, count + 1, dtype=np.int32)
    figure = Drawing(
        [
            {
                "type": "scatter",
                "x": rank,
                "y": (100 * np.asarray(weights, np.float64)[order]).astype(np.float32),
                "customdata": named.astype(np.int32),
                "mode": mark,
                "marker": {"symbol": "line-ew", "size": 9, "line": {"width": 2, "color": mode.muted}},
                "line": {"width": 2, "color": mode.muted},
                "name": "weight",
                "hovertemplate": "component %{customdata}<br>weight %{y:.2~r} %<extra></extra>",
            },
            {
                "type": "scatter",
                "x": rank,
                "y": np.maximum(shares, floor).astype(np.float32),
                "customdata": np.stack([named, shares], 1).astype(np.float32),
                "mode": mark,
                "line": {"width": 3, "color": colour},
                "marker": {
                    "symbol": ["x-thin" if gone else "circle" for gone in dead],
                    "size": 8,
                    "color": colour,
                    "opacity": 1,
                    "line": {"width": np.where(dead, 2, 0), "color": colour},
                }
                if mark == "markers"
                else {},
                "selected": {"marker": {"opacity": 1}},
                "unselected": {"marker": {"opacity": 0.45}},
                "name": f"usage ({int(dead.sum()):,} of {count:,} dead)",
                "hovertemplate": "component %{customdata[0]:d}<br>usage %{customdata[1]:.2~r} %<extra></extra>",
            },
        ]
    )
    number = "" if effective is None else f" The effective number of components is {effective:.1f}."
    alt = f"Usage and weight of {count} components, sorted by usage; {int(dead.sum())} are dead.{number}"
    laid_out(figure, mode, x="rank by usage", y="share (%)", alt=alt, height=380)
    figure.line_across(line, {"color": mode.ink, "width": 1.5, "dash": "dash"})
    left = {"x": 0, "xref": "paper", "xanchor": "left", "yanchor": "top"}
    figure.annotate(words("dead below 0.1 / K", mode.ink, y=float(np.log10(line)), **left))
    top = 150 * max(float(np.max(weights)), float(np.max(used)))
    figure.update_y(type="log", range=[np.log10(floor * 0.7), np.log10(top)], dtick=1, tickformat="~g")
    figure.update_x(tickvals=rank_ticks(count), range=[0, count + 1])
    return figure
