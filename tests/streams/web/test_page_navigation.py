"""How a reader moves through a device's log: keys, spans, steps back, addresses and words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.streams.synthetic_log import MORNING, PLAN, Part, Records, day, put
from tests.streams.web.site import DRAWN, PHONE, Site, choose_first

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page


FIND_WORDS = "document.querySelector('#find-words')"


async def search(page: Page, text: str) -> None:
    await page.value(f"{FIND_WORDS}.value = {text!r}; {FIND_WORDS}.form.requestSubmit()")


async def test_keys_walk_through_the_records(site: Site, page: Page, records: Records) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await choose_first(page)
    said = "document.querySelector('#rows').getAttribute('aria-valuetext')"
    assert (await page.value(said)).startswith("07:30:00, Daily hygiene")
    await page.press("ArrowRight")
    assert (await page.value(said)).startswith("07:30:30, Daily hygiene")
    await page.press("End")
    assert (await page.value(said)).startswith("16:49:30, Reading books")
    await page.press("Escape")
    assert await page.texts(".record-time .quiet") == ["latest"]


async def test_the_span_is_chosen_by_button_and_by_dragging(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value("document.querySelector('[data-span=\"3600000\"]').click()")
    await page.until("document.querySelector('#shares-note').textContent === '15:50 to 16:50'")
    await page.value("document.querySelector('#earlier').click()")
    await page.until("document.querySelector('#shares-note').textContent === '14:50 to 15:50'")
    assert (await page.texts("#headline"))[0].startswith("Mostly ")
    await page.value("document.querySelector('#latest').click()")
    await page.value("document.querySelector('[data-span=day]').click()")
    await page.until("document.querySelector('#shares-note').textContent === '07:30 to 16:50'")
    await page.pointer("mousePressed", 300, 330, buttons=1)
    await page.pointer("mouseMoved", 500, 330, buttons=1)
    await page.pointer("mouseReleased", 500, 330)
    await page.until("document.querySelector('#shares-note').textContent !== '07:30 to 16:50'")
    assert "span=" in await page.value("location.search")
    assert await page.value("document.querySelectorAll('#spans [aria-pressed=true]').length") == 0


async def test_back_undoes_a_zoom_and_the_address_holds_the_view(
    site: Site, page: Page, records: Records
) -> None:
    note = "document.querySelector('#shares-note').textContent"
    await page.open(site.url)
    await page.until(DRAWN)
    entries = await page.value("history.length")
    await page.value("document.querySelector('[data-span=\"3600000\"]').click()")
    await page.value("document.querySelector('#earlier').click()")
    await page.until(f"{note} === '14:50 to 15:50'")
    assert await page.value("history.length") == entries + 2
    zoomed = await page.value("location.href")
    await page.value("history.back()")
    await page.until(f"{note} === '15:50 to 16:50'")
    await page.value("history.back()")
    await page.until(f"{note} === '07:30 to 16:50'")
    assert await page.value("location.search") == "?device=glasses-01"
    await page.value("history.forward()")
    await page.until(f"{note} === '15:50 to 16:50'")
    await page.open(zoomed)
    await page.until(f"{note} === '14:50 to 15:50'")
    assert await page.value("location.href") == zoomed


async def test_nothing_that_changes_by_itself_becomes_a_step_back(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=PLAN[:2])
    await store.put_scenarios(made.scenarios[:40])
    await store.put_activities(made.activities[:240])
    await page.open(site.url)
    await page.until(DRAWN)
    entries = await page.value("history.length")
    await put(store, made)
    await page.until("document.querySelector('#status').textContent === 'Live · up to 08:15'")
    assert await page.value("history.length") == entries


async def test_keys_zoom_from_a_day_to_a_second(site: Site, page: Page, records: Records) -> None:
    await page.open(f"{site.url}?at={(MORNING + 65) * 1000}")
    await page.until(DRAWN)
    await page.value("document.querySelector('#rows').focus()")
    for _ in range(16):
        await page.press("+")
    await page.until("new URLSearchParams(location.search).get('span') === '1000'")
    await page.until(
        "document.querySelector('#shares-note').textContent === '07:31:04 to 07:31:05'"
    )
    assert await page.texts("#record h2") == ["Daily hygiene"]
    ticks = await page.texts("#scenarios .axis text")
    assert {"07:31:05"} <= {*ticks} <= {"07:31:04", "07:31:05", "07:31:06"}
    for _ in range(18):
        await page.press("-")
    await page.until("document.querySelector('#shares-note').textContent === '07:30 to 16:50'")


async def test_an_address_names_a_time_and_a_zone(site: Site, page: Page, records: Records) -> None:
    at = records.scenarios[60].start_ns // 1_000_000
    await page.open(f"{site.url}?at={at}&zone=Asia/Tokyo")
    await page.until(DRAWN)
    [text] = await page.texts(".record-time")
    assert text.startswith("17:00:00 – 17:00:30chosen")
    assert await page.value("document.querySelector('#zone').value") == "Asia/Tokyo"
    assert f"at={at}" in await page.value("location.search")


async def test_an_address_of_a_moment_earlier_on_the_latest_day_shows_it(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=PLAN[:2])
    await put(store, made)
    at = made.scenarios[10].start_ns // 1_000_000
    # Once the worker has the day's hours, a first response is the only one with records.
    await page.open(site.url)
    await page.until(DRAWN)
    await page.open(f"{site.url}?at={at}&span=900000")
    there = "document.querySelector('.record-time')?.textContent.startsWith('07:35:00 – 07:35:30')"
    await page.until(f"{there} && {DRAWN}")


async def test_what_an_address_cannot_mean_is_ignored(
    site: Site, page: Page, records: Records
) -> None:
    for query in (
        "end=99999999999999999&at=-5",
        "end=-1&at=1e300",
        "end=now&at=",
        "span=banana",
        "end=1",
    ):
        await page.open(f"{site.url}?{query}&zone=Mars/Olympus")
        await page.until(f"{DRAWN} && location.search === '?device=glasses-01'")
        assert await page.texts("#date") == ["Thursday, 20 November 2025"]
        assert await page.texts(".record-time .quiet") == ["latest"]


async def test_the_last_record_of_an_earlier_time_is_not_called_the_latest(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(f"{site.url}?span=3600000&end={(MORNING + 5400) * 1000}")
    await page.until(DRAWN)
    [text] = await page.texts(".record-time")
    assert text == "08:59:30 – 09:00:00last shown"
    await page.value("document.querySelector('#latest').click()")
    await page.until("document.querySelector('.record-time').textContent.endsWith('latest')")


async def test_a_day_without_records_says_so_once(
    site: Site, page: Page, store: LogStore, records: Records, tmp_path: Path
) -> None:
    await put(store, day(start_s=MORNING - 2 * 86_400, plan=PLAN[:1]))
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value("document.querySelector('#earlier').click()")
    await page.until(
        "document.querySelector('#date').textContent === 'Wednesday, 19 November 2025'"
    )
    await page.until("document.querySelector('#record h2').textContent === 'Nothing recorded'")
    assert await page.texts("#headline") == ["Nothing recorded here"]
    assert await page.texts(".record-time") == [""]
    assert await page.texts("#record p.quiet") == ["The log has no record of this time."]
    shown = "[...document.querySelectorAll('h2')].filter((each) => each.checkVisibility())"
    assert await page.value(f"{shown}.map((each) => each.firstChild.textContent.trim())") == [
        *("Scenarios", "Nothing recorded")
    ]
    assert await page.texts("#scenarios .gaps text") == ["not recorded"]
    await page.screenshot(tmp_path / "nothing.png", whole=True)
    await page.value("document.querySelector('#earlier').click()")
    await page.until(f"{DRAWN} && document.querySelector('#bars').checkVisibility()")


async def test_a_zone_is_chosen_for_a_device_and_kept(
    site: Site, page: Page, records: Records, store: LogStore
) -> None:
    await put(store, day("watch-01", plan=PLAN[:1]))
    await page.open(f"{site.url}?device=glasses-01")
    await page.until(DRAWN)
    await page.value("document.querySelector('#zone').dispatchEvent(new Event('focus'))")
    assert await page.value("document.querySelectorAll('#zone option').length") > 300
    assert await page.texts("#zone option:checked") == ["UTC, as this browser"]
    await choose_zone(page, "Pacific/Auckland")
    # What was worn from 7:30 to 16:50 is two days there: the latest is shown, from midnight.
    await page.until("document.querySelector('#date').textContent.startsWith('Friday, 21')")
    await page.until(DRAWN)
    assert await page.texts("#shares-note") == ["00:00 to 05:50"]
    assert "zone=Pacific%2FAuckland" in await page.value("location.search")
    assert "zone=Pacific%2FAuckland" in await page.value("document.querySelector('#as-ics').href")
    await page.open(f"{site.url}?device=glasses-01")
    await page.until(DRAWN)
    assert await page.texts("#date") == ["Friday, 21 November 2025"]
    # Another device has a wearer of its own.
    await page.open(f"{site.url}?device=watch-01")
    await page.until(DRAWN)
    assert await page.texts("#shares-note") == ["07:30 to 07:50"]
    await page.open(f"{site.url}?device=glasses-01")
    await page.until(DRAWN)
    await choose_zone(page, "")
    await page.until("document.querySelector('#date').textContent.startsWith('Thursday, 20')")
    assert await page.value("Object.keys(localStorage).length") == 0


async def choose_zone(page: Page, zone: str) -> None:
    await page.value(
        f"""(() => {{
          const zone = document.querySelector('#zone');
          // The names come with the focus.
          zone.dispatchEvent(new Event('focus'));
          zone.value = {zone!r};
          zone.dispatchEvent(new Event('change'));
        }})()"""
    )


async def test_a_few_words_find_a_time_and_lead_to_it(
    site: Site,
    page: Page,
    store: LogStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # An hour an answer, as of a long log: the page goes on by itself, and what an hour cuts is one.
    monkeypatch.setattr("streams.web.search.SEARCH_S", -1.0)
    for back in range(3):
        await put(store, day(start_s=MORNING - back * 86_400, plan=PLAN[:2], seed=back))
    short = Part(1, "Reading books", "Eating", ("sitting",), ("clock",))
    await put(store, day(start_s=MORNING - 630, plan=[short]))
    await page.open(site.url)
    await page.until(DRAWN)

    async def ask(text: str, begin: str) -> None:
        await search(page, text)
        note = "document.querySelector('#found-note').textContent"
        await page.until(f"{note}.startsWith({json.dumps(begin)})")

    await ask("cooking zebra", "3 times. Nothing is known of: zebra. Notes are")
    lines = await page.texts("#found a")
    assert lines[0] == "Thu 20 Nov 07:50 – 08:15 Cooking"
    assert lines[-1] == "Tue 18 Nov 07:50 – 08:15 Cooking"
    await page.screenshot(tmp_path / "search.png", whole=True)
    # Rounded to minutes, half a minute would begin and end at once.
    await ask("reading", "Once.")
    assert await page.texts("#found a") == ["Thu 20 Nov 07:19:30 – 07:20:30 Reading books"]
    # What was searched for comes first of what was done.
    await ask("cutlery", "3 times.")
    lines = await page.texts("#found li")
    assert all("Cooking cutlery, " in line for line in lines)
    await ask("cooking or reading", "4 times.")
    await ask("cooking tuesday", "Once.")
    await page.value("document.querySelector('#found a').click()")
    await page.until("document.querySelector('#date').textContent === 'Tuesday, 18 November 2025'")
    await page.until(DRAWN)
    [text] = await page.texts(".record-time")
    assert text.startswith("07:50:00 – 07:50:30chosen")
    await page.value("history.back()")
    await page.until("document.querySelector('#date').textContent === 'Thursday, 20 November 2025'")
    await ask("cooking 18 November 2025", "Once. Searched: Tuesday 18 November 2025.")
    # The log is of old recordings, as those of a replay.
    await ask("cooking yesterday", "Not found. Searched: ")
    [note] = await page.texts("#found-note")
    assert note.endswith(". The log spans: from 18 November 2025 to 20 November 2025.")
    await ask("snoring", "Not found.")
    assert await page.texts("#found li") == []
    await ask(
        "zebra", "Not understood: 'zebra'; expected a scenario, activity, sound, place or time"
    )
    await ask("cooking tomorrow", "Not understood: 'tomorrow'; expected a time that is over")
    # The browser itself notes what the worker refuses.
    page.complaints.clear()


async def test_of_many_hits_the_newest_are_shown_and_it_is_said(
    site: Site, page: Page, store: LogStore
) -> None:
    await put(store, day(plan=[part._replace(minutes=2) for part in PLAN[1:3]] * 7))
    await page.open(site.url)
    await page.until(DRAWN)
    await search(page, "cooking or eating")
    await page.until("document.querySelectorAll('#found li').length === 12")
    assert await page.texts("#found-note") == ["14 times, the newest 12 shown."]


async def test_hits_are_those_of_the_zone_that_is_chosen(
    site: Site, page: Page, store: LogStore
) -> None:
    await put(store, day(plan=PLAN[:2]))
    await page.open(site.url)
    await page.until(DRAWN)
    hit = "document.querySelector('#found a')?.textContent"
    for text, utc, tokyo in (
        ("cooking", "Thu 20 Nov 07:50 – 08:15 Cooking", "Thu 20 Nov 16:50 – 17:15 Cooking"),
        # The clock of Tokyo has it in its evening.
        ("cooking at 8", "Thu 20 Nov 08:00 – 08:15 Cooking", None),
    ):
        await search(page, text)
        await page.until(f"{hit} === {utc!r}")
        # What is being written meanwhile is not searched for yet.
        await page.value(f"{FIND_WORDS}.value = 'zebra'")
        await choose_zone(page, "Asia/Tokyo")
        await page.until(f"({hit} ?? null) === {json.dumps(tokyo)}")
        assert not (await page.texts("#found-note"))[0].startswith("Not understood")
        await choose_zone(page, "")


async def test_records_of_an_answer_are_shown_by_the_zone_that_is_chosen(
    site: Site, page: Page, store: LogStore
) -> None:
    await put(store, day(plan=PLAN[:2]))
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value(
        f"""window.asked = 0;
            window.fetch = new Proxy(window.fetch, {{ apply: (fetch, it, [path, ...rest]) => {{
              if (!path.startsWith('/api/v1/ask')) return fetch(path, ...rest);
              window.asked += 1;
              return new Response(JSON.stringify({{ answer: 'At 07:50.', model: 'm', records: [
                {{ start_ns: {MORNING * 10**9}, end_ns: {(MORNING + 60) * 10**9},
                   scenario: 'Cooking', activities: [], sounds: [], named: [] }}] }}));
            }} }});
            document.querySelector('#find-words').value = 'when did I cook';
            document.querySelector('#ask').click()"""
    )
    await page.until("document.querySelector('#found a') !== null")
    assert await page.texts("#found-note") == ["By m, from:"]
    await choose_zone(page, "Asia/Tokyo")
    assert await page.texts("#found a") == ["Thu 20 Nov 16:30 – 16:31 Cooking"]
    assert await page.texts("#answer, #found-note") == [
        "At 07:50.",
        "The answer's times are those of UTC. By m, from:",
    ]
    await choose_zone(page, "")
    assert await page.texts("#found-note") == ["By m, from:"]
    assert await page.value("window.asked") == 1


async def test_on_a_phone_a_hit_has_a_space_between_its_time_and_its_name(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url, *PHONE)
    await page.until(DRAWN)
    await search(page, "cooking")
    await page.until("document.querySelector('#found a') !== null")
    gap = await page.value(
        """(() => { const link = document.querySelector('#found a');
             const name = document.createRange();
             name.selectNodeContents(link.lastChild);
             const time = link.firstChild.getBoundingClientRect();
             return name.getBoundingClientRect().left - time.right; })()"""
    )
    assert gap >= 4


async def test_a_wearer_needs_no_pointer(site: Site, page: Page, store: LogStore) -> None:
    await put(store, day(plan=PLAN[:2]))
    await page.open(site.url)
    await page.until(DRAWN)
    await page.tab_to("#rows")
    await page.press("Home")
    await page.press("ArrowRight")
    await page.until("document.querySelector('.record-time').textContent.startsWith('07:30:30')")
    await page.tab_to("#record [data-key=details]")
    await page.press("Enter")
    await page.until("document.querySelector('#record details').open")

    await page.tab_to("#record [data-key=correct]")
    await page.press("Enter")
    await page.until("document.activeElement.id === 'correct-label'")
    await page.write("Ironing")
    await page.press("Enter")
    await page.until("document.querySelector('#corrections-list button') !== null")
    assert [each.action for each in site.published] == ["correct"]
    await page.tab_to("#corrections-list button")
    await page.press("Enter")
    await page.until(
        "document.querySelector('#corrections-list').textContent.includes('Taken back')"
    )
    assert [each.action for each in site.published] == ["correct", "undo"]

    await page.tab_to("#find-words")
    await page.write("cooking")
    await page.press("Enter")
    await page.until("document.querySelector('#found a') !== null")
    await page.tab_to("#found a")
    await page.press("Enter")
    await page.until("document.querySelector('.record-time').textContent.startsWith('07:50:00')")
    await page.tab_to("#rows")
    await page.press("Escape")
    await page.until("!document.querySelector('.record-time').textContent.includes('chosen')")
