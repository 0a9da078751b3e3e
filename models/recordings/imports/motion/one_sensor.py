"""Refuses tables whose rows belong to several sensors, devices or wearers.

Data sets are published as one long table with a column that tells them apart (UMAFall: `Sensor
Type`, `Sensor ID`). Read as one recording, a magnetometer's rows would be acceleration.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from models.recordings.imports.motion.delimited_table import DelimitedTable

_TELLS_APART = re.compile(
    r"(sensor|device|wearer|subject|user|participant|person)(type|kind|id|name|no|number|address)?"
    r"|(sensor|body)?(position|placement|location|part)"
)
_MOST = 64  # sensors or wearers; a column of more texts holds measurements
_SHOWN = 4
_FRACTION = re.compile(r"-?\d*[.,]\d+")


def require_one_sensor(table: DelimitedTable) -> None:
    """Raise `RecordingError` if a column tells the rows of several sensors or wearers apart."""
    for index, name in enumerate(table.names):
        if not _TELLS_APART.fullmatch(re.sub(r"[^a-z]", "", name.lower())):
            continue
        values = table.distinct(index, _MOST)
        if not 1 < len(values) <= _MOST or any(map(_FRACTION.fullmatch, values)):
            continue
        more = ", ..." if len(values) > _SHOWN else ""
        raise RecordingError(
            f"has rows of several sensors or wearers in one table, by its column {name!r} "
            f"({', '.join(values[:_SHOWN])}{more}); expected those of one, in a file of their own"
        )
