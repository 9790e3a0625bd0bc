"""The sidebar: which models and priors it offers, and what it says where a model or a data set is missing."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from tests.small_runs import as_format_1, rewrite_json
from tools.patience import patience


def sidebar() -> None:
    """The sidebar alone, or what stands in for a page where there is no model."""
    from app.widgets import sidebar

    if not sidebar.show():
        sidebar.no_checkpoint()


def test_the_sidebar_offers_experiments_and_priors_and_names_the_device(models):
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert not at.exception
    assert at.sidebar.selectbox(key="experiment").options == [
        "Digits, 2 latent dimensions",
        "Digits, 5 latent dimensions",
    ]
    assert at.sidebar.get_by_key("prior").value == "vamp"
    said = " ".join(caption.value for caption in at.sidebar.caption)
    assert "Computed on " in said
    assert "6 components" in said
    assert "not converged" in said


def test_without_a_model_the_command_to_train_one_is_shown(tmp_path, monkeypatch):
    from tests.app.conftest import clear_caches, use_root

    use_root(tmp_path, monkeypatch)
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    clear_caches()
    assert not at.exception
    assert at.code[0].value.startswith("python -m vampcore train")


def test_the_command_that_is_shown_trains_a_model(tmp_path, monkeypatch):
    """One epoch of what the page tells people to type; afterwards the page has a model."""
    from tests.app.conftest import clear_caches, use_root
    from vampcore import commands

    use_root(tmp_path, monkeypatch)
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    words = at.code[0].value.split()
    assert words[:3] == ["python", "-m", "vampcore"]
    out = tmp_path / "mine" / "vamp"
    assert commands.main([*words[3:], "--epochs", "1", "--out", str(out)]) == 0
    clear_caches()
    at.run()
    assert not at.exception
    assert at.sidebar.selectbox(key="experiment").options == ["Digits, 2 latent dimensions"]
    clear_caches()


def test_a_broken_checkpoint_is_named_beside_the_others(models, tmp_path, monkeypatch):
    from tests.app.conftest import use_root

    shutil.copytree(models, tmp_path / "all")
    (tmp_path / "all" / "tiny-2d" / "mog" / "metrics.json").unlink()
    use_root(tmp_path / "all", monkeypatch)
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert not at.exception
    assert "tiny-2d/mog" in at.sidebar.warning[0].value.replace("\\", "")
    assert at.sidebar.get_by_key("prior").options == ["Standard normal", "VampPrior"]


def test_an_experiment_without_a_sound_checkpoint_is_named_too(models, tmp_path, monkeypatch):
    from tests.app.conftest import use_root

    shutil.copytree(models, tmp_path / "all")
    shutil.copytree(tmp_path / "all" / "tiny-2d" / "mog", tmp_path / "all" / "alone" / "mog")
    (tmp_path / "all" / "alone" / "mog" / "metrics.json").unlink()
    use_root(tmp_path / "all", monkeypatch)
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert not at.exception
    assert [each.value.replace("\\", "").split(":")[0] for each in at.sidebar.warning] == ["alone/mog"]


def missing_data() -> None:
    """The notice on a page whose data set is not on disk."""
    from app.services import catalogue
    from app.widgets import sidebar

    ref = catalogue.experiments()[0].refs[0]
    sidebar.data_notice(ref, key="t_download")


def test_missing_data_is_offered_for_download(models, monkeypatch):
    from vampcore import datasets

    at = AppTest.from_function(missing_data, default_timeout=patience()).run()
    assert not at.button
    fetched: list[str] = []
    monkeypatch.setattr(datasets, "available", lambda name: bool(fetched))
    monkeypatch.setattr(datasets, "download", lambda name, progress: fetched.append(name))
    from tests.app.conftest import clear_caches

    clear_caches()
    at.run()
    assert "Digits" in at.markdown[0].value
    at.button(key="t_download").click().run()
    assert fetched == ["digits"]
    assert not at.button
    assert not at.exception


@pytest.mark.parametrize(("data", "file"), [("omniglot", "chardata.mat"), ("npz:mine.npz", "mine.npz")])
def test_data_that_cannot_be_downloaded_gets_words_and_no_button(models, tmp_path, monkeypatch, data, file):
    import dataclasses

    from app.services import availability

    def of_other_data(ref):
        found = loaded(ref)
        config = dataclasses.replace(found.checkpoint.config, data=data, likelihood="bernoulli")
        return dataclasses.replace(found, checkpoint=dataclasses.replace(found.checkpoint, config=config))

    loaded = availability.loaded
    monkeypatch.setattr(availability, "loaded", of_other_data)
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("VAMPSCOPE_DATA_PATHS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    at = AppTest.from_function(missing_data, default_timeout=patience()).run()
    assert not at.exception
    assert not at.button
    assert file in at.text[0].value
    assert str(tmp_path) not in at.text[0].value
    assert "vampcore data" not in at.text[0].value


@pytest.fixture
def many(models, tmp_path, monkeypatch):
    """Fourteen experiments on digits and one that says it is of another data set."""
    from tests.app.conftest import clear_caches, use_root

    for number in range(14):
        shutil.copytree(models / "tiny-2d" / "sg", tmp_path / f"run-{number:02d}" / "sg")
    shutil.copytree(models / "tiny-2d" / "vamp", tmp_path / "other" / "vamp")
    rewrite_json(tmp_path / "other" / "vamp" / "config.json", lambda fields: fields["config"].update(data="mnist"))
    use_root(tmp_path, monkeypatch)
    yield
    clear_caches()


@pytest.mark.parametrize("sealed", [True, False])
def test_a_checkpoint_without_a_manifest_is_marked_as_unchecked(sealed, models, tmp_path, monkeypatch):
    from tests.app.conftest import clear_caches, use_root

    shutil.copytree(models / "tiny-2d" / "sg", tmp_path / "tiny-2d" / "sg")
    if not sealed:
        as_format_1(tmp_path / "tiny-2d" / "sg")
    use_root(tmp_path, monkeypatch)
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert not at.exception
    assert any("Unchecked" in each.value for each in at.sidebar.caption) == (not sealed)
    clear_caches()


def test_a_long_list_is_chosen_from_by_data_set(many):
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert len(at.sidebar.selectbox(key="experiment").options) == 15
    at.sidebar.selectbox(key="data").set_value("MNIST").run()
    assert not at.exception
    assert at.sidebar.selectbox(key="experiment").options == ["MNIST, 2 latent dimensions"]
    assert at.sidebar.get_by_key("prior").value == "vamp"
    at.sidebar.selectbox(key="data").set_value("all").run()
    assert len(at.sidebar.selectbox(key="experiment").options) == 15


def test_a_short_list_is_not_cut_up(models):
    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert "data" not in [box.key for box in at.sidebar.selectbox]
