"""What is known of every latent unit, as a table to read and to take away."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app.services import catalogue, units
from app.services.loading import Ref
from app.widgets.export import csv_button


def units_table(ref: Ref) -> None:
    """What is known of every unit, to read and to take away."""
    table = _table(ref)
    short = {"A (latent units\u00b2)": "A", "A / mean \u03c3\u00b2": "A/\u03c3\u00b2", "KL (nats/image)": "KL"}
    short |= {"SE of KL": "\u00b1"}
    small = {name: st.column_config.NumberColumn(word, format="%.3g", help=name) for name, word in short.items()}
    st.dataframe(
        table,
        hide_index=True,
        height=min(350, 35 * (len(table) + 1) + 2),
        column_config=small,
        alt=f"Activity and KL of every unit of {ref.name}",
    )
    columns = {str(name): values.to_numpy() for name, values in table.items()}
    csv_button("Units (CSV)", columns, key="units_csv", name=f"{catalogue.facts(ref).name}-units")


def _table(ref: Ref) -> pd.DataFrame:
    """Every unit of every layer, from the most to the least active of its layer; the KL of the top layer alone."""
    layers, parts, frames = units.activity(ref), units.kl_per_dimension(ref), []
    for depth, layer in enumerate(layers):
        order = np.argsort(-layer.activity, kind="stable")
        absent = np.full(len(order), np.nan)
        columns: dict[str, Any] = {
            "layer": f"z{len(layers) - depth}",
            "unit": order,
            "A (latent units\u00b2)": layer.activity[order],
            "A / mean \u03c3\u00b2": layer.ratio[order],
        }
        if parts is not None:
            columns["KL (nats/image)"] = absent if depth else parts.kl[order]
            columns["SE of KL"] = absent if depth else parts.kl_se[order]
        frames.append(pd.DataFrame(columns | {"active": layer.active[order]}))
    table = pd.concat(frames, ignore_index=True)
    return table if len(layers) > 1 else table.drop(columns="layer")
