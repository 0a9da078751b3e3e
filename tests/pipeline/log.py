"""The daily log of a test, in a form in which two runs can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.daily_log.records import content
from infra.daily_log.store import LogStore
from infra.redis.client import connect

if TYPE_CHECKING:
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


def differences(
    first: dict[str, list[dict[str, Any]]], second: dict[str, list[dict[str, Any]]]
) -> list[str]:
    """Return the differences between two logs, one line per field."""
    a, b = _by_id(first), _by_id(second)
    lines = [f"only in the first: {key}" for key in sorted(a.keys() - b.keys())]
    lines += [f"only in the second: {key}" for key in sorted(b.keys() - a.keys())]
    for key in sorted(a.keys() & b.keys()):
        lines += [
            f"{key} {name}: {a[key][name]!r:.200} != {b[key].get(name)!r:.200}"
            for name in a[key]
            if a[key][name] != b[key].get(name)
        ]
    return lines


def _by_id(log: dict[str, list[dict[str, Any]]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["row"], row["window_id"]): row for rows in log.values() for row in rows}
