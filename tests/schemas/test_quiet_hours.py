from __future__ import annotations

import pytest

from schemas.event_time import parse
from schemas.quiet_hours import QuietHours


def quiet(text: str, moment: str) -> bool:
    return QuietHours.parse(text).covers(parse(moment))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-02T21:59:59Z", False),
        ("2026-03-02T22:00:00Z", True),
        ("2026-03-03T06:59:59Z", True),
        ("2026-03-03T07:00:00Z", False),
        ("2026-03-03T12:30:00Z", True),
        ("2026-03-03T13:00:00Z", False),
    ],
)
def test_spans_go_over_midnight_and_end_before_their_end(moment: str, expected: bool) -> None:
    assert quiet("22:00-07:00, 12:30-13:00", moment) is expected


def test_a_zone_goes_by_its_own_clock_in_summer_and_winter() -> None:
    text = "22:00-23:00@Europe/Berlin"
    assert quiet(text, "2026-01-05T21:30:00Z")
    assert quiet(text, "2026-07-05T20:30:00Z")
    assert not quiet(text, "2026-07-05T21:30:00Z")


def test_a_frame_that_reaches_into_quiet_hours_touches_them() -> None:
    hours = QuietHours.parse("22:00-23:00")
    assert hours.touch(parse("2026-03-02T21:59:59.500Z"))
    assert not hours.touch(parse("2026-03-02T21:59:58Z"))
    assert hours.touch(parse("2026-03-02T22:59:59.900Z"))
    assert not hours.touch(parse("2026-03-02T23:00:00Z"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("at night", "span 'at night'; expected one like 22:00-07:00"),
        ("22:00-22:00", "span '22:00-22:00' has no length"),
        ("25:00-07:00", "hour must be in 0..23"),
        ("22:00-07:00@Mars/Olympus", "zone 'Mars/Olympus' is unknown"),
        ("22:00-07:00@../etc/passwd", "zone '../etc/passwd' is unknown"),
        ("22:00-07:00@" + 700 * "pe/B", "zone 'pe/Bpe/B.*' is unknown"),
    ],
)
def test_what_is_no_span_is_refused(text: str, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        QuietHours.parse(text)
