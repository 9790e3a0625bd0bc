"""The server answers while it gets ready."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from tools.patience import patience


def test_getting_ready_is_begun_by_the_server_and_not_waited_for(monkeypatch):
    from app import asgi

    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(patience())
        ended.set()

    monkeypatch.setattr(asgi.ready, "start_up", slow)

    async def started() -> bool:
        async with asgi._getting_ready(asgi.app):
            return await asyncio.to_thread(begun.wait, patience()) and not ended.is_set()

    # In a thread of its own: a browser that another test left open keeps this one's event loop.
    with ThreadPoolExecutor() as pool:
        assert pool.submit(asyncio.run, started()).result()
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(patience())
