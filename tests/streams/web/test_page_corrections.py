"""Correcting and confirming what the log says, on the page."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.streams.synthetic_log import MORNING, Records
from tests.streams.web.browser import tab
from tests.streams.web.correction_form import (
    SAVED,
    cancel,
    field,
    fill_in,
    open_first,
    open_form,
    send,
)
from tests.streams.web.site import DRAWN, PHONE, WHOLE, Site, choose_first

if TYPE_CHECKING:
    from pathlib import Path

    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page


UNANSWERED = "The worker does not answer: try again, it is saved only once"


async def test_a_block_is_corrected_by_key_and_taken_back(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await open_first(page)
    assert await page.value("document.activeElement.id") == "correct-label"
    assert await field(page, "from") == "07:30:00"
    await fill_in(page, label="Fishing", also="Eating", to="7:40", note="with Ada")
    await send(page)
    await page.until(SAVED)
    await page.until("document.querySelector('.ribbon rect').dataset.name === 'Fishing'")
    [said] = site.published
    start = MORNING * 1_000_000_000
    assert (said.action, said.start_ns, said.end_ns) == ("correct", start, start + 600 * 10**9)
    assert (said.note, said.after[0].labels) == ("with Ada", ["Fishing", "Eating"])
    assert await page.value("document.activeElement.id") == "rows"
    assert await page.texts("#corrections-list li") == [
        "20 Nov 07:30 – 07:40 Daily hygiene → Fishing, Eating · with Ada Undo"
    ]
    await page.value("document.querySelector('#corrections-list button').click()")
    await page.until("document.querySelector('.ribbon rect').dataset.name === 'Daily hygiene'")
    assert [each.action for each in site.published] == ["correct", "undo"]


async def test_the_form_stays_in_sight_when_the_evidence_comes(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await open_first(page)
    await page.until(WHOLE)
    await page.until(
        """(() => { const box = document.querySelector('#correct').getBoundingClientRect();
             const side = document.querySelector('.side').getBoundingClientRect();
             return box.top >= side.top - 1 && box.bottom <= Math.min(side.bottom, innerHeight) + 1;
           })()"""
    )


async def test_what_is_taken_back_is_named_once_a_note_and_a_confirmation_too(
    site: Site, page: Page, records: Records
) -> None:
    async def undo() -> tuple[str, str]:
        count = "document.querySelectorAll('#corrections-list li').length"
        lines = await page.value(count)
        await page.value("document.querySelector('#corrections-list button').click()")
        await page.until(f"{count} === {lines + 1}")
        [saved], [line, *_] = await page.texts("#saved"), await page.texts("#corrections-list li")
        return saved, line

    async def save(label: str, note: str) -> None:
        await open_first(page)
        await fill_in(page, label=label, note=note)
        await send(page)
        await page.until("document.querySelector('#corrections-list button') !== null")

    await page.open(site.url)
    await page.until(DRAWN)
    await save("Fishing", "")
    again = "Taken back: Daily hygiene again"
    assert await undo() == (again, f"20 Nov 07:30 – 07:50 {again}")
    await save("", "with Ada")
    note = "Taken back: Note: with Ada"
    assert await undo() == (note, f"20 Nov 07:30 – 07:50 {note}")
    await page.value("document.querySelector('#rows').focus()")
    await page.press("y")
    await page.until("document.querySelector('#corrections-list button') !== null")
    confirmed = "Taken back: Daily hygiene confirmed"
    assert await undo() == (confirmed, f"20 Nov 07:30:00 – 07:30:30 {confirmed}")


async def test_a_record_and_its_block_are_confirmed_by_key_and_by_one_tap(
    site: Site, page: Page, records: Records, tmp_path: Path
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await choose_first(page)
    assert await page.texts("#record > .word button") == [
        "That's right",
        "All of 07:30 – 07:50 is right",
        "Correct or note",
    ]
    await page.press("y")
    await page.until(SAVED)
    assert await page.texts("#saved") == ["Saved: Daily hygiene confirmed"]
    await page.until("document.querySelector('.corrected .confirmed') !== null")
    await page.until(WHOLE)
    assert "Daily hygiene, confirmed by the wearer" in (await page.texts("#record"))[0]
    # What was said already is not asked for again.
    assert await page.texts("#record > .word button") == [
        "All of 07:30 – 07:50 is right",
        "Correct or note",
    ]
    assert (await page.texts("#corrections-list li"))[0].startswith(
        "20 Nov 07:30:00 – 07:30:30 Daily"
    )
    assert await page.value("document.activeElement.id") == "rows"
    await page.press("ArrowRight")
    await page.value("document.querySelector('[data-key=all-right]').click()")
    await page.until("document.querySelectorAll('#corrections-list li').length === 2")
    start = MORNING * 1_000_000_000
    assert [(each.action, each.start_ns, each.end_ns) for each in site.published] == [
        ("confirm", start, start + 30 * 10**9),
        ("confirm", start, start + 1200 * 10**9),
    ]
    await page.until(WHOLE)
    await page.screenshot(tmp_path / "confirmed.png", whole=True)
    await page.value("document.querySelector('#corrections-list button').click()")
    await page.until("document.querySelector('[data-key=right]') !== null")
    assert site.published[-1].action == "undo"


async def test_all_names_of_a_half_minute_are_shown_and_confirmed(
    site: Site, page: Page, records: Records, store: LogStore
) -> None:
    first = records.scenarios[0]
    both = {"Cooking": 0.9, "Watching tv": 0.7, "Eating": 0.2}
    await store.put_scenarios([first.model_copy(update={"scenarios": both})])
    await page.open(site.url)
    await page.until(DRAWN)
    await choose_first(page)
    await page.until("document.querySelector('#record h2').textContent === 'Cooking, Watching tv'")
    await page.press("c")
    assert await field(page, "also") == "Watching tv"
    await cancel(page)
    await page.press("y")
    await page.until(SAVED)
    assert await page.texts("#saved") == ["Saved: Cooking, Watching tv confirmed"]
    assert [each.labels for each in site.published[0].after] == [["Cooking", "Watching tv"]]


async def test_an_activity_is_confirmed_as_the_page_calls_it(
    site: Site, page: Page, records: Records, store: LogStore
) -> None:
    first, second, *_ = records.activities
    described = {"activities": {"eating": 0.3, "typing": 0.2}, "open_vocabulary": {"juggling": 0.8}}
    await store.put_activities(
        [
            first.model_copy(update={"activities": {"eating": 0.9}}),
            second.model_copy(update=described),
        ]
    )
    await page.open(f"{site.url}?at={first.start_ns // 10**6 + 1000}")
    await page.until(DRAWN)
    await page.until("document.querySelector('[data-key=activity-right]') !== null")
    assert await page.texts("[data-key=activity-right]") == [
        "“eating” is right, 07:30:00 – 07:30:05"
    ]
    await page.value("document.querySelector('#rows').focus()")
    await page.press("a")
    await page.until("document.querySelector('#saved').textContent === 'Saved: eating confirmed'")
    await page.until(f"{WHOLE} && document.querySelector('[data-key=activity-right]') === null")
    await page.open(f"{site.url}?at={second.start_ns // 10**6 + 1000}")
    await page.until(
        "document.querySelector('[data-key=activity-right]')?.textContent.includes('jug')"
    )
    await page.value("document.querySelector('[data-key=activity-right]').click()")
    await page.until(
        "document.querySelector('#saved').textContent.startsWith('Saved: eating → jug')"
    )
    assert [(each.action, each.row, each.after[0].labels) for each in site.published] == [
        ("confirm", "activity", ["eating"]),
        ("correct", "activity", ["juggling"]),
    ]


async def test_a_second_press_changes_nothing_twice(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await choose_first(page)
    twice = "for (let n = 0; n < 2; n += 1)"
    listed = "document.querySelectorAll('#corrections-list li').length"
    await page.value(f"{twice} document.querySelector('[data-key=right]').click()")
    await page.until(f"{listed} === 1")
    await open_form(page)
    await fill_in(page, label="Fishing")
    await send(page, 2)
    await page.until(f"{listed} === 2")
    await page.value(f"{twice} document.querySelector('#corrections-list button').click()")
    await page.until(f"{listed} === 3")
    assert [each.action for each in site.published] == ["confirm", "correct", "undo"]


async def test_what_two_tabs_take_back_at_once_is_taken_back_once(
    site: Site, page: Page, records: Records, devtools: int
) -> None:
    await page.open(f"{site.url}?zone=Asia/Tokyo")
    await page.until(DRAWN)
    await page.value("document.querySelector('[data-key=right]').click()")
    undo = "document.querySelector('#corrections-list button')"
    await page.until(f"{undo} !== null")
    async with tab(devtools) as other:
        await other.open(f"{site.url}?zone=Asia/Tokyo")
        await other.until(f"{DRAWN} && {undo} !== null")
        await asyncio.gather(*(each.value(f"{undo}.click()") for each in (page, other)))
        answers = []
        for each in (page, other):
            answer = "document.querySelector('#saved').textContent"
            await each.until(f"!['', 'Saved'].includes({answer}.split(':')[0])")
            # Drawn anew, the list has only what the log has. A tab behind another is not drawn.
            await each.call("Page.bringToFront")
            await each.resize(1000, 800)
            answers.append(await each.value(answer))
            each.complaints.clear()
    confirmed, undone = site.published
    assert [each.action for each in site.published] == ["confirm", "undo"]
    [label] = confirmed.after[0].labels
    start, end, at = (
        f"{datetime.fromtimestamp(ns // 10**9, ZoneInfo('Asia/Tokyo')):%-d %b %H:%M:%S}"
        for ns in (confirmed.start_ns, confirmed.end_ns, undone.created_ns)
    )
    clock = [each.removesuffix(":00") for each in (start, end, at)]
    assert sorted(answers) == [
        f"Taken back: {label} confirmed",
        f"The confirmation of '{label}' from {clock[0]} to {clock[1]} was taken back already, "
        f"at {clock[2]}; expected one that stands",
    ]


@pytest.mark.parametrize("reaches", [False, True])
@pytest.mark.parametrize(
    "lost", ["throw new TypeError('Failed to fetch')", "return new Response('<p>502')"]
)
async def test_what_is_sent_again_after_a_lost_answer_is_saved_once(
    site: Site, page: Page, records: Records, reaches: bool, lost: str
) -> None:
    async def losing(reaches: bool) -> None:
        await page.value(
            f"""window.whole ??= window.fetch;
                window.fetch = async (path, asked) => {{
                  if (asked.method !== 'POST') return whole(path, asked);
                  window.fetch = whole;
                  if ({json.dumps(reaches)}) await whole(path, asked);
                  {lost};
                }}; 0"""
        )

    def said(selector: str) -> str:
        return f"document.querySelector({selector!r}).textContent === {UNANSWERED!r}"

    listed = "document.querySelectorAll('#corrections-list li').length"
    await page.open(site.url)
    await page.until(DRAWN)
    await open_first(page)
    await fill_in(page, label="Fishing", note="with Ada")
    await losing(reaches)
    await send(page)
    await page.until(said("#correct-problem"))
    assert await field(page, "note") == "with Ada"
    if reaches:
        # The log has it, as the list under the open form shows.
        await page.until(f"{listed} === 1")
    await send(page)
    await page.until(SAVED)
    await page.until(f"{listed} === 1")
    assert await page.texts("#saved") == ["Saved: Daily hygiene → Fishing · with Ada"]
    await losing(reaches)
    await page.value("document.querySelector('#corrections-list button').click()")
    await page.until(said("#saved"))
    # Unless the list shows by then that it was taken back.
    await page.until(
        f"{listed} === 2 || (document.querySelector('#corrections-list button:enabled').click(), 1)"
    )
    await page.until(f"{listed} === 2")
    assert [each.action for each in site.published] == ["correct", "undo"]


async def test_a_long_word_breaks(site: Site, page: Page, records: Records) -> None:
    too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    await page.open(site.url, *PHONE)
    await page.until(DRAWN)
    await open_form(page)
    await fill_in(page, label="W" * 48, note="w" * 500)
    await send(page)
    await page.until("document.querySelector('#corrections-list li') !== null")
    await page.until(WHOLE)
    assert await page.value(too_wide) == 0
    await page.value("document.querySelector('[data-span=week]').click()")
    await page.until("document.querySelector('#days-list li') !== null")
    assert await page.value(too_wide) == 0


async def test_what_the_log_says_no_more_is_not_confirmed(
    site: Site, page: Page, records: Records, store: LogStore
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    # The page hears of nothing new.
    await page.value(
        "for (let last = setTimeout(() => 0); last > 0; last--) clearTimeout(last);"
        "window.setTimeout = () => 0"
    )
    first = records.scenarios[0]
    await store.put_scenarios([first.model_copy(update={"scenarios": {"Eating": 0.9}})])
    await choose_first(page)
    await page.value(
        "document.querySelector('#rows').dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Y', shiftKey: true}))"
    )
    await page.until("document.querySelector('#saved').textContent.startsWith('The log says')")
    assert site.published == []
    page.complaints.clear()


async def test_a_change_that_cannot_be_meant_says_so_in_the_form(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await open_form(page)
    await fill_in(page, **{"from": "noon"})
    await send(page)
    problem = "document.querySelector('#correct-problem').textContent"
    assert await page.until(problem) == "A time is written as 08:30 or 08:30:00."
    await cancel(page)
    assert await page.value("document.querySelector('#correct').hidden")
    assert site.published == []
