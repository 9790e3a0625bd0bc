"""The command `vampscope`: the server of `make app` when alone, and otherwise the commands of the library."""

import re
import shlex
import socket
from pathlib import Path

import pytest
from streamlit.web import cli

import vampscope
from vampcore.commands import main as library

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def served(monkeypatch):
    """What Streamlit would run, instead of running it."""
    commands = []
    monkeypatch.setattr(cli, "main", lambda command, **_: commands.append(command))
    monkeypatch.setattr(vampscope, "_check_free", lambda address, port: None)
    return commands


def test_alone_it_serves_as_make_app_does(served):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = re.findall(r"^\t.*\$\(BIN\)/streamlit (run .*)$", makefile, re.MULTILINE)
    for name, value in re.findall(r"^(ADDRESS|PORT) \?= (.*)$", makefile, re.MULTILINE):
        line = line.replace(f"$({name})", value)
    assert vampscope.main([]) == 0
    (command,) = served
    assert [command[0], Path(command[1]).relative_to(ROOT).as_posix(), *command[2:]] == shlex.split(line)


def test_port_and_address_can_be_chosen(served):
    vampscope.main(["--address", "0.0.0.0", "--port", "8600"])
    assert served[0][2:] == ["--server.address=0.0.0.0", "--server.port=8600"]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8.5", ""])
def test_a_port_that_does_not_exist_is_refused(served, capsys, port):
    with pytest.raises(SystemExit, match="2"):
        vampscope.main([f"--port={port}"])
    assert capsys.readouterr().err.splitlines()[-1].endswith("--port: must be a whole number from 1 to 65535")
    assert served == []


def test_a_port_in_use_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(cli, "main", lambda *_, **__: pytest.fail("the server was started"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match="2"):
            vampscope.main(["--port", str(port)])
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"cannot listen on 127.0.0.1:{port}" in said
    assert "choose another --port" in said


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"]])
def test_a_command_is_that_of_the_library(capsys, arguments):
    assert vampscope.main(arguments) == 0
    found = capsys.readouterr().out
    assert library(arguments) == 0
    assert found == capsys.readouterr().out
    assert "digits-2d" in found


def test_a_command_is_called_as_it_was_typed(capsys):
    with pytest.raises(SystemExit, match="0"):
        vampscope.main(["train", "--help"])
    assert capsys.readouterr().out.startswith("usage: vampscope train ")


def test_a_command_that_fails_hands_on_its_exit_status(capsys):
    assert vampscope.main(["sample", "no/such", "--out", "grid.png"]) == 1
    assert "no checkpoint is called 'no/such'" in capsys.readouterr().err
