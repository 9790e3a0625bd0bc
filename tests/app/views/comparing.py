"""The page Compare as its tests open it."""

from streamlit.testing.v1 import AppTest

from app.services import hole_mass
from tests.app.reading import open_page

QUICK = {"compare_images": "100", "compare_importance": "10"}


def opened(experiment="tiny-2d", **query: str | list[str]) -> AppTest:
    return open_page("compare", **{"experiment": experiment, **QUICK, **query})


def number_of_pictures(refs) -> int:
    """For each prior five, and one more where it has samples from holes; and a test image.

    Samples, samples from outside the holes, a reconstruction, and the best and the worst images.
    """
    return 1 + sum(5 + bool(len(hole_mass.hole_samples(ref, 12).inside.z)) for ref in refs)
