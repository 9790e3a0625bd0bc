"""How the ELBO went while a model was trained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.figures.drawing import Drawing
from app.figures.theme import Theme, laid_out, prior_colour, prior_symbol


@dataclass(frozen=True)
class History:
    """One training run.

    Attributes:
        name: What the legend says.
        prior: The prior's key, for the colour.
        epoch: Epochs, [E], from 1.
        train_elbo: Mean ELBO of the training images at each epoch, nats/image, [E].
        validation_elbo: The same of the validation images; NaN where it was not measured.
        best: The epoch whose weights were kept.
    """

    name: str
    prior: str
    epoch: np.ndarray
    train_elbo: np.ndarray
    validation_elbo: np.ndarray
    best: int | None = None


def history(mode: Theme, runs: Sequence[History]) -> Drawing:
    """Training (dotted) and validation (solid) ELBO against the epoch, the best epoch marked.

    The first epochs are far below the rest and would press it flat: the vertical range leaves out what lies in the
    first tenth of a run, and panning finds it.

    Raises:
        ValueError: If there is no run, or none has an epoch.
    """
    if not runs or not any(len(run.epoch) for run in runs):
        raise ValueError("there is no epoch to draw yet")
    figure = Drawing()
    last = max(int(run.epoch[-1]) for run in runs if len(run.epoch))
    first = last // 10
    seen = []
    for run in runs:
        colour = prior_colour(run.prior)
        for elbo, what, dash in ((run.train_elbo, "training", "dot"), (run.validation_elbo, "validation", "solid")):
            values = np.asarray(elbo, np.float32)
            seen.append(values[np.asarray(run.epoch) >= first])
            figure.add(
                {
                    "type": "scatter",
                    "x": np.asarray(run.epoch, np.int32),
                    "y": values,
                    "mode": "lines+markers" if len(values) == 1 else "lines",
                    "line": {"color": colour, "width": 2.4 if dash == "solid" else 1.8, "dash": dash},
                    "name": f"{run.name}, {what}",
                    "hovertemplate": "%{fullData.name}<br>epoch %{x}<br>%{y:.2f} nats<extra></extra>",
                }
            )
        if run.best is not None:
            at = np.flatnonzero(np.asarray(run.epoch) == run.best)
            figure.add(
                {
                    "type": "scatter",
                    "x": np.asarray(run.epoch, np.int32)[at],
                    "y": np.asarray(run.validation_elbo, np.float32)[at],
                    "mode": "markers",
                    "marker": {"symbol": prior_symbol(run.prior), "size": 12, "color": colour},
                    "name": f"{run.name}, best epoch",
                    "showlegend": False,
                    "hovertemplate": "%{fullData.name} %{x}<br>%{y:.2f} nats<extra></extra>",
                }
            )
    alt = "Training and validation ELBO against the epoch: " + ", ".join(
        f"{run.name} {len(run.epoch)} epochs" + ("" if run.best is None else f", best at {run.best}") for run in runs
    )
    laid_out(figure, mode, x="epoch", y="ELBO (nats/image)", alt=alt, height=420)
    finite = np.concatenate(seen)
    finite = finite[np.isfinite(finite)]
    if len(finite):
        low, high = float(finite.min()), float(finite.max())
        room = 0.06 * max(high - low, 1e-3)
        figure.update_y(range=[low - room, high + room])
    figure.update(hovermode="closest")
    return figure
