from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from infra.daily_log.time_expressions.when import ALWAYS, When, moment_ns
from schemas.event_time import ns_of

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = date(2026, 11, 24)
# In which the clocks are put back from 3:00 to 2:00, and forward from 2:00 to 3:00.
LONG, SHORT = date(2026, 10, 25), date(2026, 3, 29)
NIGHT = ((22 * 60, 26 * 60),)


def at(text: str) -> int:
    return ns_of(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


@pytest.mark.parametrize(
    ("when", "text", "holds"),
    [
        (When(), "2026-11-24T08:00", True),
        (When(days=((TUESDAY, TUESDAY),)), "2026-11-24T00:00", True),
        (When(days=((TUESDAY, TUESDAY),)), "2026-11-24T23:59:59", True),
        (When(days=((TUESDAY, TUESDAY),)), "2026-11-23T23:59:59", False),
        (When(days=((TUESDAY, TUESDAY),)), "2026-11-25T00:00", False),
        (When(minutes=((480, 600),)), "2026-11-24T08:00", True),
        (When(minutes=((480, 600),)), "2026-11-24T09:59:59", True),
        (When(minutes=((480, 600),)), "2026-11-24T10:00", False),
        (When(minutes=((480, 600),)), "2026-11-24T07:59:59", False),
        # What is past midnight belongs to the day before.
        (When(frozenset({1}), minutes=NIGHT), "2026-11-24T22:00", True),
        (When(frozenset({1}), minutes=NIGHT), "2026-11-25T01:59", True),
        (When(frozenset({1}), minutes=NIGHT), "2026-11-25T02:00", False),
        (When(frozenset({1}), minutes=NIGHT), "2026-11-24T01:59", False),
        (When(minutes=((1560, 1620),)), "2026-11-24T02:00", True),
        (When(spans=((at("2026-11-24T08:00"), at("2026-11-24T09:00")),)), "2026-11-24T08:59", True),
        (
            When(spans=((at("2026-11-24T08:00"), at("2026-11-24T09:00")),)),
            "2026-11-24T09:00",
            False,
        ),
        (When(frozenset({0}), spans=(ALWAYS,)), "2026-11-24T09:00", False),
    ],
)
def test_each_kind_of_condition_has_to_hold(when: When, text: str, *, holds: bool) -> None:
    assert when.holds(at(text), BERLIN) is holds
    first, past = when.bounds(BERLIN)
    assert not holds or first <= at(text) < past


def test_days_in_which_clocks_change_have_their_hours() -> None:
    hour = 3_600_000_000_000
    for day, hours in ((LONG, 25), (SHORT, 23), (TUESDAY, 24)):
        when = When(days=((day, day),))
        first, past = moment_ns(day, 0, BERLIN), moment_ns(day, 1_440, BERLIN)
        assert past - first == hours * hour
        held = [when.holds(first + n * hour // 2, BERLIN) for n in range(-1, 2 * hours + 1)]
        assert held == [False, *[True] * (2 * hours), False]
    # The hour that occurs twice is meant twice, from its first.
    twice = When(days=((LONG, LONG),), minutes=((120, 180),))
    first = moment_ns(LONG, 120, BERLIN)
    assert [twice.holds(first + n * hour, BERLIN) for n in (-1, 0, 1, 2)] == [
        *(False, True, True, False)
    ]


@pytest.mark.parametrize(
    ("when", "first", "past", "holds"),
    [
        (When(), "2026-11-24T08:00", "2026-11-24T09:00", True),
        (When(minutes=((480, 600),)), "2026-11-24T07:00", "2026-11-24T08:00", False),
        (When(minutes=((480, 600),)), "2026-11-24T09:00", "2026-11-24T10:00", True),
        (When(minutes=((480, 600),)), "2026-11-24T10:00", "2026-11-24T11:00", False),
        # A minute of the hour, its last one.
        (When(minutes=((539, 540),)), "2026-11-24T08:00", "2026-11-24T09:00", True),
        (When(minutes=((540, 541),)), "2026-11-24T08:00:30", "2026-11-24T09:00:01", True),
        (When(frozenset({1}), minutes=NIGHT), "2026-11-25T01:00", "2026-11-25T02:00", True),
        (When(frozenset({1}), minutes=NIGHT), "2026-11-25T02:00", "2026-11-25T03:00", False),
        (When(days=((TUESDAY, TUESDAY),)), "2026-11-24T23:00", "2026-11-25T00:00", True),
        (When(days=((TUESDAY, TUESDAY),)), "2026-11-25T00:00", "2026-11-25T01:00", False),
        (
            When(spans=((at("2026-11-24T08:10"), at("2026-11-24T08:20")),)),
            "2026-11-24T08:00",
            "2026-11-24T09:00",
            True,
        ),
        (
            When(spans=((at("2026-11-24T08:10"), at("2026-11-24T08:20")),)),
            "2026-11-24T08:20",
            "2026-11-24T09:00",
            False,
        ),
    ],
)
def test_an_hour_is_searched_if_any_of_its_minutes_is_meant(
    when: When, first: str, past: str, *, holds: bool
) -> None:
    assert when.holds_within(at(first), at(past), BERLIN) is holds


def test_bounds_of_days_hold_the_night_after() -> None:
    when = When(days=((TUESDAY, TUESDAY),), minutes=NIGHT)
    assert when.bounds(UTC) == (moment_ns(TUESDAY, 0, UTC), moment_ns(date(2026, 11, 26), 0, UTC))
    assert When().bounds(UTC) == ALWAYS
    assert When(days=((date.min, date.max),)).bounds(UTC) == ALWAYS
    # What cannot be is nowhere.
    span = (moment_ns(date(2026, 11, 27), 0, UTC), ALWAYS[1])
    first, past = When(days=((TUESDAY, TUESDAY),), spans=(span,)).bounds(UTC)
    assert first == past
