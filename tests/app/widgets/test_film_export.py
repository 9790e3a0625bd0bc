"""The button that makes an animation, and the one that hands it out."""

import io

from PIL import Image
from streamlit.testing.v1 import AppTest

from tools.patience import patience


def script():
    import streamlit as st

    from app.services import catalogue
    from app.widgets import film_export

    refs = next(each.refs for each in catalogue.experiments() if each.name == "tiny-2d")
    film_export.offer(refs, "film")
    st.text("below")


def test_an_animation_is_made_and_handed_out_with_as_many_frames_as_the_button_says(models, monkeypatch):
    from app.figures import film_frames
    from app.figures.theme import theme
    from app.services import catalogue
    from app.widgets import film_export

    made: list[bytes] = []
    monkeypatch.setattr(film_frames.frame_epochs, "__defaults__", (3,))
    inner = film_frames.animation
    monkeypatch.setattr(film_frames, "animation", lambda *given: made.append(inner(*given)) or made[-1])
    page = AppTest.from_function(script, default_timeout=patience()).run()
    assert not page.exception
    button = page.button(key="film_make")
    assert button.label == "Make an animation of 3 frames"
    page = button.click().run()
    assert not page.exception
    assert [each.value for each in page.text] == ["below"]
    (download,) = page.get("download_button")
    assert download.proto.label == "Download as an animation"
    (content,) = made
    assert page.caption[0].value == f"Animated WebP, 3 frames, {len(content) / 1e6:.1f} MB"
    assert Image.open(io.BytesIO(content)).n_frames == 3
    refs = next(each.refs for each in catalogue.experiments() if each.name == "tiny-2d")
    assert film_export.animation(refs, theme(None), lambda done, count: None) == content
    assert len(made) == 1
