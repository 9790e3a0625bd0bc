"""The page that edits a prior: what its buttons change, undo and redo, the link, and what it says of other priors."""

import numpy as np
import pytest
from streamlit.proto.SelectWidgetFilterMode_pb2 import FILTER_MODE_PREFIX

from app.figures.theme import LIGHT
from app.services import edit_prior, edits
from app.services.edits import Step
from app.widgets import edited_plane
from tests.app.reading import as_shown, metric, open_page, ref_of, words
from tests.app.services.test_uploads import png


@pytest.fixture
def ref(models):
    return ref_of("tiny-2d", "mog")


def edit_in(at):
    """The edit that the address names."""
    (said,) = [at.query_params["edit"]] if isinstance(at.query_params["edit"], str) else at.query_params["edit"]
    return said


def link(ref, *steps):
    return f"{ref.sha256[:6]}~{edits.words(steps)}"


def test_an_edit_is_in_the_link_and_can_be_undone_and_made_again(ref):
    at = open_page("edit_prior", prior="MoG")
    at.button(key="edit_measure").click().run()
    assert len(at.dataframe[0].value) == 6
    assert metric(at, "Change of log p(x)") == "\u2013"
    assert "no edit yet" in words(at)
    assert "effective samples;" not in words(at)
    assert (at.number_input(key="edit_kept").value, at.number_input(key="edit_kept").max) == (3, 6)
    choice = at.multiselect(key="edit_chosen").proto
    assert (choice.filter_mode, choice.select_all) == (FILTER_MODE_PREFIX, 0)
    assert at.button(key="edit_undo").disabled
    assert "**Edited prior**" not in words(at)
    at.multiselect(key="edit_chosen").set_value(["0", "3"]).run()
    at.button(key="edit_do_remove").click().run()
    assert not at.exception
    steps = (edits.remove([0, 3]),)
    assert edit_in(at) == link(ref, *steps)
    assert "**Edited prior**" in words(at)
    found = edit_prior.change(ref, steps).metric
    assert metric(at, "Change of log p(x)").startswith(f"{found.value:+.2g}".lstrip("+").replace("-", "\u2212")[:3])
    assert metric(at, "Components") == "4"
    assert (at.number_input(key="edit_kept").value, at.number_input(key="edit_kept").max) == (3, 4)
    assert at.multiselect(key="edit_chosen").options == ["1", "2", "4", "5"]
    at.button(key="edit_undo").click().run()
    assert "edit" not in at.query_params
    assert at.multiselect(key="edit_chosen").options == ["0", "1", "2", "3", "4", "5"]
    at.button(key="edit_redo").click().run()
    assert edit_in(at) == link(ref, *steps)
    at.button(key="edit_reset").click().run()
    assert "edit" not in at.query_params
    at.button(key="edit_do_dead").click().run()
    assert "edit_do_dead" not in [each.key for each in at.button]


def test_a_link_opens_the_edit_and_the_table_says_what_each_is_worth(ref):
    steps = (edits.copy([2]), Step("image", number=4, weight=0.1))
    at = open_page("edit_prior", prior="MoG", edit=link(ref, *steps))
    table, known = at.dataframe[0].value, edit_prior.worth(ref, steps)
    assert sorted(table["Component"]) == sorted(["0", "1", "2", "3", "4", "5", "copy of 2", "test image 4"])
    np.testing.assert_allclose(table["Worth (nats an image)"], sorted(known.worth, reverse=True), atol=5e-4)
    twins = table.set_index("Component")["Decoded mean"]
    assert twins["2"] == twins["copy of 2"] != twins["3"]
    assert all(each.startswith("data:image/png;base64,") for each in twins)
    assert "150 test images" in words(at)
    # Plotly's tools on a phone, and the title under them.
    plane = edited_plane.edited_plane(ref, steps, LIGHT)
    assert plane.layout["margin"]["t"] >= 28 + 22
    (points,) = plane.layout["images"]
    assert points["source"].startswith("data:image/png;base64,")
    assert edited_plane.edited_plane(ref, (), LIGHT).layout["images"] == [points]
    assert plane.spec()["data"] != edited_plane.edited_plane(ref, (), LIGHT).spec()["data"]
    samples = edit_prior.samples(ref, steps, 32, 0)
    assert f"{len(samples.changed)} of 32 samples changed" in words(at)


@pytest.mark.parametrize("said", ["abc", "{mark}~burn", "000000~dead"])
def test_a_link_that_is_no_edit_of_this_model_is_named(ref, said):
    at = open_page("edit_prior", prior="MoG", edit=said.format(mark=ref.sha256[:6]))
    assert "edit" not in at.query_params
    assert any("edit =" in each.value for each in at.warning)
    assert "no edit yet" in words(at)


def test_an_edit_waits_while_another_page_is_open(ref):
    at = open_page("edit_prior", prior="MoG", edit=link(ref, edits.remove([1])))
    at.switch_page("views/components.py").run()
    at.switch_page("views/edit_prior.py").run()
    assert edit_in(at) == link(ref, edits.remove([1]))


@pytest.fixture
def image():
    """An upload that is a test image of its own size."""
    levels = np.arange(64, dtype=np.uint8).reshape(8, 8) % 17
    return levels, png(np.rint(levels / 16 * 255).astype(np.uint8))


def upload(at, content):
    at.segmented_control(key="edit_own").set_value("Upload").run()
    return at.file_uploader(key="edit_file").set_value(("x.png", content, "image/png")).run()


def test_a_component_is_added_at_an_uploaded_image(ref, image):
    at = open_page("edit_prior", prior="MoG")
    assert not at.button(key="edit_do_add").disabled, "at a test image"
    upload(at, image[1])
    assert "8 x 8 pixels" in words(at)
    at.button(key="edit_do_add").click().run()
    assert not at.exception
    step = Step("uploaded", image=image[0].tobytes(), weight=0.05)
    assert edit_in(at) == link(ref, step)
    assert metric(at, "Components") == "7"
    assert "uploaded image" in at.multiselect(key="edit_chosen").options


def test_a_file_that_is_no_image_is_refused_in_one_line(ref):
    at = upload(open_page("edit_prior", prior="MoG"), b"no image")
    assert [as_shown(each.value) for each in at.error] == [
        "the file is not an image of the formats PNG, JPEG: save it anew as PNG or JPEG"
    ]
    assert at.button(key="edit_do_add").disabled


def test_an_edit_that_is_too_long_for_an_address_is_kept_in_the_session(ref, image, monkeypatch):
    monkeypatch.setattr(edits, "MOST_BYTES", 60)
    at = upload(open_page("edit_prior", prior="MoG"), image[1])
    at.button(key="edit_do_add").click().run()
    draft = f"{ref.sha256[:6]}~draft"
    assert edit_in(at) == draft
    assert metric(at, "Components") == "7"
    assert "too long for an address" in words(at)
    at.switch_page("views/components.py").run()
    at.switch_page("views/edit_prior.py").run()
    assert edit_in(at) == draft
    at.button(key="edit_undo").click().run()
    assert "edit" not in at.query_params
    at.button(key="edit_redo").click().run()
    assert metric(at, "Components") == "7"

    other = open_page("edit_prior", prior="MoG", edit=draft)
    assert "edit" not in other.query_params
    assert any("kept only where it was made" in each.value for each in other.warning)
