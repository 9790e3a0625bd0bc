"""Who comes while the server gets ready is told so, and gets the page when it is."""

import gc
import threading

import pytest
from streamlit.testing.v1 import AppTest

from app.services import loading
from tests.app.reading import MAIN
from tests.processes import run_python
from tools.patience import patience


def test_the_first_model_is_at_hand_before_anybody_asks(models, monkeypatch):
    from app import ready, state
    from app.services import loading

    read = []
    load = loading.load
    monkeypatch.setattr(loading, "load", lambda path: read.append(path) or load(path))
    ready.start_up()
    assert read == [models / "tiny-2d" / "vamp"]
    loading.loaded(state.first().ref)
    assert len(read) == 1


def test_without_a_checkpoint_getting_ready_says_nothing(tmp_path, monkeypatch, capsys):
    from app import ready
    from tests.app.conftest import clear_caches, use_root

    use_root(tmp_path, monkeypatch)
    ready.start_up()
    clear_caches()
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def not_ready(monkeypatch):
    """A server that has just started."""
    from app import ready

    monkeypatch.setattr(ready, "_READY", threading.Event())
    return ready


def test_who_comes_first_is_told_and_then_gets_the_page(models, not_ready, monkeypatch):
    waited, imports = [], not_ready.import_pages
    monkeypatch.setattr(not_ready, "import_pages", lambda: waited.append(True) or imports())
    at = AppTest.from_file(str(MAIN), default_timeout=patience()).run()
    assert waited == [True]
    assert not at.exception
    assert at.title[0].value.startswith("Which prior explains")
    assert not [each for each in at.markdown if "Getting ready" in each.value]
    at.run()
    assert waited == [True]


def test_the_words_come_before_the_imports(models, not_ready, monkeypatch, caplog):
    monkeypatch.setattr(not_ready, "import_pages", lambda: (_ for _ in ()).throw(RuntimeError("not yet")))
    at = AppTest.from_file(str(MAIN), default_timeout=patience()).run()
    assert len(at.exception) == 1
    assert "RuntimeError: not yet" in caplog.text
    assert "Getting ready: loading PyTorch." in at.main.markdown[0].value
    assert len(at.get("plotly_chart")) == 1
    assert not [each for each in caplog.messages if "alt" in each]


def test_imports_are_not_gone_through_for_garbage():
    script = """
import gc
from app import ready
begun = []
gc.callbacks.append(lambda phase, _: begun.append(gc.get_freeze_count()) if phase == "start" else None)
ready.import_pages()
held = [[] for _ in range(100_000)]
print(min(begun), gc.isenabled())
"""
    frozen, enabled = run_python(script).split()
    assert int(frozen) > 100_000
    assert enabled == "True"


def test_garbage_is_collected_again_where_an_import_fails(not_ready, monkeypatch):
    def fails() -> None:
        raise ImportError("no pandas")

    monkeypatch.setattr(not_ready, "_import_for_figures", fails)
    with pytest.raises(ImportError, match="no pandas"):
        not_ready.start_up()
    assert gc.isenabled()
    assert not not_ready._READY.is_set()


def test_a_first_model_that_fails_hides_no_other(models, not_ready, monkeypatch):
    monkeypatch.setattr(loading, "warm_up", lambda ref: (_ for _ in ()).throw(RuntimeError("out of memory")))
    with pytest.raises(RuntimeError, match="out of memory"):
        not_ready.start_up()
    assert not_ready._READY.is_set()


def test_nothing_is_imported_before_somebody_asks():
    heavy = "print([name for name in ('torch', 'pandas', 'vampcore') if name in sys.modules])"
    assert run_python(f"import sys; from app import ready; {heavy}").strip() == "[]"
