"""Names and colours of a prior in maps that move."""

from app.figures import theme
from app.frontend.lane import Lane
from app.services import priors
from app.widgets import page
from app.widgets.text import printable


def lane(prior: str, name: str, alt: str) -> Lane:
    """How a prior looks in the theme of the page."""
    mode = page.mode()
    text, colour = theme.prior_text_colour(prior, mode), theme.prior_colour(prior)
    return Lane(
        label=printable(name),
        short=printable(priors.short_prior_name(prior)),
        colour=colour,
        line=text if mode.dark else colour,
        text=text,
        symbol=theme.prior_symbol(prior),
        ring=theme.COMPARED,
        alt=alt,
    )
