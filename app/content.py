"""Routes to what browsers keep: each address names one content for ever, and only those of listed checkpoints exist.

Services are imported when somebody asks, since importing them is how a server gets ready.
"""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.addresses import base_path

# Not compressed: gzip makes a decoder's weights 7 % smaller and takes 50 ms a megabyte for it. Without a name for the
# encoding, Streamlit would compress for every request.
HEADERS = {"cache-control": "public, max-age=31536000, immutable", "content-encoding": "identity"}

Finder = Callable[[str, str], bytes | None]
"""From a checkpoint's sha256 and a digest to a content; None where there is none."""


def content_routes(kind: str, find: Finder) -> list[Route]:
    """The routes `/{kind}/{sha256}?v={digest}`, at the root and under the path that the server is told to answer under.

    Arguments:
        kind: First part of the path.
        find: Finds what is sent.
    """

    async def answer(request: Request) -> Response:
        sha256, digest = request.path_params["sha256"], request.query_params.get("v", "")
        found = await asyncio.to_thread(find, sha256, digest)
        if found is None:
            return Response("There is no such content: reload the page.", 404, {"cache-control": "no-store"})
        return Response(found, headers=HEADERS, media_type="application/octet-stream")

    bases = dict.fromkeys(("", base_path()))
    return [Route(f"{base}/{kind}/{{sha256}}", answer, methods=["GET"]) for base in bases]


def _decoder(sha256: str, digest: str) -> bytes | None:
    from app.services import content, decoder

    return content.find(decoder.packed, sha256, digest)


def _means(sha256: str, digest: str) -> bytes | None:
    from app.services import content, cursor

    return content.find(cursor.packed_means, sha256, digest)


def _originals(sha256: str, digest: str) -> bytes | None:
    from app.services import content, cursor

    return content.find(cursor.packed_originals, sha256, digest)


def _image(sha256: str, version: str) -> bytes | None:
    from app.services import dot_image

    return dot_image.find(sha256, version)


def _film(sha256: str, digest: str) -> bytes | None:
    from app.services import content, film

    return content.find(film.packed, sha256, digest)


def _pictures(sha256: str, digest: str) -> bytes | None:
    from app.services import content, film

    return content.find(film.packed_pictures, sha256, digest)


def _race_routes() -> list[Route]:
    """The routes `/race/{name}?have=..`: what is new of a race that is trained, see `app.services.race_news.news`."""

    async def answer(request: Request) -> Response:
        from app.services import race_news

        name, have = request.path_params["name"], request.query_params.get("have", "")
        found = await asyncio.to_thread(race_news.news, name, have)
        if found is None:
            return Response("There is no such race: reload the page.", 404, {"cache-control": "no-store"})
        headers = {"cache-control": "no-store", "content-encoding": "identity"}
        return Response(found, headers=headers, media_type="application/octet-stream")

    bases = dict.fromkeys(("", base_path()))
    return [Route(f"{base}/race/{{name}}", answer, methods=["GET"]) for base in bases]


def routes() -> list[Route]:
    """All of them."""
    finders = {
        "decoder": _decoder,
        "means": _means,
        "originals": _originals,
        "image": _image,
        "film": _film,
        "pictures": _pictures,
    }
    return [route for kind, find in finders.items() for route in content_routes(kind, find)] + _race_routes()
