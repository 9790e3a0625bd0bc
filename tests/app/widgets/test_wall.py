"""The wall: what its tiles show, how they are packed for a browser, and what is saved."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from app.figures.theme import theme
from app.figures.tiles import PADDING, as_bytes, stretched
from app.services import catalogue, prior_components
from app.widgets import wall
from tests.app.conftest import COMPONENTS
from tests.app.reading import ref_of


def unpacked(sent: bytes) -> tuple[dict, np.ndarray]:
    """The header of a wall, and its cells without their rims, [n, H, W] of grey."""
    length = int.from_bytes(sent[:4], "little")
    header = json.loads(sent[4 : 4 + length])
    grey = np.asarray(Image.open(io.BytesIO(sent[4 + length :])).convert("RGBA"))[..., 0]
    rows, columns = header["rows"], header["columns"]
    cells = grey.reshape(rows, grey.shape[0] // rows, columns, grey.shape[1] // columns).transpose(0, 2, 1, 3)
    return header, cells.reshape(rows * columns, *cells.shape[2:])[:, PADDING:-PADDING, PADDING:-PADDING]


def test_a_pair_is_a_pseudo_input_of_full_contrast_over_its_decoded_mean(models):
    ref = ref_of("tiny-2d", "vamp")
    pairs = wall.pixels_of(ref, "pairs", wall.BEST)
    learned, decoded = prior_components.pseudo_inputs(ref), prior_components.component_images(ref)
    height = decoded.shape[2]
    np.testing.assert_array_equal(pairs[:, :, height:], as_bytes(decoded))
    above = pairs[:, :, :height].reshape(len(pairs), -1)
    assert (above.min(1) == 0).all()
    assert (above.max(1) == 255).all()
    for one, of in zip(above, as_bytes(learned).reshape(len(pairs), -1), strict=True):
        assert np.corrcoef(one, of)[0, 1] > 0.999


@pytest.mark.parametrize("prior", ["vamp", "mog"])
def test_the_cells_hold_pseudo_inputs_and_then_decoded_means(models, prior):
    ref = ref_of("tiny-2d", prior)
    header, cells = unpacked(wall.content(ref, wall.BEST, theme("dark")).sent)
    ids, known = header["ids"], prior_components.summary(ref)
    assert sorted(ids) == list(range(COMPONENTS))
    decoded = as_bytes(prior_components.component_images(ref))[ids, 0]
    learned = prior_components.pseudo_inputs(ref)
    assert header["learned"] == (learned is not None)
    if learned is not None:
        np.testing.assert_array_equal(cells[:COMPONENTS], stretched(as_bytes(learned))[ids, 0])
        cells = cells[COMPONENTS:]
    np.testing.assert_array_equal(cells[:COMPONENTS], decoded)
    for k, (name, share), label in zip(ids, header["words"], header["labels"], strict=True):
        assert name == catalogue.facts(ref).classes[known.classes[k]]
        assert share == f"{100 * known.usage[k]:.1f} %"
        assert label.startswith(f"Component {k}, mostly class {name}, weight ")


def test_an_earlier_epoch_changes_the_pseudo_inputs_alone(models):
    ref = ref_of("tiny-2d", "vamp")
    (_, now), (_, first) = (unpacked(wall.content(ref, epoch, theme("dark")).sent) for epoch in (wall.BEST, "0"))
    assert (now[:COMPONENTS] != first[:COMPONENTS]).any()
    np.testing.assert_array_equal(now[COMPONENTS:], first[COMPONENTS:])


def test_the_order_is_that_of_the_components(models):
    ref = ref_of("tiny-2d", "vamp")
    for by in ("usage", "class", "similarity"):
        assert wall.order_of(ref, by) == prior_components.order(ref, by).tolist()


def test_the_saved_picture_holds_all_tiles(models):
    ref = ref_of("tiny-2d", "vamp")
    saved = Image.open(io.BytesIO(wall.picture(ref, wall.order_of(ref, "class"), "pairs", wall.BEST, theme("light"))))
    high, wide = (each + 2 * PADDING for each in wall.pixels_of(ref, "pairs", wall.BEST).shape[2:])
    assert (high, wide) == (18, 10)
    assert saved.size == (15 * 5 * wide, 15 * 2 * high)


def test_the_growth_of_a_pseudo_input_ends_with_the_trained_one(models):
    ref = ref_of("tiny-2d", "vamp")
    grown = dict(wall.grown_images(ref, 2))
    epochs = {f"{each.epoch}" for each in prior_components.snapshots(ref)} - {f"{catalogue.facts(ref).best_epoch}"}
    assert set(grown) == epochs | {wall.BEST}
    np.testing.assert_array_equal(grown[wall.BEST], stretched(as_bytes(prior_components.pseudo_inputs(ref)))[2:3])
