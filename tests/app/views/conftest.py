"""What the tests of several pages need."""

import pytest

from tests.app.reading import MAIN


@pytest.fixture
def refs(models):
    """The checkpoints of the family that has all three priors."""
    from app.services import catalogue

    return next(each for each in catalogue.experiments() if each.name == "tiny-2d").refs


@pytest.fixture
def ref(refs):
    """Of them that with a VampPrior."""
    return refs[2]


@pytest.fixture
def middle(ref):
    """A place among the points, with the digits that a link keeps."""
    from app.services.latent_plane import encoding

    x, y = encoding.points(ref).mean(0)
    return round(float(x), 4), round(float(y), 4)


@pytest.fixture
def at_rest(models):
    """A machine at rest: however busy this one is, no page asks before it measures.

    It changes no result, so that tests share them: it does without the fixture `monkeypatch`.
    """
    from app.services import compare

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "seconds_a_sample", lambda ref: 1e-6)
        yield


@pytest.fixture
def shipped(models, monkeypatch):
    """The catalogue holds the checkpoints that ship."""
    from tests.app.conftest import use_root

    use_root(MAIN.parents[1] / "checkpoints", monkeypatch)
