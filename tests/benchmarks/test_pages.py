"""What a bare page needs to be as full as one of ours, read off ours."""

from types import SimpleNamespace

import pytest

from benchmarks import pages
from benchmarks.pages import FURNITURE
from tools.controls import CONTROLS

ON_THE_PAGE = {"maps": 3, "charts": 2, "images": 7, "metrics": 6, "controls": 7, "buttons": 2, "texts": 14}
ON_THE_PAGE |= {"tables": 0, "headings": 3, "blocks": 40, "links": 6}
SEED, RANGE, TILE = CONTROLS[:3]
IMAGE, CHART = {"image": "data:"}, {"figure": {"data": [{"type": "scatter"}]}}
MAP = {"figure": {"data": [{"type": "scattergl"}, {"type": "contour"}]}}


def window(counts=ON_THE_PAGE):
    """A window on a page with so many of each kind."""
    kinds = {where: kind for kind, where in FURNITURE.items()}
    return SimpleNamespace(
        page=SimpleNamespace(locator=lambda where: SimpleNamespace(count=lambda: counts[kinds[where]]))
    )


def test_what_stands_still_is_all_but_what_was_recorded():
    found = pages.standing_still(window(), SEED, 3 * [IMAGE])
    assert found["images"] == 7 - 3
    assert found["controls"] == 7 - 1
    # The page's, the sidebar's and the fragment's, a row of columns and three of them.
    assert found["blocks"] == 40 - 7
    assert {kind: found[kind] for kind in ("maps", "texts", "links")} == {"maps": 3, "texts": 14, "links": 6}


def test_what_is_clicked_is_a_chart_of_the_bare_page_and_no_control():
    found = pages.standing_still(window(), TILE, [IMAGE])
    assert (found["charts"], found["controls"]) == (2 - 1, 7)
    found = pages.standing_still(window(ON_THE_PAGE | {"charts": 0}), TILE, [IMAGE])
    assert (found["charts"], found["maps"]) == (0, 3 - 1)
    # A wall of tiles on a page without a chart is none of what is counted.
    assert pages.standing_still(window(ON_THE_PAGE | {"charts": 0, "maps": 0}), TILE, [IMAGE])["maps"] == 0


def test_a_page_without_its_pictures_is_refused():
    with pytest.raises(RuntimeError, match="overview does not have all that was recorded of it"):
        pages.standing_still(window(ON_THE_PAGE | {"maps": 2}), RANGE, 3 * [MAP])


@pytest.mark.parametrize(("picture", "kind"), [(IMAGE, "images"), (CHART, "charts"), (MAP, "maps")])
def test_pictures_are_counted_by_what_is_in_them(picture, kind):
    assert pages.kind_of(picture) == kind
