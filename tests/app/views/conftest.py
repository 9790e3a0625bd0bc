"""What the tests of several pages need."""

import pytest


@pytest.fixture
def refs(models):
    """The checkpoints of the family that has all three priors."""
    from app import services

    return next(each for each in services.experiments() if each.name == "tiny-2d").refs
