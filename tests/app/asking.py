"""What an ASGI application answers."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from starlette.types import ASGIApp


def answer(
    app: ASGIApp, path: str, query: str = "", method: str = "GET", **asked: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and content; what is `asked` are the request's headers."""
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in asked.items()]
    said: list[dict] = []

    async def send(message) -> None:
        said.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
    # In a thread of its own: a browser that another test left open keeps this one's event loop.
    with ThreadPoolExecutor() as pool:
        pool.submit(asyncio.run, app(scope, receive, send)).result()
    start, *bodies = said
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], found, b"".join(message["body"] for message in bodies)
