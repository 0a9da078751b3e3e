from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from infra.daily_log.records import DeviceSummary
from infra.daily_log.search.log_days import days_of_log
from schemas.frames import NS

HOUR = 3_600
TOKYO = ZoneInfo("Asia/Tokyo")


def test_the_days_of_a_log_are_those_of_the_zone() -> None:
    def days(first_s: int, last_s: int, zone: tzinfo) -> str:
        device = DeviceSummary(
            device_id="d", first_ns=first_s * NS, last_ns=last_s * NS, scenarios=1, activities=1
        )
        return days_of_log(device, zone)

    assert days(0, 24 * HOUR, UTC) == "Thursday 1 January 1970"
    assert days(0, 24 * HOUR + 1, UTC) == "from 1 January 1970 to 2 January 1970"
    assert days(0, 24 * HOUR, TOKYO) == "from 1 January 1970 to 2 January 1970"
