"""Time zones by name."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EXPECTED_ZONE = "a name like Europe/Berlin"
# The longest existing name has 32. For a longer one Python may search the file system and its
# packages endlessly.
MAX_NAME_LENGTH = 64


def time_zone(name: str) -> ZoneInfo:
    """Return the zone of a name like Europe/Berlin; raises `ValueError` if there is none."""
    try:
        if len(name) <= MAX_NAME_LENGTH:
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(_unknown(name)) from error
    raise ValueError(_unknown(name))


def _unknown(name: str) -> str:
    return f"zone {name[:40]!r} is unknown; expected one like Europe/Berlin"
