"""A page for a browser that asks for an unknown address; programs get the JSON error."""

from __future__ import annotations

import re
from html import escape
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ADDRESS = 100
"""Characters of an address that are shown."""
_HTML = re.compile(r"\s*text/html\s*(;.*)?", re.IGNORECASE)
_REFUSED = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)", re.IGNORECASE)
_PAGE = Template(
    resources.files("streams.web").joinpath("static", "not_found.html").read_text("utf-8")
)


def is_unknown_address(request: web.Request) -> bool:
    """Return whether no route has the request's path."""
    refused = request.match_info.http_exception
    return refused is not None and refused.status == web.HTTPNotFound.status_code


def takes_html(accept: Iterable[str]) -> bool:
    """Return whether the Accept headers name HTML, as browsers' do; `*/*` does not."""
    parts = [part for header in accept for part in header.split(",")]
    return any(_HTML.fullmatch(part) and not _REFUSED.search(part) for part in parts)


def not_found_page(path: str) -> web.Response:
    """Return the page with status 404; it names the address and links to the log."""
    return web.Response(
        text=_PAGE.substitute(address=escape(path[:MAX_ADDRESS])),
        status=404,
        content_type="text/html",
    )
