"""Train: images and models of the viewer's own, and what is refused."""

import shutil

import pytest

from tests.app.races import use_engine
from tests.app.reading import open_page, words
from tests.app.services.test_uploaded_models import packed as packed_model
from tests.app.services.test_uploads import BAD, arrays, packed, pixels, png
from vampcore import datasets
from vampcore.training.race_folder import read_request


@pytest.fixture
def engine(models, tmp_path, monkeypatch):
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path / "data"))
    return use_engine(tmp_path / "runs", monkeypatch)


def upload(at, key, button, name, content):
    at.file_uploader(key=key).set_value((name, content, "application/zip")).run()
    return at.button(key=button).click().run()


def test_uploaded_images_are_shown_and_trained_on(tmp_path, engine):
    files = {f"{'cat' if i < 16 else 'dog'}/{i}.png": png(image) for i, image in enumerate(pixels())}
    at = upload(open_page("train"), "upload_images", "upload_use", "my pets.zip", packed(files))
    assert not at.error
    assert "**my pets**: 20 images for training, 2 for validation, 2 for tests; 12 × 12 pixels, grey." in words(at)
    assert "2 classes: cat (" in words(at)
    assert "train_data" not in [each.key for each in at.selectbox]
    key = at.query_params["images"]
    at.button(key="train_start").click().run()
    assert not at.error
    (submitted,) = [each for each in engine.told if each != "prepare"]
    assert submitted == f"submit {key}-2d-1"
    config = read_request(tmp_path / "runs" / f"{key}-2d-1").runs[0]
    assert (datasets.title(config.data), config.epochs, config.batch_size) == ("my pets", 120, 50)
    assert datasets.load(config.data).classes == ("cat", "dog")
    at.button(key="train_new").click().run()
    at = open_page("train", images=key)
    at.button(key="upload_leave").click().run()
    assert "images" not in at.query_params
    assert at.selectbox(key="train_data").value == "digits"


def test_an_address_of_no_upload_offers_the_other_data(engine):
    at = open_page("train", images="upload-0123456789abcdef")
    assert at.selectbox(key="train_data").value == "digits"


def test_hostile_images_are_refused_on_the_page(tmp_path, engine):
    at = open_page("train")
    for case in ("bomb", "pickle"):
        name, content, said = BAD[case]
        upload(at, "upload_images", "upload_use", name, content)
        assert [said in each.value for each in at.error] == [True]
    assert not (tmp_path / "data").exists()
    assert not upload(at, "upload_images", "upload_use", "x.npz", arrays(images=pixels())).error


def test_a_model_is_opened_from_a_file_or_a_folder_of_this_machine(tmp_path, trained, engine, monkeypatch):
    at = open_page("train")
    upload(at, "upload_model", "upload_open", "x.zip", packed_model(trained / "tiny-2d" / "sg", a__b__x=b""))
    assert "the archive has more than one folder" in at.error[0].value
    upload(at, "upload_model", "upload_open", "x.zip", packed_model(trained / "tiny-2d" / "sg"))
    assert not at.error
    assert at.success[0].value == "The model is listed."
    (experiment,) = [path for path in (tmp_path / "runs").iterdir() if path.name.startswith("uploaded-")]
    assert (experiment / "sg" / "config.json").exists()

    copy = shutil.copytree(trained / "tiny-2d" / "mog", tmp_path / "elsewhere")
    (copy / "state.safetensors").write_bytes(b"x")
    at = open_page("train")
    for path, said in ((tmp_path / "no", "there is no such folder"), (tmp_path, "no sound checkpoint")):
        at.text_input(key="upload_path").set_value(str(path)).run()
        at.button(key="upload_open").click().run()
        assert said in at.error[0].value
    at.text_input(key="upload_path").set_value(str(copy)).run()
    at.button(key="upload_open").click().run()
    assert at.success[0].value == "The model is listed."
    assert (experiment / "mog" / "config.json").exists()
    assert not (experiment / "mog" / "state.safetensors").exists()
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "slurm")
    assert "upload_path" not in [each.key for each in open_page("train").text_input]
