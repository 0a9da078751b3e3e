"""What every answer has in common: strict headers, JSON errors, and who may ask.

The log is private and the server has no login, so it listens on loopback. A web page elsewhere
could still reach it by letting its own name point to 127.0.0.1 (DNS rebinding); therefore a
connection to a loopback address must also name a loopback host.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp import web
from redis.exceptions import RedisError

from infra.errors import InfraError
from streams.web.parameters import ParameterError

if TYPE_CHECKING:
    from aiohttp.typedefs import Middleware

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 20.0

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

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NotReadyError(Exception):
    """The worker has not connected its store yet, or lacks something that it needs."""


def guard(hosts: Collection[str] = ()) -> Middleware:
    """Return the middleware; `hosts` are further host names that a loopback connection may use."""
    allowed = {host.lower() for host in hosts}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await _answer(request, handler, allowed)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


async def _answer(
    request: web.Request, handler: Handler, allowed: Collection[str]
) -> web.StreamResponse:
    host = _host_name(request)
    if _on_loopback(request) and not (_is_loopback_name(host) or host in allowed):
        return error(
            421, f"host {host[:100]!r} is not served here; expected localhost or 127.0.0.1"
        )
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await handler(request)
    except ParameterError as refused:
        return error(
            400,
            str(refused),
            parameter=refused.parameter,
            value=refused.value,
            expected=refused.expected,
            # Its old name, for one release.
            want=refused.expected,
        )
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        # Kept for 405, whose Allow header says what would be right.
        kept = {name: answer.headers[name] for name in ("Allow",) if name in answer.headers}
        response = error(answer.status, f"{request.method} {request.path[:100]}: {answer.reason}")
        response.headers.update(kept)
        return response
    except NotReadyError as early:
        return error(503, str(early))
    except TimeoutError:
        return error(503, f"no answer within {ANSWER_TIMEOUT_S:.0f} s; try a shorter span")
    except RedisError as failed:
        log.warning("the log store does not answer: %s", failed)
        return error(503, "the log store does not answer; the worker's log says why")
    except InfraError as failed:
        log.error("%s", failed)
        return error(500, str(failed))
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return error(500, "internal error; the worker's log says more")


def error(status: int, message: str, **details: str | None) -> web.Response:
    """Return a JSON error: `{"error": message, ...details}`."""
    return web.json_response({"error": message, **details}, status=status)


def _on_loopback(request: web.Request) -> bool:
    address = request.transport.get_extra_info("sockname") if request.transport else None
    return isinstance(address, tuple) and _is_loopback_name(str(address[0]))


def _host_name(request: web.Request) -> str:
    host = request.headers.get("Host", "").strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback_name(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
