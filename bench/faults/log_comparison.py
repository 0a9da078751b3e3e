"""Comparing logs: records that are missing, extra or different."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.daily_log.records import content
from infra.daily_log.store import LogStore
from infra.redis.client import connect
from schemas.message import END_OF_TIME_NS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.load.messages import Fleet
    from infra.settings import Settings

# Record content by row and window id, without the fleet's name.
Records = dict[str, str]

_ANY = "fleet"


@dataclass(frozen=True)
class Changes:
    """Ids of records that are missing, extra or different."""

    missing: tuple[str, ...]
    extra: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def count(self) -> int:
        """The number of all changes."""
        return len(self.missing) + len(self.extra) + len(self.different)


async def log_of(settings: Settings, fleet: Fleet) -> Records:
    """Return a fleet's log in a form that is equal for fleets that hear the same."""
    redis = await connect(settings)
    try:
        store = LogStore(redis, settings.app_id, settings.log_retention_days)
        rows = [
            row
            for device in fleet.devices
            for row in content(await store.read(device, 0, END_OF_TIME_NS))
        ]
    finally:
        await redis.aclose()
    return dict(_record(row, fleet.name) for row in rows)


def changes(expected: Mapping[str, str], actual: Mapping[str, str]) -> Changes:
    """Return the changes from `expected` to `actual`."""
    both = expected.keys() & actual.keys()
    return Changes(
        tuple(sorted(expected.keys() - actual.keys())),
        tuple(sorted(actual.keys() - expected.keys())),
        tuple(sorted(key for key in both if expected[key] != actual[key])),
    )


def _record(row: dict[str, Any], fleet: str) -> tuple[str, str]:
    text = json.dumps(row, sort_keys=True, default=str).replace(fleet, _ANY)
    key = f"{row['row']} {row['window_id']}".replace(fleet, _ANY)
    return key, text
