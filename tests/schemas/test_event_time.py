from __future__ import annotations

import pytest

from schemas.event_time import AHEAD_NS, FIRST_NS, iso, why_refused
from schemas.frames import NS
from tests.models.recordings.imports.sounds import MARCH_NS, NOW_NS


def test_times_from_2000_to_a_day_ahead_are_taken() -> None:
    for time_ns in (FIRST_NS, MARCH_NS, NOW_NS, NOW_NS + AHEAD_NS):
        assert why_refused(time_ns, NOW_NS) is None


@pytest.mark.parametrize(
    ("time_ns", "cause"),
    [
        (NOW_NS + AHEAD_NS + 1, "clock was wrong"),
        (FIRST_NS - 1, "clock was not set"),
        (12 * NS, "clock was not set"),
        (2 * MARCH_NS, "time_s looks like seconds since the epoch"),
        (MARCH_NS // NS, "seconds since the epoch, read as nanoseconds"),
        (MARCH_NS // 10**6, "milliseconds since the epoch"),
        (MARCH_NS // 10**3, "microseconds since the epoch"),
        (MARCH_NS * 10**3, "milliseconds since the epoch, read as seconds"),
        (MARCH_NS * 10**6, "microseconds since the epoch, read as seconds"),
    ],
)
def test_other_times_are_refused_with_the_likely_cause(time_ns: int, cause: str) -> None:
    reason = why_refused(time_ns, NOW_NS)
    assert reason is not None
    assert cause in reason


def test_a_time_is_written_to_the_millisecond_where_it_has_one() -> None:
    assert iso(MARCH_NS) == iso(MARCH_NS + 7) == "2026-03-02T08:00:00Z"
    assert iso(MARCH_NS + 250_000_000) == "2026-03-02T08:00:00.250Z"
