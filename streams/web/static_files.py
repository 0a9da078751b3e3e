"""The page's own files, compressed once and without comments: a page requests twenty at a time."""

from __future__ import annotations

import gzip
import re
from functools import cache, cached_property
from hashlib import sha256
from importlib import resources

import cramjam
from aiohttp import web

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_REFUSED = re.compile(r"q\s*=\s*0(\.0*)?")
# Comments on lines of their own: only there they are told from other text without a parser. The
# line breaks stay, so that an error's line is that of the source.
_COMMENTS = {
    ".js": re.compile(rb"^[ \t]*//.*", re.MULTILINE),
    ".css": re.compile(rb"^[ \t]*/\*(?:(?!\*/)[\s\S])*\*/[ \t]*$", re.MULTILINE),
}


class StaticViews:
    """The handlers of the pages and their files."""

    def __init__(self) -> None:
        self._files = _static_files()

    async def page(self, request: web.Request) -> web.Response:
        """Return the page."""
        return self._file(request, "index.html")

    async def sensor(self, request: web.Request) -> web.Response:
        """Return the page that turns a phone into a device."""
        return self._file(request, "sensor.html")

    async def settings(self, request: web.Request) -> web.Response:
        """Return the page of the wearer's settings."""
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
        body, accepted = file.body, _accepted(request.headers.get("Accept-Encoding", ""))
        # Browsers accept Brotli only over TLS and from localhost, where no proxy could break it.
        if "br" in accepted:
            body, headers["Content-Encoding"] = file.brotli, "br"
        elif "gzip" in accepted:
            body, headers["Content-Encoding"] = file.gzip, "gzip"
        return web.Response(body=body, content_type=file.kind, charset="utf-8", headers=headers)


def _accepted(header: str) -> set[str]:
    """Return the codings of an Accept-Encoding header, without refused ones (RFC 9110 §12.5.3)."""
    codings = (coding.partition(";") for coding in header.lower().split(","))
    return {name.strip() for name, _, weight in codings if not _REFUSED.fullmatch(weight.strip())}


class _File:
    """A file as sent, plain and compressed."""

    def __init__(self, body: bytes, kind: str) -> None:
        self.body = body
        self.kind = kind
        self.etag = sha256(body).hexdigest()[:16]

    @cached_property
    def brotli(self) -> bytes:
        return bytes(cramjam.brotli.compress(self.body, level=11))

    @cached_property
    def gzip(self) -> bytes:
        return gzip.compress(self.body, compresslevel=9, mtime=0)


@cache
def _static_files() -> dict[str, _File]:
    files = {}
    for file in resources.files("streams.web").joinpath("static").iterdir():
        suffix = f".{file.name.rpartition('.')[2]}"
        if suffix in _TYPES:
            body = without_comments(file.read_bytes(), suffix)
            files[file.name] = _File(body, _TYPES[suffix])
    return files


def without_comments(text: bytes, suffix: str) -> bytes:
    """Return a file as it is sent: its comments are for those who change it, not for a phone."""
    comments = _COMMENTS.get(suffix)
    if comments is None:
        return text
    return comments.sub(lambda found: b"\n" * found[0].count(b"\n"), text)
