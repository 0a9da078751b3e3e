"""Common to all responses: strict headers, JSON errors, and access control.

Only a browser that asks for an unknown address gets a page instead (`streams.web.not_found`).

The log is private. On loopback, the default, only programs on this machine reach the server;
elsewhere it requires a token, or a proxy that authenticates users (`streams.web.access`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web
from redis.exceptions import RedisError

from infra.daily_log.change_request import CorrectionError
from infra.errors import InfraError
from streams.web.access import host_name
from streams.web.login import PAGES, login_page
from streams.web.not_found import is_unknown_address, not_found_page, takes_html
from streams.web.parameters import ParameterError
from streams.web.writing import WriteRefusedError

if TYPE_CHECKING:
    from aiohttp.typedefs import Middleware

    from streams.web.access import Access

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 20.0
# Streams last as long as the client wants, and a language model has its own time limits.
UNTIMED = frozenset({"/api/v1/sensor", "/api/v1/export", "/api/v1/ask"})

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

LOGIN = "/login"
# Public paths without data of a wearer: the package's own files, and the login.
PUBLIC = ("/static/", LOGIN)
HEALTH = "/api/health"
METRICS = "/metrics"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Problem = Callable[[], str | None]


class NotReadyError(Exception):
    """The worker is not connected to its store yet, or something it needs is missing."""


def guard(access: Access, problem: Problem = lambda: None) -> Middleware:
    """Return the middleware of a server with these rules.

    `problem` returns what the worker lacks at present, to explain an answer that takes too long.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await _guarded(request, handler, access, problem)

    return middleware


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers common to all responses, also streamed ones."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")


async def _guarded(
    request: web.Request, handler: Handler, access: Access, problem: Problem
) -> web.StreamResponse:
    health = request.path.startswith(HEALTH)
    if not access.serves(request):
        if health:
            # Kubernetes asks a pod by its address.
            return await _state_of_health(request, handler)
        expected = ", ".join(access.hosts) or "localhost or 127.0.0.1"
        return error(
            421, f"host {host_name(request)[:100]!r} is not served here; expected {expected}"
        )
    if access.admits(request) or request.path.startswith(PUBLIC):
        return await _answer(request, handler, problem)
    if health:
        return await _state_of_health(request, handler)
    if access.token is None:
        return error(403, "this address is not that of a proxy that may ask")
    if request.path in PAGES:
        return login_page(request.path_qs)
    refusal = error(401, "expected the header Authorization: Bearer TOKEN, or a login at /")
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="egolog"'
    return refusal


async def _state_of_health(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return what a monitor without the token gets: the state of health, and no more."""
    status = (await _answer(request, handler)).status
    return error(status, "not well") if status >= 400 else web.json_response({"status": "ok"})


async def _answer(
    request: web.Request, handler: Handler, problem: Problem = lambda: None
) -> web.StreamResponse:
    try:
        async with asyncio.timeout(None if request.path in UNTIMED else ANSWER_TIMEOUT_S):
            return await handler(request)
    except ParameterError as refused:
        return error(
            400,
            str(refused),
            parameter=refused.parameter,
            value=refused.value,
            expected=refused.expected,
            # The former name, for one release.
            want=refused.expected,
        )
    except WriteRefusedError as refused:
        return error(refused.status, str(refused))
    except CorrectionError as refused:
        return error(400, str(refused))
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        if is_unknown_address(request):
            return _unknown(request, answer)
        # Kept for 405, whose Allow header lists the valid methods.
        kept = {name: answer.headers[name] for name in ("Allow",) if name in answer.headers}
        response = _refusal(request, answer)
        response.headers.update(kept)
        return response
    except NotReadyError as early:
        return error(503, str(early))
    except TimeoutError:
        why = problem()
        advice = "; try a shorter span" if why is None else f": {why}"
        return error(503, f"no answer within {ANSWER_TIMEOUT_S:.0f} s{advice}")
    except RedisError as failed:
        log.warning("the log store does not answer: %s", failed)
        return error(503, "the log store does not answer; the worker's log says why")
    except InfraError as failed:
        log.error("%s", failed)
        return error(500, str(failed))
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return error(500, "internal error; the worker's log says more")


def _unknown(request: web.Request, answer: web.HTTPException) -> web.Response:
    if takes_html(request.headers.getall("Accept", ())):
        response = not_found_page(request.path)
    else:
        response = _refusal(request, answer)
    response.headers["Vary"] = "Accept"
    return response


def _refusal(request: web.Request, answer: web.HTTPException) -> web.Response:
    return error(answer.status, f"{request.method} {request.path[:100]}: {answer.reason}")


def error(status: int, message: str, **details: str | None) -> web.Response:
    """Return a JSON error: `{"error": message, ...details}`."""
    return web.json_response({"error": message, **details}, status=status)
