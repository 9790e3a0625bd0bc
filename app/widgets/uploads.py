"""A viewer's own images and models on the page Train."""

import streamlit as st

from app.frontend.links import Link, links
from app.services import archives, uploaded_models, uploads
from app.services.loading import ServiceError
from app.widgets import numbers, pictures
from app.widgets.text import plain, printable

KEY = "images"
"""Name in the address: the upload in view."""
MEGABYTES = archives.MOST_BYTES // 10**6
COLOURS = {"grey": "Grey", "rgb": "Colour"}
IMAGES = (
    "A zip file with a folder for each class, or an npz file with the array `images` and, for classes, `labels`. "
    f"At most {archives.MOST_ENTRIES:,} files and {MEGABYTES} MB, unpacked as well; at least 20 images."
)
MODEL = "A zip file of the folder of one checkpoint: `config.json`, `weights.safetensors` and its other files."
ACROSS, COLUMNS = 360, 16


def in_view() -> str | None:
    """The key of the upload that the address names, if there is one."""
    said = st.query_params.get(KEY, "")
    return said if uploads.title_of(said) else None


def show(key: str) -> None:
    """What an upload holds, and the way back to other data."""
    found = uploads.opened_upload(key)
    channels, height, width = found.shape
    train, validation, test = (numbers.count(each) for each in found.images)
    colours = "colour" if channels > 1 else "black and white" if found.binary else "grey"
    st.markdown(
        f"**{plain(printable(found.title))}**: {train} images for training, {validation} for validation, "
        f"{test} for tests; {height} × {width} pixels, {colours}."
    )
    if found.classes:
        named = ", ".join(
            f"{printable(name)} ({numbers.count(count)})" for name, count in list(found.classes.items())[:12]
        )
        st.caption(plain(f"{len(found.classes)} classes: {named}{', ...' if len(found.classes) > 12 else ''}"))
    drawn = pictures.images_png(found.preview, found.binary, COLUMNS, ACROSS)
    pictures.show(drawn, alt=f"{len(found.preview)} of the training images")
    for note in st.session_state.get(f"upload-notes-{key}", found.notes):
        st.caption(plain(note))
    if st.button("Use other data", key="upload_leave", icon=":material/undo:"):
        del st.query_params[KEY]
        st.rerun()


def offer(paths: bool) -> None:
    """Take images to train on, or a model.

    Arguments:
        paths: Whether a folder of the server's machine may be opened.
    """
    with st.expander("Your own images, or a model", icon=":material/upload:"):
        images, model = st.columns(2, gap="medium")
        with images:
            _images()
        with model:
            _model(paths)


def _images() -> None:
    file = st.file_uploader("Images", ["zip", "npz"], key="upload_images", help=IMAGES, max_upload_size=MEGABYTES)
    colour = st.radio("Colour", list(COLOURS), format_func=COLOURS.__getitem__, horizontal=True, key="upload_colour")
    if st.button("Use these images", key="upload_use", disabled=file is None) and file is not None:
        try:
            found = uploads.accept(file.name, file.getvalue(), colour)
        except ServiceError as error:
            st.error(plain(error), icon=":material/error:")
            return
        st.session_state[f"upload-notes-{found.key}"] = found.notes
        st.query_params[KEY] = found.key
        st.rerun()


def _model(paths: bool) -> None:
    file = st.file_uploader("Checkpoint", ["zip"], key="upload_model", help=MODEL, max_upload_size=MEGABYTES)
    path = st.text_input("or the path of its folder", key="upload_path") if paths else ""
    if not st.button("Open this model", key="upload_open", disabled=file is None and not path):
        return
    try:
        taken = uploaded_models.accept_folder(path) if file is None else uploaded_models.accept(file.getvalue())
    except ServiceError as error:
        st.error(plain(error), icon=":material/error:")
        return
    st.success("The model is listed.", icon=":material/check:")
    links(
        "Model",
        [Link("Open in Overview", f"./?experiment={taken[0]}&prior={taken[1]}", primary=True)],
        key="upload_link",
    )
