"""What the tests of several pages need."""

import pytest


@pytest.fixture
def refs(models):
    """The checkpoints of the family that has all three priors."""
    from app.services import catalogue

    return next(each for each in catalogue.experiments() if each.name == "tiny-2d").refs
