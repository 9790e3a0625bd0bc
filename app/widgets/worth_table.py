"""What each component of an edited prior is worth, as a table to read and to take away."""

import numpy as np
import pandas as pd
import streamlit as st

from app.figures.export import Column
from app.figures.tiles import data_uri
from app.services import catalogue, edit_prior, edited
from app.services.edits import Steps
from app.services.loading import Ref
from app.widgets import export
from app.widgets.pictures import images_png

# Of longer tables the rows have no pictures; pixels of a picture.
MOST_PICTURES, ACROSS = 100, 35


def worth_table(ref: Ref, steps: Steps) -> None:
    """All components, the most valuable first."""
    facts, after, found = catalogue.facts(ref), edited.edited(ref, steps), edit_prior.worth(ref, steps)
    order = np.argsort(-found.worth, kind="stable")
    table: dict[str, Column] = {
        "Component": [after.names[k] for k in found.components[order]],
        "Weight (%)": 100 * after.weights[found.components[order]],
        "Worth (nats an image)": found.worth[order],
        "Standard error": found.se[order],
    }
    # Zero has no sign.
    shown = pd.DataFrame(table | {"Worth (nats an image)": found.worth[order].round(3) + 0.0})
    if len(order) <= MOST_PICTURES:
        images = edit_prior.decoded(ref, steps)[order]
        drawn = [data_uri(images_png(each[None], facts.binary, across=ACROSS)) for each in images]
        shown.insert(1, "Decoded mean", drawn)
    st.dataframe(
        shown,
        hide_index=True,
        height=min(400, 35 * (len(order) + 1) + 2),
        column_config={
            "Decoded mean": st.column_config.ImageColumn(width=115),
            "Weight (%)": st.column_config.NumberColumn(format="%.2f"),
            "Worth (nats an image)": st.column_config.NumberColumn(format="%.3f"),
            "Standard error": st.column_config.NumberColumn(format="%.3f"),
        },
        alt="What each component is worth",
    )
    st.caption(
        f"What removing this component alone costs, on {found.images} test images; the change of log p(x) above is "
        "measured on others."
    )
    export.csv_button("Save the table", table, key="edit_csv", name=f"{facts.name}-worth")
