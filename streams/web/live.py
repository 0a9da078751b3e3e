"""The live view of a device over HTTP.

GET /api/v1/live   the last second of a device, which then counts as watched for some seconds
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from infra.device_state.live_states import LiveStates
from streams.web import parameters
from streams.web.writing import require_own_origin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.daily_log.records import DeviceSummary
    from infra.daily_log.store import LogStore

NOTHING: dict[str, Any] = {
    "at": None,
    "level_db": None,
    "regions": {},
    "sounds": [],
    "activity": None,
    "scenario": None,
}


class LiveViews:
    """The handler."""

    def __init__(
        self,
        store: Callable[[], LogStore],
        device: Callable[[str], Awaitable[DeviceSummary]],
    ) -> None:
        self._store = store
        self._device = device

    async def state(self, request: web.Request) -> web.Response:
        """Return the current state of a device; `at` is null while it sends nothing.

        A device is shown from its first second after the request.
        """
        # It causes work in workers, so pages of other sites are rejected.
        require_own_origin(request)
        query = request.query
        parameters.refuse_unknown(query, ("device",))
        device = await self._device(parameters.device_id(query))
        state = await LiveStates.of(self._store()).watch(device.device_id)
        return web.json_response(
            {"device": device.device_id, **(state or NOTHING)}, dumps=json.dumps
        )
