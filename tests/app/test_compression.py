"""Scripts and styles are sent compressed to those who read it, and compressed once."""

import gzip

import pytest

from app.compression import Compressed
from tests.app.asking import answer

BODY = b"let x = 1;\n" * 500
SCRIPT = "/static/js/index.Ab1.js"


class Server:
    """Answers a path with the same content in two pieces, others with 404; counts its answers."""

    def __init__(self) -> None:
        self.answers = 0

    async def __call__(self, scope, receive, send) -> None:
        self.answers += 1
        status = 404 if scope["path"].endswith("absent.js") else 200
        headers = [(b"content-length", b"%d" % len(BODY)), (b"content-type", b"text/javascript"), (b"etag", b'"a"')]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": BODY[:100], "more_body": True})
        await send({"type": "http.response.body", "body": BODY[100:]})


def test_a_script_is_compressed_once_for_all_who_ask():
    server = Server()
    app = Compressed(server)
    first, second = (answer(app, SCRIPT, accept_encoding="br, gzip") for _ in range(2))
    assert first == second
    assert server.answers == 1
    status, headers, content = first
    assert status == 200
    assert gzip.decompress(content) == BODY
    assert headers["content-encoding"] == "gzip"
    assert headers["content-length"] == str(len(content))
    assert headers["content-type"] == "text/javascript"
    assert "accept-encoding" in headers["vary"].lower()
    assert headers["etag"] == 'W/"a"'
    assert len(content) < len(BODY) / 10


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        (SCRIPT, {}),
        (SCRIPT, {"accept_encoding": "br"}),
        (SCRIPT, {"accept_encoding": "gzip", "range": "bytes=0-9"}),
        (SCRIPT, {"accept_encoding": "gzip", "if_none_match": '"a"'}),
        ("/static/media/type.Ab1.woff2", {"accept_encoding": "gzip"}),
        ("/component/index.js", {"accept_encoding": "gzip"}),
    ],
)
def test_all_else_is_the_servers_own_answer(path, asked):
    server = Server()
    app = Compressed(server)
    for _ in range(2):
        status, headers, content = answer(app, path, **asked)
        assert (status, content) == (200, BODY)
        assert "content-encoding" not in headers
    assert server.answers == 2


def test_what_is_absent_is_not_kept():
    server = Server()
    app = Compressed(server)
    assert answer(app, "/static/js/absent.js", accept_encoding="gzip")[::2] == (404, BODY)
    assert answer(app, "/static/js/absent.js", accept_encoding="gzip")[::2] == (404, BODY)
    assert server.answers == 2


def test_the_server_compresses_its_scripts():
    from app import asgi

    assert Compressed in [each.cls for each in asgi.app._user_middleware]
