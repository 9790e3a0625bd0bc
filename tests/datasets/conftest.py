"""A web server on this machine, and the real data where it is; nothing imports vampcore (see tests/conftest.py)."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Answer:
    """What the server says to one path: `announced` is the length in the header, None for no such header."""

    body: bytes
    status: int = 200
    announced: int | None = -1  # -1: the true one


@dataclass
class Server:
    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def publish(self, name: str, body: bytes) -> None:
        self.answers[f"/{name}"] = Answer(body)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.requests.append(self.path)
            answer = published.answers.get(self.path, Answer(b"no such file", 404))
            self.send_response(answer.status)
            if answer.announced is not None:
                length = len(answer.body) if answer.announced == -1 else answer.announced
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        published = Server(f"http://127.0.0.1:{httpd.server_address[1]}")
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield published
        httpd.shutdown()
        thread.join()


@pytest.fixture
def real_data() -> Path:
    """The folder of the real data; the test is skipped where there is none."""
    root = Path(os.environ.get("VAMPCORE_DATA", ""))
    if not (root / "static_mnist").is_dir():
        pytest.skip("VAMPCORE_DATA does not name a folder with the data sets")
    return root
