"""A film to take away: an animated picture that the server draws."""

from collections.abc import Callable
from contextvars import ContextVar

import streamlit as st

from app.figures import export, film_frames
from app.figures.theme import Theme
from app.services import film as films
from app.services import memory
from app.services.giving_up import go_on
from app.services.loading import Ref
from app.services.turns import lock_released
from app.widgets import family, page
from app.widgets.fragment import fragment

# Who waits for an animation is told how far it is; it is no part of what the animation is kept under.
_REPORT: ContextVar[Callable[[int, int], None]] = ContextVar("_REPORT")


@memory.cached(6)
def _animation(refs: tuple[Ref, ...], mode: Theme) -> bytes:
    panels = [film_frames.Panel(films.film(ref), ref.kind, family.full_name(ref)) for ref in refs]
    with lock_released():
        return film_frames.animation(panels, mode, _REPORT.get())


def animation(refs: tuple[Ref, ...], mode: Theme, report: Callable[[int, int], None]) -> bytes:
    """The film of some checkpoints as an animated WebP, drawn once.

    Arguments:
        refs: The checkpoints.
        mode: The theme.
        report: Called with the frames drawn and their number.
    """
    before = _REPORT.set(report)
    try:
        return _animation(refs, mode)
    finally:
        _REPORT.reset(before)


@fragment
def offer(refs: tuple[Ref, ...], key: str) -> None:
    """A button that has the animation drawn, and then one that hands it out."""
    experiment, mode = refs[0].experiment, page.mode()
    frames = len(film_frames.frame_epochs([films.film(ref) for ref in refs]))
    name = export.safe_name(f"vampscope-film-{experiment}{'' if len(refs) > 1 else '-' + refs[0].prior}.webp")
    place = st.empty()
    if place.button(f"Make an animation of {frames} frames", key=f"{key}_make", icon=":material/movie:"):
        with place.container(), page.progress("Drawing the film") as advance:

            def report(done: int, count: int) -> None:
                go_on()
                advance(done / count, f"frame {done} of {count}")

            content = animation(refs, mode, report)
        with place.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Download as an animation",
                content,
                file_name=name,
                mime="image/webp",
                key=f"{key}_download",
                icon=":material/download:",
                on_click="ignore",
            )
            st.caption(f"Animated WebP, {frames} frames, {len(content) / 1e6:.1f} MB")
