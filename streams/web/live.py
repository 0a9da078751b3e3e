"""The live view of a device over HTTP.

GET /api/v1/live   the last second of a device, which then counts as watched for some seconds
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from infra.device_state.live_states import LiveStates
from streams.web import parameters
from streams.web.writing import require_own_origin

if TYPE_CHECKING:
    from streams.web.logs import Logs

NOTHING: dict[str, Any] = {
    "at": None,
    "level_db": None,
    "regions": {},
    "sounds": [],
    "activity": None,
    "scenario": None,
}


@dataclass(frozen=True)
class LiveViews:
    """The handler."""

    logs: Logs

    async def state(self, request: web.Request) -> web.Response:
        """Return the current state of a device; `at` is null while it sends nothing.

        A device is shown from its first second after the request.
        """
        # It causes work in workers, so pages of other sites are rejected.
        require_own_origin(request)
        query = request.query
        parameters.refuse_unknown(query, ("device",))
        device = await self.logs.device(parameters.device_id(query))
        state = await LiveStates.of(self.logs.store()).watch(device.device_id)
        return web.json_response({"device": device.device_id, **(state or NOTHING)})
