"""The logs that handlers read: the store once it is connected, and what it has of a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from infra.daily_log.store import LogStore
from streams.web.guard import NotReadyError

if TYPE_CHECKING:
    from infra.daily_log.records import DeviceSummary

GetStore = Callable[[], LogStore | None]


@dataclass(frozen=True)
class Logs:
    """The logs of all devices; `get_store` gives None or a `RuntimeError` until connected."""

    get_store: GetStore

    def store(self) -> LogStore:
        """Return the log's store; raises `NotReadyError` while the worker still connects."""
        early = NotReadyError("the worker is still connecting to the log store")
        try:
            store = self.get_store()
        except RuntimeError as error:
            raise early from error
        if store is None:
            raise early
        return store

    async def device(self, device_id: str) -> DeviceSummary:
        """Return the span of a device's log; raises 404 if it has none."""
        device = await self.store().device(device_id)
        if device is None:
            raise web.HTTPNotFound(reason=f"device {device_id[:64]!r} has no log")
        return device
