"""How typical of the prior a point of the plane is, in words."""

from app.services import densities
from app.services.images import DecodedPlace
from app.widgets.flows import NO_DENSITY
from app.widgets.numbers import count, signed

# A point less typical than all but this share of the prior's samples lies far outside the prior.
OUTSIDE = 1e-4
OUTSIDE_WORDS = (
    "Far outside the prior: 99.99 % of prior samples are more typical than this point. The decoder was not trained on "
    "such points, so the image may be meaningless."
)


def is_outside(found: DecodedPlace) -> bool:
    """Whether 99.99 % of the prior's samples are more typical than a point."""
    return found.less_dense is not None and found.less_dense <= OUTSIDE


def density_words(found: DecodedPlace, where: str) -> list[str]:
    """The density of a point under the prior; `where` says of which density it is."""
    if found.log_density is None or found.less_dense is None:
        return [NO_DENSITY]
    return [
        f"Log-density{where} **{signed(f'{found.log_density:,.2f}')} nats**",
        f"More typical than **{share_words(found.less_dense)}** of {count(densities.DRAWS)} prior samples",
    ]


def share_words(share: float) -> str:
    """A share of samples as a percentage; an estimate is never said to be 0 % or 100 %."""
    percent = 100 * share
    if percent < 0.1:
        return "<0.1 %"
    if percent > 99.9:
        return ">99.9 %"
    return f"{percent:.0f} %" if 1 <= percent < 98.95 else f"{percent:.1f} %"
