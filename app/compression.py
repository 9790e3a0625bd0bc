"""Streamlit's scripts and styles, compressed once and then sent from memory."""

import asyncio
import gzip
import re
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Their names hold a hash of their content, so that one name is one content.
_NAMED_BY_CONTENT = re.compile(r"/static/(?:js|css)/[\w.-]+\.(?:js|css)")
# Of zlib: level 9 takes a third longer and saves 0.3 % of the three largest.
LEVEL = 6


class Compressed:
    """Middleware that compresses each of these files at its first request and keeps it.

    Streamlit compresses its other answers itself and leaves these out, since it would compress them for every request.

    Arguments:
        app: The server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._known: dict[str, tuple[Message, Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if not _serves(scope):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path not in self._known:
            said: list[Message] = []

            async def hear(message: Message) -> None:
                said.append(message)

            await self._app(scope, receive, hear)
            if said[0].get("status") != 200:
                for message in said:
                    await send(message)
                return
            self._known[path] = await asyncio.to_thread(_compressed, said)
        for message in self._known[path]:
            await send(message)


def _serves(scope: Scope) -> bool:
    """Whether a whole file that is named by its content is asked for by somebody who reads gzip."""
    if scope["type"] != "http" or scope["method"] != "GET" or not _NAMED_BY_CONTENT.search(scope["path"]):
        return False
    asked = Headers(scope=scope)
    encodings = {each.strip() for each in asked.get("accept-encoding", "").split(",")}
    return "gzip" in encodings and not {"range", "if-none-match", "if-modified-since"} & set(asked.keys())


def _compressed(said: list[Message]) -> tuple[Message, Message]:
    start: dict[str, Any] = dict(said[0])
    body = gzip.compress(b"".join(message.get("body", b"") for message in said[1:]), LEVEL, mtime=0)
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["content-encoding"], headers["content-length"] = "gzip", str(len(body))
    headers.add_vary_header("accept-encoding")
    if "etag" in headers:
        headers["etag"] = f"W/{headers['etag'].removeprefix('W/')}"
    return start | {"headers": headers.raw}, {"type": "http.response.body", "body": body}
