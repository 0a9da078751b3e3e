"""Login by browser: a page takes the token once, sets a cookie and leads on to what was asked."""

from __future__ import annotations

import asyncio
from html import escape
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from streams.web.access import COOKIE, COOKIE_S

if TYPE_CHECKING:
    from streams.web.access import Access

# Limits guessing to two tokens a second on each connection.
_WRONG_S = 0.5
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# Only these are led to, so that no link to a login ends at another site.
PAGES = ("/", "/sensor", "/settings")
_PAGE = resources.files("streams.web").joinpath("static", "login.html").read_text("utf-8")


def login_page(target: str, *, wrong: bool = False) -> web.Response:
    """Return the page with status 401; the login leads to `target`, a path with its query."""
    text = _PAGE.replace('name="next"', f'name="next" value="{escape(own_page(target))}"')
    return web.Response(
        text=text.replace(" hidden>", ">") if wrong else text,
        status=401,
        content_type="text/html",
        headers={"Content-Security-Policy": _POLICY},
    )


def own_page(target: str) -> str:
    """Return an address if it is that of one of the pages, else that of the log."""
    path, _, query = target.partition("?")
    if path not in PAGES:
        return PAGES[0]
    # Written anew, it holds nothing that a header or a browser would take for something else.
    fields = urlencode(parse_qsl(query, keep_blank_values=True), errors="replace")
    return f"{path}?{fields}" if fields else path


class LoginViews:
    """The handlers of the login form and of the logout."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def login(self, request: web.Request) -> web.Response:
        """Check the token of the form and redirect the browser to the page that it asked for."""
        form = await request.post()
        target = str(form.get("next", ""))
        if not self._access.is_token(str(form.get("token", "")).strip()):
            await asyncio.sleep(_WRONG_S)
            return login_page(target, wrong=True)
        response = _to(own_page(target))
        response.set_cookie(
            COOKIE,
            self._access.cookie(),
            max_age=COOKIE_S,
            httponly=True,
            samesite="Strict",
            secure=self._access.is_https(request),
        )
        return response

    async def logout(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Delete the cookie."""
        response = _to(PAGES[0])
        response.del_cookie(COOKIE)
        return response


def _to(page: str) -> web.Response:
    return web.Response(status=303, headers={"Location": page})
