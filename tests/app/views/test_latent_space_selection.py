"""What is chosen on the latent plane: by lasso, by distance and by class, and the tables of it."""

import json
import re

import numpy as np
import pytest

from app.services import catalogue, densities
from app.services.latent_plane import encoding, selection
from tests.app.reading import words
from tests.app.views.plane import array, lasso, link, opened, spec, traces


def test_a_lasso_gives_images_their_classes_and_a_table(ref, monkeypatch):
    saved = {}
    monkeypatch.setattr(
        "app.widgets.latent_plane.selection.csv_button",
        lambda label, columns, *, key, name: saved.update({key: columns}),
    )
    x, y = encoding.points(ref).T
    left, right, bottom, top = np.median(x), x.max() + 1, np.median(y), y.max() + 1
    rows = np.flatnonzero((x > left) & (y > bottom)).tolist()
    assert 0 < len(rows) < 300
    at = lasso(opened(), left, right, bottom, top)
    assert f"**{len(rows)}** of 300 test images, inside the selection" in words(at)
    mix = at.dataframe[0].value
    labels = encoding.latents(ref).labels[rows]
    names = catalogue.facts(ref).classes
    assert dict(zip(mix["Class"], mix["Images"], strict=True)) == {
        names[label]: count for label, count in zip(*np.unique(labels, return_counts=True), strict=True)
    }
    assert mix["Share"].sum() == pytest.approx(100)
    table = saved["latent_csv"]()
    assert table["image"].tolist() == rows
    np.testing.assert_array_equal(table["elbo (nats)"], encoding.latents(ref).elbo[rows])
    np.testing.assert_array_equal(table["x (latent units)"], encoding.points(ref)[rows, 0])
    assert table["class"].tolist() == [names[label] for label in labels]


def test_of_many_images_a_random_part_of_stated_size_is_shown(models):
    at = lasso(opened(), -99, 99, -99, 99)
    assert "**300** of 300" in words(at)
    assert "72 images of the 300, a random sample (seed 0)" in words(at)
    at.toggle(key="latent_rebuilt").set_value(True).run()
    assert "72 reconstructions of the 300" in words(at)
    assert not at.exception


def test_a_distance_chooses_without_a_pointer(ref, middle):
    distance = np.linalg.norm(encoding.points(ref) - np.array(middle, np.float32), axis=1)
    at = opened(latent_point=link(middle), latent_radius="0.6")
    assert 0 < (distance <= 0.6).sum() < 300
    assert f"**{(distance <= 0.6).sum()}** of 300 test images, within 0.60 of the point" in words(at)
    assert "No test image lies within 0.60" in words(opened(latent_point="90,90", latent_radius="0.6"))
    assert "Nothing selected." in words(opened())


def test_a_distance_set_and_taken_back_shows_the_images_once(middle):
    """They move to what runs again with the place, and back."""
    at = opened(latent_point=link(middle))
    for radius, said in (
        (0.6, "within 0.60 of the point"),
        (0.0, "Nothing selected."),
        (0.7, "within 0.70 of the point"),
    ):
        at.slider(key="latent_radius").set_value(radius).run()
        assert not at.exception
        assert words(at).count(said) == 1
        assert [each.value for each in at.header].count("Selected images") == 1
        assert len(at.slider) == 1


def test_without_the_data_set_reconstructions_are_named_so(middle, monkeypatch):
    from tests.app.conftest import clear_caches
    from vampcore import datasets

    monkeypatch.setattr(datasets, "available", lambda name: False)
    clear_caches()
    at = opened(latent_point=link(middle), latent_radius="1")
    assert "nearest test images (reconstructions)" in words(at)
    assert re.search(r"^\d+ reconstructions", words(at), re.MULTILINE)
    assert "is not installed" in words(at)
    assert at.button(key="latent_download")
    assert "latent_rebuilt" not in [each.key for each in at.toggle]


def test_a_class_filter_keeps_its_dots_and_the_others_step_back(ref, middle):
    labels = encoding.latents(ref).labels
    at = opened(latent_classes=["3", "7"])
    assert not at.warning
    kept = np.isin(labels, (3, 7))
    faint, shown = (array(trace["x"]) for trace in traces(at)[:2])
    assert traces(at)[0]["name"] == "other classes"
    assert len(shown) == kept.sum()
    assert len(faint) == (~kept).sum()
    np.testing.assert_array_equal(np.sort(shown), np.sort(encoding.points(ref)[kept, 0]))
    outside = kept.sum() - len(set(selection.rows_in(ref, densities.window((ref,)))) & set(np.flatnonzero(kept)))
    beyond = "; zoom out to see those outside the frame" if outside else ""
    assert f"**{kept.sum()}** of 300 test images, of the selected classes, each drawn as a dot{beyond}." in words(at)
    written = [each["text"] for each in json.loads(spec(at))["layout"]["annotations"]]
    assert [each for each in written if each in "0123456789"] == ["3", "7"]
    inside = lasso(opened(latent_classes=["3", "7"]), -99, 99, -99, 99)
    assert f"**{kept.sum()}** of 300 test images, inside the selection" in words(inside)
    distance = np.linalg.norm(encoding.points(ref) - np.array(middle), axis=1)
    near = opened(latent_point=link(middle), latent_radius="2.5", latent_classes=["3"])
    assert f"**{(labels[distance <= 2.5] == 3).sum()}** of 300 test images, within 2.50 of the point" in words(near)


def test_the_points_table_holds_the_latents_the_plane_the_class_the_row_and_the_file(ref, monkeypatch):
    from app.widgets.latent_plane import images

    latents, rows = encoding.latents(ref), np.arange(300)
    monkeypatch.setattr("app.services.images.image_names", lambda ref: tuple(f"{row}.png" for row in range(300)))
    for means, z in ((False, latents.sample), (True, latents.mean)):
        table = images.image_table(ref, means, rows)
        for dimension in range(z.shape[1]):
            np.testing.assert_array_equal(table[f"z{dimension + 1} (latent units)"], z[:, dimension])
        np.testing.assert_array_equal(table["x (latent units)"], encoding.points(ref, means)[:, 0])
        np.testing.assert_array_equal(table["y (latent units)"], encoding.points(ref, means)[:, 1])
        assert table["file"][7] == "7.png"
        np.testing.assert_array_equal(table["number in the data set"], latents.ids)
        assert table["class"].tolist() == [catalogue.facts(ref).classes[label] for label in latents.labels]
    monkeypatch.undo()
    assert "file" not in images.image_table(ref, False, rows)
