"""The times in the form of a correction: of the wearer's clock, across midnight and its changes."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.streams.synthetic_log import Part, day, put
from tests.streams.web.correction_form import cancel, field, fill_in, open_form, save, send
from tests.streams.web.site import DRAWN, Site

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page

READING = Part(60, "Reading books", "Eating", ("sitting",), ("clock",))
COOKING = Part(60, "Cooking", "Eating", ("standing",), ("frying",))


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


# In Berlin clocks were put forward from 2:00 on 30 March and back from 3:00 on 26 October 2025.
@pytest.mark.parametrize(
    ("starts", "shown", "fields", "saved"),
    [
        # As the form was filled in.
        (
            "2025-10-26T04:00",
            ("05:00:00", "06:00:00"),
            {},
            ("2025-10-26T04:00", "2025-10-26T05:00"),
        ),
        (
            "2025-03-30T04:00",
            ("06:00:00", "07:00:00"),
            {},
            ("2025-03-30T04:00", "2025-03-30T05:00"),
        ),
        # A time after the change.
        (
            "2025-10-26T04:00",
            ("05:00:00", "06:00:00"),
            {"from": "05:10", "to": "5:20"},
            ("2025-10-26T04:10", "2025-10-26T04:20"),
        ),
        (
            "2025-03-30T04:00",
            ("06:00:00", "07:00:00"),
            {"from": "06:10", "to": "06:20"},
            ("2025-03-30T04:10", "2025-03-30T04:20"),
        ),
        # Within the first and the second of two hours with the same name.
        (
            "2025-10-26T00:00",
            ("02:00:00", "02:00:00"),
            {"from": "02:10", "to": "02:20"},
            ("2025-10-26T00:10", "2025-10-26T00:20"),
        ),
        (
            "2025-10-26T01:00",
            ("02:00:00", "03:00:00"),
            {"from": "02:10", "to": "02:20"},
            ("2025-10-26T01:10", "2025-10-26T01:20"),
        ),
        # The second of two hours with the same name.
        (
            "2025-10-26T01:00",
            ("02:00:00", "03:00:00"),
            {},
            ("2025-10-26T01:00", "2025-10-26T02:00"),
        ),
    ],
)
async def test_times_are_those_of_the_clock_on_days_on_which_it_changes(
    site: Site,
    page: Page,
    store: LogStore,
    starts: str,
    shown: tuple[str, str],
    fields: dict[str, str],
    saved: tuple[str, str],
) -> None:
    await put(store, day(start_s=utc(starts), plan=[READING]))
    await page.open(f"{site.url}?zone=Europe/Berlin")
    await page.until(DRAWN)
    await open_form(page)
    assert (await field(page, "from"), await field(page, "to")) == shown
    await cancel(page)
    await save(page, label="Fishing", **fields)
    [said] = site.published
    assert (said.start_ns, said.end_ns) == (utc(saved[0]) * 10**9, utc(saved[1]) * 10**9)


@pytest.mark.parametrize(
    ("fields", "saved"),
    [
        # Of the evening before, of which the block was not.
        ({"from": "23:50", "to": "00:10"}, ("2025-11-19T23:50", "2025-11-20T00:10")),
        ({"from": "00:40"}, ("2025-11-20T00:40", "2025-11-20T01:00")),
        # Of the block's own day where it is as far from the block on either day.
        ({"from": "12:30", "to": "12:40"}, ("2025-11-20T12:30", "2025-11-20T12:40")),
        # The end is after the start.
        ({"from": "23:50", "to": "11:40"}, ("2025-11-19T23:50", "2025-11-20T11:40")),
    ],
)
async def test_a_correction_may_begin_before_the_midnight_of_its_block(
    site: Site, page: Page, store: LogStore, fields: dict[str, str], saved: tuple[str, str]
) -> None:
    await put(store, day(start_s=utc("2025-11-19T23:00"), plan=[COOKING, READING]))
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts("#shares-note") == ["00:00 to 01:00"]
    await save(page, label="Fishing", **fields)
    [said] = site.published
    assert (said.start_ns, said.end_ns) == (utc(saved[0]) * 10**9, utc(saved[1]) * 10**9)


async def test_an_end_before_its_start_is_rather_mistyped_than_of_the_next_day(
    site: Site, page: Page, store: LogStore
) -> None:
    await put(store, day(start_s=utc("2025-11-20T07:30"), plan=[READING]))
    await page.open(site.url)
    await page.until(DRAWN)
    await open_form(page)
    await fill_in(page, to="6:00")
    await send(page)
    await page.until("document.querySelector('#correct-problem').textContent !== ''")
    assert await page.texts("#correct-problem") == [
        "From 07:30 to 06:00 of the next day is 22 h 30 min: after midnight a span ends within "
        "12 h of its start."
    ]
    assert site.published == []


async def test_a_span_of_two_days_is_corrected_from_the_day_on_which_it_begins(
    site: Site, page: Page, store: LogStore
) -> None:
    await put(store, day(start_s=utc("2025-11-19T23:30"), plan=[READING]))
    await page.open(f"{site.url}?span=3600000")
    await page.until(DRAWN)
    await save(page, label="Fishing", to="00:20", split="00:05", then="Eating")
    [said] = site.published
    borders = ["2025-11-19T23:30", "2025-11-20T00:05", "2025-11-20T00:20"]
    assert [(each.start_ns // 10**9, each.end_ns // 10**9) for each in said.after] == [
        (utc(first), utc(last)) for first, last in pairwise(borders)
    ]
