"""Write protection: only the page itself and programs that know the interface may write.

Another site can make a browser send a request here. But it cannot add a custom header without a
CORS preflight, which is never answered, nor forge `Origin` or `Sec-Fetch-Site`.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, ValidationError

from infra.validation import first_problem

_ModelT = TypeVar("_ModelT", bound=BaseModel)

HEADER = "X-EgoLog"
"""The header that every writing request needs, with any value."""

OWN_HOSTS = web.AppKey("own_hosts", frozenset[str])
"""Host names of the page, besides that of the connection."""

MAX_BODY_BYTES = 65_536


class WriteRefusedError(Exception):
    """A request that writes may come from another site, or is not one of this interface."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def body_of(request: web.Request) -> Any:
    """Return the JSON body of a request by the page or by a program.

    Raises `WriteRefusedError`.
    """
    require_own_origin(request)
    if HEADER not in request.headers:
        raise WriteRefusedError(403, f"header {HEADER} is missing; expected it with any value")
    if request.content_type != "application/json":
        raise WriteRefusedError(
            415, f"content type is {request.content_type!r}; expected application/json"
        )
    if request.content_length is not None and request.content_length > MAX_BODY_BYTES:
        raise WriteRefusedError(
            413, f"body has {request.content_length} bytes; expected at most {MAX_BODY_BYTES}"
        )
    raw = await request.content.read(MAX_BODY_BYTES + 1)
    if len(raw) > MAX_BODY_BYTES:
        raise WriteRefusedError(413, f"body is larger than {MAX_BODY_BYTES} bytes")
    try:
        return json.loads(raw)
    except ValueError as error:
        raise WriteRefusedError(400, f"body is not JSON: {error}") from error


def read_as(model: type[_ModelT], body: Any) -> _ModelT:
    """Return a body as a model; raises `WriteRefusedError` with its first error."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise WriteRefusedError(400, first_problem(error, "body")) from error


def require_own_origin(request: web.Request) -> None:
    """Raise `WriteRefusedError` for a request caused by another site."""
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        raise WriteRefusedError(403, f"a page of another site ({site}) may not change the log")
    origin = request.headers.get("Origin")
    host = request.headers.get("Host", "")
    if origin is None or origin.partition("://")[2].lower() == host.lower():
        return
    # A reverse proxy may have replaced the browser's host by the worker's own address.
    if urlsplit(origin).hostname not in request.config_dict.get(OWN_HOSTS, ()):
        raise WriteRefusedError(403, f"origin {origin[:100]!r} may not change the log of {host!r}")
