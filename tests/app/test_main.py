"""The frame around the pages: navigation, no model at all, an error that a page lets through."""

import pytest
from streamlit.testing.v1 import AppTest

from tests import pages
from tests.app.reading import MAIN, as_shown
from tools.patience import patience

PAGES = pages.ALL


def opened(page: str = "overview", **query: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=patience())
    at.query_params.update(query)
    return at if page == "overview" else at.switch_page(f"views/{page}.py")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("prior", ["SG", "MoG", "Vamp"])
def test_every_page_opens_for_every_prior(models, page, prior):
    at = opened(page, experiment="tiny-2d", prior=prior).run()
    assert not at.exception
    assert not at.error
    assert not at.warning
    assert at.title
    assert at.sidebar.get_by_key("prior").value == prior.lower()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_in_five_dimensions(models, page):
    at = opened(page, experiment="tiny-5d").run()
    assert not at.exception
    assert not at.error


def test_without_a_model_every_address_shows_how_to_train_one(tmp_path, monkeypatch):
    from tests.app.conftest import clear_caches, use_root

    use_root(tmp_path, monkeypatch)
    at = opened().run()
    assert not at.exception
    assert at.code[0].value.startswith("python -m vampcore train")
    clear_caches()


def test_a_checkpoint_that_cannot_be_read_is_one_line(models, tmp_path, monkeypatch):
    import shutil

    from tests.app.conftest import use_root

    shutil.copytree(models / "tiny-2d" / "sg", tmp_path / "all" / "tiny-2d" / "sg")
    shutil.copytree(models / "tiny-5d", tmp_path / "all" / "tiny-5d")
    latents = tmp_path / "all" / "tiny-2d" / "sg" / "latents.safetensors"
    latents.write_bytes(latents.read_bytes()[:100])
    use_root(tmp_path / "all", monkeypatch)
    at = opened().run()
    assert not at.exception
    (error,) = at.error
    assert "tiny-2d/sg cannot be read" in as_shown(error.value)
    at.sidebar.selectbox(key="experiment").set_value("tiny-5d").run()
    assert not at.error
    assert not at.exception
