"""The page's own files, packed once each: a page asks for twenty of them at a time."""

from __future__ import annotations

import gzip
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import NamedTuple

from aiohttp import web

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class StaticViews:
    """Answers with the pages and the files that they ask for."""

    def __init__(self) -> None:
        self._files = _static_files()

    async def page(self, request: web.Request) -> web.Response:
        """Return the page."""
        return self._file(request, "index.html")

    async def sensor(self, request: web.Request) -> web.Response:
        """Return the page that makes a phone a device."""
        return self._file(request, "sensor.html")

    async def settings(self, request: web.Request) -> web.Response:
        """Return the page of what a wearer decides about a device."""
        return self._file(request, "settings.html")

    async def static(self, request: web.Request) -> web.Response:
        """Return one of the page's files; names are looked up, never joined to a path."""
        return self._file(request, request.match_info["name"])

    def _file(self, request: web.Request, name: str) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound(reason="no such file")
        file = self._files[name]
        headers = {
            "ETag": f'"{file.etag}"',
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
        }
        if any(tag.value in (file.etag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        body = file.body
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = file.packed, "gzip"
        return web.Response(body=body, content_type=file.kind, charset="utf-8", headers=headers)


class _File(NamedTuple):
    """A file as it is sent, plain and packed."""

    body: bytes
    packed: bytes
    kind: str
    etag: str

    @classmethod
    def of(cls, body: bytes, kind: str) -> _File:
        packed = gzip.compress(body, compresslevel=9, mtime=0)
        return cls(body, packed, kind, sha256(body).hexdigest()[:16])


@cache
def _static_files() -> dict[str, _File]:
    files = {}
    for file in resources.files("streams.web").joinpath("static").iterdir():
        kind = _TYPES.get(f".{file.name.rpartition('.')[2]}")
        if kind is not None:
            files[file.name] = _File.of(file.read_bytes(), kind)
    return files
