"""Login by browser: a page that takes the token once and sets a cookie."""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import TYPE_CHECKING

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
_PAGE = resources.files("streams.web").joinpath("static", "login.html").read_text("utf-8")


def login_page(*, wrong: bool = False) -> web.Response:
    """Return the page with status 401."""
    return web.Response(
        text=_PAGE.replace(" hidden>", ">") if wrong else _PAGE,
        status=401,
        content_type="text/html",
        headers={"Content-Security-Policy": _POLICY},
    )


class LoginViews:
    """The handlers of the login form and of the logout."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def login(self, request: web.Request) -> web.Response:
        """Check the token of the form and redirect the browser to the page."""
        form = await request.post()
        if not self._access.is_token(str(form.get("token", "")).strip()):
            await asyncio.sleep(_WRONG_S)
            return login_page(wrong=True)
        response = _to_page()
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
        response = _to_page()
        response.del_cookie(COOKIE)
        return response


def _to_page() -> web.Response:
    return web.Response(status=303, headers={"Location": "/"})
