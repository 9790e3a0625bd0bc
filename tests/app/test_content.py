"""Addresses that name a content for ever, and that nothing else has."""

import threading

import pytest
from starlette.applications import Starlette

from app import addresses
from app import content as routes
from tests.app.asking import answer

SHA256 = "ab" * 32
KEPT_NOWHERE = {
    "cache-control": "no-store",
    "content-encoding": "identity",
    "content-length": "10",
    "content-type": "application/octet-stream",
}


@pytest.mark.parametrize("base", ["", "/shown"])
def test_a_content_is_kept_for_ever_and_another_is_not_found(monkeypatch, base):
    sent = b"numbers" * 1000
    monkeypatch.setattr(routes, "base_path", lambda: base)
    app = Starlette(routes=routes.content_routes("kind", lambda *asked: {(SHA256, "0123"): sent}.get(asked)))
    status, headers, found = answer(app, f"{base}/kind/{SHA256}", "v=0123")
    assert (status, found) == (200, sent)
    assert "immutable" in headers["cache-control"]
    assert headers["content-encoding"] == "identity"
    for path, query in (
        (f"{base}/kind/{SHA256}", "v=0124"),
        (f"{base}/kind/{SHA256}", ""),
        (f"{base}/kind/{SHA256[2:]}cd", "v=0123"),
        (f"{base}/other/{SHA256}", "v=0123"),
    ):
        status, headers, _ = answer(app, path, query)
        assert status == 404
        assert "immutable" not in headers.get("cache-control", "")


def test_contents_are_found_by_the_addresses_that_pages_name(models, monkeypatch):
    from app.services import catalogue, cursor, decoder

    monkeypatch.setattr(addresses, "ROUTES", threading.Event())
    ref = catalogue.experiments()[0].refs[0]
    assert addresses.address("decoder", ref.sha256, "0") is None
    addresses.ROUTES.set()
    app = Starlette(routes=routes.routes())
    makers = {"decoder": decoder.packed, "means": cursor.packed_means, "originals": cursor.packed_originals}
    for kind, make in makers.items():
        made = make(ref)
        path, _, query = addresses.address(kind, ref.sha256, made.digest).partition("?")
        assert answer(app, path, query)[2] == made.sent
        assert answer(app, path, "v=0")[0] == 404
        assert answer(app, f"/{kind}/{SHA256}", query)[0] == 404


def test_news_of_a_race_are_asked_for_by_its_name_and_never_kept(monkeypatch):
    from app.services import race_news

    monkeypatch.setattr(race_news, "news", lambda name, have: f"{name} {have}".encode() if name == "quick" else None)
    app = Starlette(routes=routes.routes())
    assert answer(app, "/race/quick", "have=ab:3") == (200, KEPT_NOWHERE, b"quick ab:3")
    status, headers, _ = answer(app, "/race/slow", "have=ab:3")
    assert (status, headers["cache-control"]) == (404, "no-store")


def test_the_server_has_the_routes():
    from app import asgi

    paths = {route.path for route in asgi.app._user_routes}
    assert paths >= {"/decoder/{sha256}", "/means/{sha256}", "/originals/{sha256}", "/film/{sha256}", "/race/{name}"}
