"""The figures of all priors of an experiment as a table, measured now or stored."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import streamlit as st

from app import services
from app.widgets.family import of_top_layer, short_name
from app.widgets.numbers import count, format_value, label
from app.widgets.sidebar import data_notice

NEAR = 0.95
"""The share of its ceiling from which on mutual information is called a lower bound."""


def table(
    refs: tuple[services.Ref, ...], get: Callable[[services.Ref, str], services.Metric | None], absent: str
) -> pd.DataFrame:
    """Figures in rows, priors in columns, as people read them; `absent` stands for those that are not there."""
    rows = {}
    for each in services.LIVE_ROWS:
        found = [get(ref, each) for ref in refs]
        known = next((metric for metric in found if metric is not None), None)
        if known is not None:
            unit = f" ({known.unit})" if known.unit not in ("units", "samples") else ""
            whose = of_top_layer(refs[0]) if each in ("mutual_information", "marginal_kl") else ""
            rows[label(each) + whose + unit] = [
                absent if metric is None else format_value(metric.value, metric.se) for metric in found
            ]
    return pd.DataFrame.from_dict(rows, orient="index", columns=[short_name(ref) for ref in refs])


def stored(refs: tuple[services.Ref, ...], images: int) -> None:
    """The figures that the checkpoints hold, where none can be measured now, and why."""
    st.table(table(refs, services.metric, "not evaluated"), border="horizontal")
    parts = estimated_parts(refs)
    but = f", but log p(x) and its effective samples: {parts} (log p(x) completed by the ELBO of all)" if parts else ""
    st.caption(f"Stored with the checkpoints, from all {count(images)} test images{but}.")
    say_ceiling({ref: services.metric(ref, "mutual_information") for ref in refs}, images)
    if not services.has_data(refs[0]):
        data_notice(refs[0], key="compare_download")
        return
    st.info(
        "Measured now, the priors could not be compared image by image: they keep the latents of different test "
        "images. Copy the whole ones with `python -m vampcore reduce CHECKPOINT --images N --out FOLDER`, N as the "
        "others have.",
        icon=":material/filter_alt:",
    )


def say_ceiling(information: Mapping[services.Ref, services.Metric | None], images: int) -> None:
    """Say of which priors the mutual information is near the most that so many images can show."""
    ceiling = np.log(images)
    near = [
        short_name(ref) for ref, metric in information.items() if metric is not None and metric.value > NEAR * ceiling
    ]
    if near:
        st.caption(
            f"{', '.join(near)}: the mutual information is near its ceiling, log N = {ceiling:.2f}; it is a lower "
            "bound then, and the marginal KL an upper one."
        )


def estimated_parts(refs: tuple[services.Ref, ...]) -> str:
    """Of how many test images log p(x) was estimated, for each prior where those are not all: "SG of 400"."""
    parts = ((ref, services.estimated_part(ref)) for ref in refs)
    return ", ".join(f"{short_name(ref)} of {count(part)}" for ref, part in parts if part is not None)
