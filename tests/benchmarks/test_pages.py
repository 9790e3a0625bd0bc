"""What a bare page needs to be as full as one of ours, read off ours."""

from types import SimpleNamespace

import pytest

from benchmarks import pages
from benchmarks.pages import CONTROLS, FURNITURE

ON_THE_PAGE = {"maps": 3, "charts": 2, "images": 7, "metrics": 6, "controls": 7, "buttons": 2, "texts": 14}
ON_THE_PAGE |= {"tables": 0, "headings": 3, "blocks": 40, "links": 6}
SEED, RANGE = CONTROLS[:2]


def window(counts=ON_THE_PAGE, sizes=()):
    """A window on a page with so many of each kind, whose images have these sizes."""
    kinds = {where: kind for kind, where in FURNITURE.items()}
    page = SimpleNamespace(
        locator=lambda where: SimpleNamespace(count=lambda: counts[kinds[where]]),
        eval_on_selector_all=lambda where, script: sizes,
    )
    return SimpleNamespace(page=page)


def test_what_stands_still_is_all_but_what_is_drawn_anew():
    found = pages._standing_still(window(), SEED)
    assert found["images"] == 7 - 3
    assert found["controls"] == 7 - 1
    # The page's, the sidebar's and the fragment's, a row of columns and three of them.
    assert found["blocks"] == 40 - 7
    assert {kind: found[kind] for kind in ("maps", "texts", "links")} == {"maps": 3, "texts": 14, "links": 6}


def test_a_page_without_its_pictures_is_refused():
    with pytest.raises(RuntimeError, match="overview does not have all of map,map,map"):
        pages._standing_still(window(ON_THE_PAGE | {"maps": 2}), RANGE)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([], "960x240"),
        ([[400, 6]], "960x240"),
        ([[400, 6], [900, 600], [900, 600]], "900x600"),
        ([[728, 728], [952, 112], [210, 210], [210, 210]], "952x112"),
    ],
)
def test_images_are_as_large_as_ours(sizes, said):
    assert pages._size_of_images(window(sizes=sizes)) == said


def test_pictures_are_counted_in_words():
    assert pages._counted("image,map,image") == "2 × image, map"
