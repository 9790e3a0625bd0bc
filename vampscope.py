"""The command `vampscope`: alone it serves the dashboard; `vampscope train ...` is `python -m vampcore train ...`."""

import argparse
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

SERVER = Path(__file__).with_name("app") / "asgi.py"
PORTS = range(1, 2**16)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the dashboard until it is stopped, or run a command of the library; return the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and not given[0].startswith("-"):
        from vampcore.commands import main as run_command  # imports PyTorch, which `--help` need not wait for

        return run_command(given, program="vampscope")
    return _serve(given)


def _serve(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        "vampscope",
        description="Serve the dashboard. It shows the models that came with VampScope, and those in checkpoints/ and "
        "runs/ of the current folder.",
        epilog="`vampscope train ...`, `vampscope list` and so on run the commands that `python -m vampcore --help` "
        "lists.",
    )
    parser.add_argument("--address", default="127.0.0.1", help="where the server listens. Default: 127.0.0.1.")
    parser.add_argument("--port", type=_port, default=8501, help="port that the server listens on. Default: 8501.")
    options = parser.parse_args(arguments)
    try:
        _check_free(options.address, options.port)
    except OSError as error:
        parser.error(
            f"cannot listen on {options.address}:{options.port} ({error.strerror}): choose another --port or --address"
        )
    from streamlit.web import cli

    command = ["run", str(SERVER), f"--server.address={options.address}", f"--server.port={options.port}"]
    return int(cli.main(command, prog_name="streamlit", standalone_mode=False) or 0)


def _port(text: str) -> int:
    if text.isdecimal() and int(text) in PORTS:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from {PORTS[0]} to {PORTS[-1]}")


def _check_free(address: str, port: int) -> None:
    """Raise an OSError if nothing can listen there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
