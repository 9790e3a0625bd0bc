"""An image of the viewer's own: drawn, uploaded, or picked from the test set."""

from typing import NamedTuple

import streamlit as st

from app.figures.vectors import is_vector
from app.frontend import draw
from app.services import catalogue, own_image
from app.services.loading import Ref, ServiceError
from app.widgets import controls, page, pictures
from app.widgets.text import plain

DRAW, UPLOAD, PICK = "Draw", "Upload", "Test image"
KINDS = {DRAW: "drawn", UPLOAD: "uploaded", PICK: "image"}
LABEL = "Drawing area for mouse, pen or touch; by keyboard, upload an image or choose a test image"
ICON = ":material/draw:"


class Own(NamedTuple):
    """A viewer's image: the kind of `edits.Step` that it makes, and its pixels as `own_image.packed` has them."""

    kind: str
    content: bytes


def can_have(ref: Ref) -> bool:
    """Whether a model's observations are images."""
    return not is_vector(catalogue.facts(ref).shape)


def ways(ref: Ref) -> tuple[str, ...]:
    """How an image can be brought: colour is not drawn, and a model of vectors takes none."""
    return (DRAW,) * (catalogue.facts(ref).shape[0] == 1) + (UPLOAD,) if can_have(ref) else ()


def choose(ref: Ref, key: str, way: str) -> Own | None:
    """Take an image; None until there is one.

    Arguments:
        ref: The checkpoint.
        key: Of its controls in the URL begins with this.
        way: One of `ways`, or `PICK`.
    """
    try:
        content = {DRAW: _drawn, UPLOAD: _uploaded, PICK: _picked}[way](ref, key)
    except ServiceError as error:
        st.error(plain(error), icon=":material/error:")
        return None
    return None if content is None else Own(KINDS[way], content)


def _drawn(ref: Ref, key: str) -> bytes | None:
    facts = catalogue.facts(ref)
    size = own_image.canvas_size(facts.shape)
    inverted = bool(facts.binary) and not page.mode().dark
    ink = draw(key=f"{key}_canvas_{size[0]}_{size[1]}", label=LABEL, size=size, inverted=inverted)
    if ink is None:
        st.caption("Draw with a mouse, a pen or a finger; without these, upload an image.")
        return None
    return own_image.from_canvas(ref, ink)


def _uploaded(ref: Ref, key: str) -> bytes | None:
    _, height, width = catalogue.facts(ref).shape
    file = st.file_uploader(
        "Image file",
        ["png", "jpg", "jpeg"],
        key=f"{key}_file",
        help=f"PNG or JPEG. An image of another size than {height} x {width} is scaled and cropped at its middle.",
        max_upload_size=own_image.MEGABYTES,
    )
    inverted = controls.switch(
        "Invert",
        key=f"{key}_invert",
        help="Dark and light change places: for ink on paper, where the model has light ink.",
    )
    return None if file is None else own_image.from_file(ref, file.getvalue(), inverted)


def _picked(ref: Ref, key: str) -> bytes:
    most = catalogue.facts(ref).images - 1
    return own_image.from_test_set(ref, controls.number("Number", key=f"{key}_own_image", low=0, high=most, width=130))


def as_seen(ref: Ref, own: Own) -> None:
    """The image as the model sees it."""
    facts = catalogue.facts(ref)
    drawn = pictures.images_png(own_image.shares(ref, own.content), facts.binary, 1, 150)
    pictures.show(drawn, alt="Your image as the model sees it")


def seen_words(ref: Ref, own: Own) -> str:
    """What was done to the image."""
    _, height, width = catalogue.facts(ref).shape
    words = [f"{height} x {width} pixels"]
    if own.kind == KINDS[DRAW]:
        words.append("scaled and centred by its mass")
    if own_image.is_thresholded(ref):
        words.append("cut to black and white at one half")
    return ", ".join(words)
