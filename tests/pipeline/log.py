"""The daily log of a test, as content that two runs can be compared by."""

from __future__ import annotations

from typing import Any

from infra.daily_log import content
from infra.log_store import LogStore
from infra.redis_store import connect
from infra.settings import Settings


async def log_content(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Return every device's log in canonical form."""
    redis = await connect(settings)
    store = LogStore(redis, settings.app_id, settings.log_retention_days)
    found = {
        device.device_id: content(await store.read(device.device_id, 0, 2**62))
        for device in await store.devices()
    }
    await redis.aclose()
    return found
