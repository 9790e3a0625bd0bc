"""A checkpoint's word for a path is not enough to read it."""

import pytest

from app.services import trusted
from vampcore import zoo
from vampcore.trusted import PATHS


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv(PATHS, raising=False)
    monkeypatch.setattr(zoo, "RUNS", tmp_path / "runs")
    run = tmp_path / "runs" / "mine" / "sg"
    run.mkdir(parents=True)
    (run / "state.safetensors").touch()
    return tmp_path


def listening(monkeypatch, address):
    monkeypatch.setattr(trusted.st, "get_option", lambda name: address)


@pytest.mark.parametrize("data", ["folder:/", "folder:/etc", "npz:~nobodyx/x", "npz:" + "a" * 300, "folder:../x"])
def test_paths_of_a_foreign_checkpoint_are_not_read(places, monkeypatch, data):
    for address in ("127.0.0.1", "0.0.0.0", None):
        listening(monkeypatch, address)
        assert not trusted.may_read(data, places / "elsewhere" / "sg")


def test_names_and_the_data_folder_and_the_paths_named_are_read(places, monkeypatch):
    listening(monkeypatch, "0.0.0.0")
    inside, named = places / "data" / "x.npz", places / "named" / "x.npz"
    assert trusted.may_read("mnist", None)
    assert trusted.may_read(f"npz:{inside}", None)
    assert not trusted.may_read(f"npz:{named}", None)
    assert not trusted.may_read(f"npz:{places / 'data' / '..' / 'secret.npz'}", None)
    monkeypatch.setenv(PATHS, f"{places / 'other'}:{places / 'named'}")
    assert trusted.may_read(f"npz:{named}", None)


def test_a_run_of_ones_own_is_read_where_the_server_is(places, monkeypatch):
    run, data = places / "runs" / "mine" / "sg", f"npz:{places / 'own.npz'}"
    listening(monkeypatch, "127.0.0.1")
    assert trusted.may_read(data, run)
    assert not trusted.may_read("folder:/", run)
    listening(monkeypatch, "0.0.0.0")
    assert not trusted.may_read(data, run)
    listening(monkeypatch, "127.0.0.1")
    (run / "state.safetensors").unlink()
    assert not trusted.may_read(data, run)
