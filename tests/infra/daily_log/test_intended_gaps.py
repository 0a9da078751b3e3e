from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from infra.daily_log.decisions import MAX_KEPT, Decisions
from infra.daily_log.intended_gaps import Decision, intended_gaps
from schemas import DeviceControl
from schemas.quiet_hours import QuietHours

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BERLIN = ZoneInfo("Europe/Berlin")
MS = 1_000_000


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * 1_000_000_000


def decision(text: str, state: Any = "active", **fields: Any) -> Decision:
    return Decision(ns(text) // MS, DeviceControl(device_id="d", state=state, **fields))


FROM, TO = ns("2026-03-02T00:00"), ns("2026-03-03T00:00")


def test_a_pause_lasts_until_the_next_decision_or_its_end() -> None:
    decisions = [
        decision("2026-03-01T23:00", "paused"),
        decision("2026-03-02T01:00"),
        decision("2026-03-02T09:00", "paused", paused_until_ms=ns("2026-03-02T09:30") // MS),
        decision("2026-03-02T12:00", "paused", paused_until_ms=ns("2026-03-02T18:00") // MS),
        decision("2026-03-02T13:00"),
        decision("2026-03-02T23:00", "paused"),
    ]
    assert intended_gaps(decisions, None, FROM, TO) == [
        (FROM, ns("2026-03-02T01:00"), "paused"),
        (ns("2026-03-02T09:00"), ns("2026-03-02T09:30"), "paused"),
        (ns("2026-03-02T12:00"), ns("2026-03-02T13:00"), "paused"),
        (ns("2026-03-02T23:00"), TO, "paused"),
    ]


def test_quiet_hours_hold_from_when_they_were_decided() -> None:
    decisions = [
        decision("2026-03-02T08:00", quiet="07:00-09:00,22:00-06:00@Europe/Berlin"),
        decision("2026-03-02T23:00"),
    ]
    everybody = QuietHours.parse("12:00-12:30@Europe/Berlin")
    assert intended_gaps(decisions, everybody, FROM, TO) == [
        (ns("2026-03-02T08:00"), ns("2026-03-02T09:00"), "quiet"),
        (ns("2026-03-02T12:00"), ns("2026-03-02T12:30"), "quiet"),
        (ns("2026-03-02T22:00"), ns("2026-03-02T23:00"), "quiet"),
    ]
    assert intended_gaps([], None, FROM, TO) == []


def test_quiet_spans_of_many_days_follow_the_clock_of_the_zone() -> None:
    hours = QuietHours.parse("22:00-07:00@Europe/Berlin")
    # The night of the change to summer time is an hour shorter.
    spans = hours.between(ns("2026-03-28T12:00"), ns("2026-03-30T12:00"))
    assert spans == [
        (ns("2026-03-28T22:00"), ns("2026-03-29T07:00")),
        (ns("2026-03-29T22:00"), ns("2026-03-30T07:00")),
    ]
    assert [(end - start) // 3_600_000_000_000 for start, end in spans] == [8, 9]
    assert all(hours.covers(start) and not hours.covers(end) for start, end in spans)


@pytest.fixture
async def decisions(redis_url: str) -> AsyncIterator[Decisions]:
    async with Redis.from_url(redis_url) as client:
        await client.flushdb()
        yield Decisions(client, "app:log")


async def test_decisions_are_kept_in_order_and_once(decisions: Decisions) -> None:
    later, earlier = decision("2026-03-02T09:00", "paused"), decision("2026-03-02T08:00")
    for each in (later, earlier, later):
        await decisions.put("d", each.at_ms, each.control)
    assert await decisions.read("d") == [earlier, later]
    assert await decisions.read("e") == []


async def test_of_an_erased_device_no_decision_stays(decisions: Decisions) -> None:
    for control in (DeviceControl(device_id="d", state="erased"), None):
        await decisions.put("d", 1, DeviceControl(device_id="d", state="paused"))
        await decisions.put("d", 2, control)
        assert await decisions.read("d") == []


async def test_the_newest_decisions_are_kept(decisions: Decisions) -> None:
    for at_ms in range(MAX_KEPT + 3):
        await decisions.put("d", at_ms, DeviceControl(device_id="d", state="active"))
    kept = await decisions.read("d")
    assert (len(kept), kept[0].at_ms) == (MAX_KEPT, 3)


async def test_what_another_release_decided_is_passed_over(decisions: Decisions) -> None:
    await decisions._redis.zadd("app:log:decisions:d", {b"unreadable@1": 1.0})
    assert await decisions.read("d") == []
