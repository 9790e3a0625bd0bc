"""What is selected on the plane: the outlines that the browser drew; the images, their classes, a table to download."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app.figures.tiles import tiles
from app.services import catalogue, images
from app.services.latent_plane import encoding, selection, view
from app.services.latent_plane.selection import Outlines
from app.services.loading import Ref
from app.widgets.controls import slide, switch
from app.widgets.export import csv_button, figure
from app.widgets.fragment import fragment
from app.widgets.latent_plane.images import class_names, described, image_table, of_classes
from app.widgets.latent_plane.view import forget_outlines, keep_outlines, show_part
from app.widgets.layers import rebuilt_words
from app.widgets.page import mode
from app.widgets.sidebar import data_notice

# Images shown at once, in so many columns.
SHOWN, COLUMNS = 72, 12
# Pixels of an enlarged image, about twice what the screen gives it: a browser that shrinks squares keeps their edges.
ENLARGED = 112
# Pixels of the slider that chooses by distance.
SLIDER_WIDTH = 320
MOST_OUTLINES, MOST_CORNERS, FARTHEST = 50, 20_000, 1e12


@fragment
def selected_images(
    ref: Ref,
    outlined: np.ndarray,
    place: tuple[float, float],
    means: bool,
    view: str,
    classes: tuple[int, ...] = (),
) -> None:
    """The images selected, by lasso or by distance from the point; their classes; a table to download."""
    facts = catalogue.facts(ref)
    st.header("Selected images", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        radius = slide(
            "Distance from the point",
            key="latent_radius",
            low=0.0,
            high=3.0,
            default=0.0,
            step=0.05,
            help="Selects the images whose dots lie within this distance of the decoded point, in latent units"
            + (". " if encoding.plane(ref).exact else " on the plane. ")
            + "A lasso or box selection takes precedence.",
            width=SLIDER_WIDTH,
        )
        rows = outlined
        if radius and not len(outlined):
            rows = selection.within(ref, place, radius, means)
            rows = rows[of_classes(ref, classes)[rows]]
        if len(rows):
            how = "inside the selection" if len(outlined) else f"within {radius:.2f} of the point"
            st.markdown(f"**{len(rows):,}** of {facts.images:,} test images, {how}.")
        else:
            nothing = f"No test image lies within {radius:.2f} of the point." if radius else "Nothing selected."
            st.markdown(f"{nothing} Circle points with the lasso in the toolbar, or increase the distance.")
            return
    pictures, mix = st.columns([2, 1], gap="medium")
    with pictures:
        show_images(ref, rows)
    with mix:
        if class_names(ref) or facts.has.components:
            show_mix(ref, rows)
        csv_button(
            f"{len(rows):,} images (CSV)",
            lambda: image_table(ref, means, rows),
            key="latent_csv",
            name=f"{facts.name}-selected-images",
        )
        look_closer(view, ref, rows, means, drawn=bool(len(outlined)))


def show_mix(ref: Ref, rows: np.ndarray) -> None:
    """How many of the selected images belong to each class, or to each component where there are no classes."""
    names = class_names(ref)
    by = "class" if names else "component"
    each = encoding.latents(ref).labels[rows] if names else encoding.components_of_images(ref).component[rows]
    kinds, members = np.unique(each, return_counts=True)
    most = np.argsort(-members, kind="stable")
    kinds, members = kinds[most], members[most]
    called = [names[kind] if names else f"{kind}" for kind in kinds]
    st.dataframe(
        pd.DataFrame({by.capitalize(): called, "Images": members, "Share": 100 * members / len(rows)}),
        hide_index=True,
        column_config={
            "Images": st.column_config.NumberColumn(format="localized"),
            "Share": st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100),
        },
        height=min(400, 35 * (len(members) + 1) + 2),
        alt=f"Number of selected images of each {by}",
    )


def show_images(ref: Ref, rows: np.ndarray) -> None:
    """The selected images; of many, a random sample of stated size."""
    facts = catalogue.facts(ref)
    shown = np.sort(np.random.default_rng(0).permutation(rows)[:SHOWN])
    wanted = tuple(int(row) for row in shown)
    found = images.from_test_set(ref, wanted)
    # Without the images there is nothing to switch between.
    rebuilt = found.originals and switch(
        "Reconstructions", key="latent_rebuilt", help="Decoded posterior means of the same images."
    )
    kind = "images" if found.originals and not rebuilt else "reconstructions"
    st.caption(
        f"{len(shown)} {kind}" + (f" of the {len(rows):,}, a random sample (seed 0)" if len(shown) < len(rows) else "")
    )
    if kind == "reconstructions" and (words := rebuilt_words(ref)):
        st.caption(words)
    drawing, _ = tiles(
        images.reconstructions(ref, wanted) if rebuilt else found.pixels,
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


def look_closer(key: str, ref: Ref, rows: np.ndarray, means: bool, drawn: bool) -> None:
    """Zoom to the selected images, and clear the selection."""
    if st.button("Zoom to these images", key="latent_closer", icon=":material/zoom_in:"):
        show_part(key, view.window_of(ref, rows, means))
        st.rerun()
    if drawn and st.button("Clear selection", key="latent_undrawn", icon=":material/close:"):
        forget_outlines()
        st.rerun()


def follow_outlines(ref: Ref, chart_key: str) -> None:
    """Keep what the browser just drew on the plane."""
    keep_outlines(ref, *outlines_of(st.session_state.get(chart_key)))


def outlines_of(event: Any) -> tuple[Outlines, str | None]:
    """The outlines of a figure's selection event, and the tool that drew the last of them.

    The browser is not ours: what is no outline is left out.
    """
    found, tool = [], None
    for name, kept in (("box", "select"), ("lasso", "lasso")):
        for drawn in _listed(_part(_part(event, "selection"), name)):
            x, y = _part(drawn, "x"), _part(drawn, "y")
            if not isinstance(x, list) or not isinstance(y, list) or len(x) != len(y) or len(x) > MOST_CORNERS:
                continue
            if name == "box" and len(x) == 2:
                x, y = [x[0], x[1], x[1], x[0]], [y[0], y[0], y[1], y[1]]
            if len(x) > 2 and all(_is_place(each) for each in (*x, *y)):
                found.append(tuple((float(a), float(b)) for a, b in zip(x, y, strict=True)))
                tool = kept
    return tuple(found), tool


def _listed(value: Any) -> list[Any]:
    return value[:MOST_OUTLINES] if isinstance(value, list) else []


def _is_place(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < FARTHEST


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
