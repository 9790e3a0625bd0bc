"""The process that takes turns with us: what is said when it cannot be had."""

import subprocess
import sys

import pytest

from benchmarks import pythae_peer
from benchmarks.pythae_peer import Peer, Unavailable


@pytest.fixture
def environment(tmp_path, monkeypatch):
    monkeypatch.setattr(pythae_peer, "ENVIRONMENT", tmp_path)
    monkeypatch.setattr(pythae_peer, "STAMP", tmp_path / "installed")
    return tmp_path


def process(code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_failed_installation_is_one_line_with_its_reason(environment, monkeypatch):
    monkeypatch.setattr(pythae_peer, "sys", type("Fake", (), {"executable": "false"}))
    with pytest.raises(Unavailable, match=r"pythae 0\.1\.2 could not be installed: exit status 1"):
        pythae_peer.install()
    assert not (environment / "installed").exists()


def test_an_installed_one_is_left_alone(environment, monkeypatch):
    (environment / "installed").touch()
    monkeypatch.setattr(pythae_peer, "_run", lambda *command: pytest.fail("installs again"))
    pythae_peer.install()


def test_a_process_that_ends_is_unavailable():
    with process("raise SystemExit(3)") as ended, pytest.raises(Unavailable, match="exit status 3"):
        Peer(ended)


def test_questions_and_answers_are_lines_of_json():
    code = (
        'print(\'{"torch": "9"}\', flush=True); import json, sys; asked = json.loads(input()); '
        'assert asked["do"] == "step"; print(json.dumps({"seconds": asked["threads"] / 8}), flush=True)'
    )
    with process(code) as running:
        peer = Peer(running)
        assert peer.torch_version == "9"
        assert peer.step(threads=2) == 0.25
        with pytest.raises(Unavailable):
            peer.step(threads=2)
