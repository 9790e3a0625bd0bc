"""The test images selected on a plane: their pictures, their classes, and a table to download."""

import numpy as np
import pandas as pd
import streamlit as st

from app import services
from app.figures.tiles import tiles
from app.widgets.controls import slide, switch
from app.widgets.crowd import look_closer
from app.widgets.export import csv_button, figure
from app.widgets.fragment import fragment
from app.widgets.latent_plane import class_names, described, image_table, of_classes
from app.widgets.layers import rebuilt_words
from app.widgets.page import mode
from app.widgets.sidebar import data_notice

# Images shown at once, in so many columns.
SHOWN, COLUMNS = 72, 12
# Pixels of an enlarged image, about twice what the screen gives it: a browser that shrinks squares keeps their edges.
ENLARGED = 112
# Pixels of the slider that chooses by distance.
SLIDER_WIDTH = 320


@fragment
def chosen_images(
    ref: services.Ref,
    lassoed: np.ndarray,
    place: tuple[float, float],
    means: bool,
    view: str,
    classes: tuple[int, ...] = (),
) -> None:
    """The images selected, by lasso or by distance from the point; their classes; a table to download."""
    facts = services.facts(ref)
    st.subheader("Selected images", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        radius = slide(
            "Distance from the point",
            key="latent_radius",
            low=0.0,
            high=3.0,
            default=0.0,
            step=0.05,
            help="Selects the images whose dots lie within this distance of the decoded point, in latent units"
            + (". " if services.plane(ref).exact else " on the plane. ")
            + "A lasso or box selection takes precedence.",
            width=SLIDER_WIDTH,
        )
        rows = lassoed
        if radius and not len(lassoed):
            rows = services.within(ref, place, radius, means)
            rows = rows[of_classes(ref, classes)[rows]]
        if len(rows):
            how = "inside the selection" if len(lassoed) else f"within {radius:.2f} of the point"
            st.markdown(f"**{len(rows):,}** of {facts.images:,} test images, {how}.")
        else:
            nothing = f"No test image lies within {radius:.2f} of the point." if radius else "Nothing selected."
            st.markdown(f"{nothing} Circle points with the lasso in the toolbar, or increase the distance.")
            return
    pictures, mix = st.columns([2, 1], gap="medium")
    with pictures:
        show_images(ref, rows)
    with mix:
        if class_names(ref) or facts.is_mixture:
            show_mix(ref, rows)
        csv_button(
            f"{len(rows):,} images (CSV)",
            lambda: image_table(ref, means, rows),
            key="latent_csv",
            name=f"{facts.name}-selected-images",
        )
        look_closer(view, ref, rows, means, drawn=bool(len(lassoed)))


def show_mix(ref: services.Ref, rows: np.ndarray) -> None:
    """How many of the selected images belong to each class, or to each component where there are no classes."""
    names = class_names(ref)
    by = "class" if names else "component"
    each = services.latents(ref).labels[rows] if names else services.components_of_images(ref).component[rows]
    kinds, counted = np.unique(each, return_counts=True)
    most = np.argsort(-counted, kind="stable")
    kinds, counted = kinds[most], counted[most]
    called = [names[kind] if names else f"{kind}" for kind in kinds]
    st.dataframe(
        pd.DataFrame({by.capitalize(): called, "Images": counted, "Share": 100 * counted / len(rows)}),
        hide_index=True,
        column_config={
            "Images": st.column_config.NumberColumn(format="localized"),
            "Share": st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100),
        },
        height=min(400, 35 * (len(counted) + 1) + 2),
        alt=f"Number of selected images of each {by}",
    )


def show_images(ref: services.Ref, rows: np.ndarray) -> None:
    """The selected images; of many, a random sample of stated size."""
    facts = services.facts(ref)
    shown = np.sort(np.random.default_rng(0).permutation(rows)[:SHOWN])
    wanted = tuple(int(row) for row in shown)
    images = services.test_images(ref, wanted)
    # Without the images there is nothing to switch between.
    rebuilt = images.originals and switch(
        "Reconstructions", key="latent_rebuilt", help="Decoded posterior means of the same images."
    )
    kind = "images" if images.originals and not rebuilt else "reconstructions"
    st.caption(
        f"{len(shown)} {kind}" + (f" of the {len(rows):,}, a random sample (seed 0)" if len(shown) < len(rows) else "")
    )
    if kind == "reconstructions" and (words := rebuilt_words(ref)):
        st.caption(words)
    drawing, _ = tiles(
        services.reconstructions(ref, wanted) if rebuilt else images.pixels,
        mode(),
        alt=f"{len(shown)} selected test images, shown as {kind}",
        columns=COLUMNS,
        ids=wanted,
        hover=described(ref, shown),
        binary=facts.binary,
        pixel=max(1, ENLARGED // facts.shape[2]),
        height=54 * -(-len(wanted) // COLUMNS),
    )
    figure(drawing, key="latent_chosen", name=f"{facts.name}-selected-images")
    if not rebuilt:
        data_notice(ref, key="latent_download")
