"""The dashboard is ready before anybody asks for it, and answers while it gets ready."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor


def test_the_first_model_is_at_hand_before_anybody_asks(models, monkeypatch):
    from app import asgi, state
    from app.services import loading

    read = []
    load = loading.load
    monkeypatch.setattr(loading, "load", lambda path: read.append(path) or load(path))
    asgi.get_ready()
    assert read == [models / "tiny-2d" / "vamp"]
    loading.loaded(state.first().ref)
    assert len(read) == 1


def test_without_a_checkpoint_getting_ready_says_nothing(tmp_path, monkeypatch, capsys):
    from app import asgi
    from tests.app.conftest import forget, use_root

    use_root(tmp_path, monkeypatch)
    asgi.get_ready()
    forget()
    assert capsys.readouterr() == ("", "")


def test_getting_ready_is_begun_by_the_server_and_not_waited_for(monkeypatch):
    from app import asgi

    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(30)
        ended.set()

    monkeypatch.setattr(asgi, "get_ready", slow)

    async def started() -> bool:
        async with asgi._getting_ready(asgi.app):
            return await asyncio.to_thread(begun.wait, 10) and not ended.is_set()

    # In a thread of its own: a browser that another test left open keeps this one's event loop.
    with ThreadPoolExecutor() as pool:
        assert pool.submit(asyncio.run, started()).result()
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(10)
