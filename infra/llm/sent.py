"""Whether a call's request left for the endpoint: what certainly did not was not billed."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Sent:
    """Is true from the moment at which the first byte of a call's request may have left."""

    def __init__(self) -> None:
        self._begun = False

    def __bool__(self) -> bool:
        return self._begun

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note an event of the HTTP client's connection, as its extension `trace` reports them."""
        if event.endswith("send_request_headers.started"):
            # A proxy is first asked for the way by a request of its own.
            self._begun |= getattr(info.get("request"), "method", b"") != b"CONNECT"


_CURRENT: ContextVar[Sent] = ContextVar("sent")


@contextmanager
def watching() -> Iterator[Sent]:
    """Watch the request that is made inside, in this task."""
    sent = Sent()
    token = _CURRENT.set(sent)
    try:
        yield sent
    finally:
        _CURRENT.reset(token)


async def watch(request: Any) -> None:
    """Have a request watched; a hook of the HTTP client for each one that it makes."""
    request.extensions = {**request.extensions, "trace": _CURRENT.get().trace}
