"""ELBO surgery: what the average KL is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.figures.drawing import Drawing
from app.figures.theme import Theme, laid_out, prior_colour, with_alpha, words


@dataclass(frozen=True)
class SurgeryBar:
    """The split of one model's average KL, in nats/image, each part with its standard error.

    Attributes:
        name: Label of the bar.
        prior: The prior's key, for the colour.
        mutual_information: I_q[n, z].
        mutual_information_se: Its standard error.
        marginal_kl: KL(q(z) || p(z)).
        marginal_kl_se: Its standard error.
        lower_kl: KL of the layers below, where there are any.
        saturated: Whether mutual information is near log N: it is a lower bound then, and the marginal KL an upper one.
    """

    name: str
    prior: str
    mutual_information: float
    mutual_information_se: float
    marginal_kl: float
    marginal_kl_se: float
    lower_kl: float = 0.0
    saturated: bool = False

    @property
    def signs(self) -> tuple[str, str]:
        """What stands before the two parts: nothing, or >= and <= where they are bounds."""
        return ("\u2265 ", "\u2264 ") if self.saturated else ("", "")


def surgery(mode: Theme, bars: Sequence[SurgeryBar], *, log_n: float) -> Drawing:
    """Average KL as mutual information + marginal KL, one bar a model, with the ceiling log N of the first part.

    Arguments:
        mode: The theme.
        bars: The models, from top to bottom.
        log_n: log of the number of images that both parts depend on.

    Raises:
        ValueError: If there is no bar.

    Reference:
        Hoffman, Johnson, ELBO surgery: yet another way to carve up the variational evidence lower bound, 2016.
        http://approximateinference.org/accepted/HoffmanJohnson2016.pdf
    """
    if not bars:
        raise ValueError("surgery needs at least one bar")
    names = [bar.name for bar in bars]
    colours = [prior_colour(bar.prior) for bar in bars]
    stacked = {"type": "bar", "y": names, "orientation": "h", "showlegend": False}
    error = {"thickness": 2, "width": 6, "color": mode.ink}
    figure = Drawing(
        [
            {
                **stacked,
                "x": [bar.mutual_information for bar in bars],
                "marker": {"color": colours, "line": {"width": 0}},
                "error_x": {"type": "data", "array": [bar.mutual_information_se for bar in bars], **error},
                "customdata": [bar.signs[0] for bar in bars],
                "hovertemplate": "%{y}<br>mutual information %{customdata}%{x:.2f} nats<extra></extra>",
            },
            {
                **stacked,
                "x": [bar.marginal_kl for bar in bars],
                "marker": {
                    "color": [with_alpha(colour, 0.25) for colour in colours],
                    "line": {"width": 1.5, "color": colours},
                    "pattern": {"shape": "/", "fgcolor": colours, "size": 8, "solidity": 0.3},
                },
                "error_x": {"type": "data", "array": [bar.marginal_kl_se for bar in bars], **error},
                "customdata": [bar.signs[1] for bar in bars],
                "hovertemplate": "%{y}<br>marginal KL %{customdata}%{x:.2f} nats<extra></extra>",
            },
        ]
    )
    bounds = (" (\u2265)", " (\u2264)") if any(bar.saturated for bar in bars) else ("", "")
    parts = [(f"mutual information{bounds[0]}", ""), (f"marginal KL{bounds[1]}", "/")]
    if any(bar.lower_kl for bar in bars):
        parts.append(("KL of the lower layers", "."))
        figure.add(
            {
                **stacked,
                "x": [bar.lower_kl for bar in bars],
                "marker": {
                    "color": "rgba(0,0,0,0)",
                    "line": {"width": 1.5, "color": colours},
                    "pattern": {"shape": ".", "fgcolor": colours, "size": 7},
                },
                "hovertemplate": "%{y}<br>lower layers %{x:.2f} nats<extra></extra>",
            }
        )
    # The bars have the priors' colours; the legend says in ink what full, hatched and dotted mean.
    for part, pattern in parts:
        figure.add(
            {
                "type": "bar",
                "y": names[:1],
                "x": [0],
                "orientation": "h",
                "marker": {
                    "color": mode.ink if not pattern else "rgba(0,0,0,0)",
                    "line": {"width": 1.5, "color": mode.ink},
                    "pattern": {"shape": pattern, "fgcolor": mode.ink, "size": 7},
                },
                "name": part,
                "hoverinfo": "skip",
            }
        )
    alt = "Average KL in nats per image. " + ". ".join(
        f"{bar.name}: mutual information {bar.signs[0]}{bar.mutual_information:.2f}, "
        f"marginal KL {bar.signs[1]}{bar.marginal_kl:.2f}"
        for bar in bars
    )
    laid_out(figure, mode, x="average KL (nats/image)", y="", alt=alt, height=150 + 62 * len(bars))
    figure.line_up(log_n, {"color": mode.ink, "width": 1.5, "dash": "dash"})
    top = {"xanchor": "right", "xshift": -4, "y": 1, "yref": "paper", "yanchor": "top"}
    figure.annotate(words(f"log N = {log_n:.2f}", mode.ink, x=log_n, **top))
    figure.update(barmode="stack", bargap=0.4, legend={"traceorder": "normal", "itemclick": False})
    figure.update_x(rangemode="tozero")
    figure.update_y(
        categoryorder="array",
        categoryarray=names[::-1],
        # Room above the first bar for the words at the dashed line.
        range=[-0.5, len(bars)],
        showgrid=False,
        ticklabelstandoff=8,
        tickfont={"color": mode.ink},
        fixedrange=True,
    )
    return figure
