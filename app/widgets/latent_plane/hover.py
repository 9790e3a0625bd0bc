"""What lies under the pointer over the plane, decoded in the browser, where the decoder can be."""

from app import frontend, state
from app.figures.tiles import PADDING
from app.services import decoder
from app.services.loading import Ref
from app.widgets.kept import bring, kept
from app.widgets.page import is_inverted


def bring_decoder(ref: Ref) -> None:
    """Send the decoder with the page where the server has no address for it; to be called outside of fragments."""
    bring("decoder", ref, decoder.packed(ref))


def hover_words(ref: Ref) -> str:
    """How to decode a place of the plane, and why by clicks only where it is so."""
    reason = decoder.refusal(ref)
    if reason:
        return f"Choose a place on the map to decode it. Hovering does not, since {reason}."
    return "Point at the map to decode a place; click or tap to keep it."


def hover_on_plane(ref: Ref, chart_key: str, card_key: str, place: tuple[float, float], key: str) -> None:
    """Decode what lies under the pointer over the plane, or under a cursor that arrow keys move.

    Arguments:
        ref: The checkpoint.
        chart_key: Key of the plane's figure.
        card_key: Key of the container whose first picture is the decoded one.
        place: What was clicked, where the cursor begins.
        key: Name of the place in the URL.
    """
    content = decoder.packed(ref)
    if content is None:
        return
    frontend.hover(
        chart_key,
        card_key,
        label="Map of the latent space. Arrow keys move a cursor by a hundredth of the map, with Shift by a tenth; "
        "Enter keeps its place.",
        mark=place,
        decoder=kept("decoder", ref, content),
        inverted=is_inverted(ref),
        rim=PADDING,
        on_pick=lambda where: state.set_point(key, where.x, where.y),
    )
