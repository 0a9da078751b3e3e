"""A day's charts and totals, in a real Chromium, against a real store."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from streams.web.hours import Hours
from tests.streams.synthetic_log import MORNING, PLAN, Part, Records, day, put
from tests.streams.web.browser import FLAGS, Page, binary
from tests.streams.web.site import DRAWN, PHONE, Site

if TYPE_CHECKING:
    from pathlib import Path

    from infra.daily_log.store import LogStore


async def test_the_dom_holds_both_rows(site: Site, records: Records) -> None:
    profile = tempfile.mkdtemp(prefix="chromium-")
    try:
        process = await asyncio.create_subprocess_exec(
            binary(),
            *FLAGS,
            f"--user-data-dir={profile}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            site.url,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "TZ": "UTC"},
        )
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    dom = out.decode()
    assert 'Reading books, <span class="unbroken">25 min</span>' in dom
    assert len(re.findall(r'<path class="area"', dom)) >= 8
    assert len(re.findall(r'<g class="lane"', dom)) == 11
    assert "not recorded" in dom
    assert re.search(r"Working at desk</span><span class=\"number\">2 h 5\d min", dom)


async def test_the_rows_say_what_the_log_says(site: Site, page: Page, records: Records) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts("#date") == ["Thursday, 20 November 2025"]
    assert await page.texts("#status") == ["Live · up to 16:50"]
    names = await page.texts(".bar-name")
    assert names[0] == "typing on a keyboard"
    assert len(names) == len({record_leader(record) for record in records.activities})
    shares = [int(text.strip("< %")) for text in await page.texts(".bar-share")]
    assert 97 <= sum(shares) <= 103
    legend = [text.split(" ")[0] for text in await page.texts("#legend li")]
    assert legend[0] == "Working"
    assert await page.texts(".record h2") == ["Reading books"]


def record_leader(record: Any) -> str:
    return max(record.activities, key=record.activities.get)


async def test_totals_headline_and_strip_come_from_the_records(
    site: Site, page: Page, store: LogStore
) -> None:
    # Each part is over before it leads the ten minutes that end with it.
    plan = [PLAN[n]._replace(minutes=4) for n in (1, 2, 4, 6)]
    made = day(plan=plan)
    await put(store, made)
    await page.open(site.url)
    await page.until(DRAWN)
    names = [part.scenario for part in plan]
    assert await page.texts("#headline") == [f"{names[-1]}, 4 min"]
    assert (await page.texts("#detail"))[0].startswith("Since 07:42 · ")
    assert sorted(await page.texts("#legend li")) == sorted(f"{name}4 min" for name in names)
    strip = await page.value(
        """[...document.querySelectorAll('.ribbon rect')].map((run) =>
             [run.dataset.name, Number(run.getAttribute('width'))])"""
    )
    assert [name for name, _ in strip] == names
    assert max(width for _, width in strip) - min(width for _, width in strip) < 0.1
    assert await page.value("document.querySelectorAll('path.area').length") >= 4
    assert await page.texts(".record h2") == [names[-1]]


async def test_unknown_activities_have_a_lane_and_no_bar(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=[PLAN[1]._replace(minutes=4)])
    *known, last = made.activities
    unknown = last.model_copy(update={"unknown": True, "gate": "open"})
    await put(store, made._replace(activities=[*known, unknown]))
    await page.open(site.url)
    await page.until(DRAWN)
    bars = await page.texts(".bar-name")
    assert sorted(bars) == sorted({record_leader(record) for record in known})
    assert await page.texts(".lane text") == [*bars, "unknown"]
    (latest,) = await page.texts("#record")
    share = round(100 * max(last.activities.values()))
    assert f"Activityunknown nearest {record_leader(last)} {share} %" in latest


async def test_an_unknown_scenario_is_called_so_beside_what_was_likeliest(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=[PLAN[1]._replace(minutes=4)])
    *known, last = made.scenarios
    unknown = last.model_copy(update={"unknown": True})
    answers = [each for each in made.refined if each.window_id != last.window_id]
    await put(store, made._replace(scenarios=[*known, unknown], refined=answers))
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts(".record h2") == ["Unknown"]
    (latest,) = await page.texts("#record")
    likeliest = max(last.scenarios, key=last.scenarios.__getitem__)
    assert f"These 30 seconds{likeliest}" in latest.replace("\n", "")
    assert (await page.texts("#legend li"))[-1] == "Unknown30 s"
    hatched = "[...document.querySelectorAll('.ribbon [fill=\"url(#hatching)\"]')].map({name})"
    assert await page.value(hatched.format(name="(shape) => shape.dataset.name")) == ["Unknown"]


async def test_of_a_first_half_minute_there_are_activities_before_its_scenario(
    site: Site, page: Page, store: LogStore
) -> None:
    await store.put_activities(day(plan=PLAN[:1]).activities[:3])
    await page.open(site.url)
    await page.until("document.querySelectorAll('#bars li').length > 0")
    assert await page.texts("#headline") == ["No clear scenario"]
    assert await page.texts(".record h2") == ["Not yet recorded"]


async def test_a_flicker_of_half_a_minute_has_its_share_of_the_strip_and_no_more(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=PLAN)
    odd = made.scenarios[500].model_copy(update={"scenarios": {"Handyman": 0.9}})
    refined = [answer for answer in made.refined if answer.window_id != odd.window_id]
    scenarios = [*made.scenarios[:500], odd, *made.scenarios[501:]]
    await put(store, made._replace(scenarios=scenarios, refined=refined))
    await page.open(site.url, *PHONE)
    await page.until(DRAWN)
    width = await page.value(
        "Number(document.querySelector('.ribbon [data-name=Handyman]').getAttribute('width'))"
    )
    span = (made.scenarios[-1].end_ns - made.scenarios[0].start_ns) / 1e9
    assert width == pytest.approx(358 * 30 / span, abs=0.02)
    legend = {text for text in await page.texts("#legend li") if text.startswith("Handyman")}
    assert legend == {"Handyman30 s"}


async def test_a_gap_is_called_a_gap(site: Site, page: Page, records: Records) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    where = await page.value(
        """(() => { const box = document.querySelector('.gaps text').getBoundingClientRect();
                    return [box.left + box.width / 2, box.top + box.height / 2]; })()"""
    )
    await page.pointer("mouseMoved", *where)
    await page.until("document.querySelector('#record h2').textContent === 'Not recorded'")


async def test_what_is_still_to_come_is_no_gap(site: Site, page: Page, store: LogStore) -> None:
    await put(store, day(plan=(Part(5, "Cooking", "Eating", ("standing",), ("frying",)),)))
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts(".axis text") == [
        "07:30",
        "07:32",
        "07:34",
        "07:36",
        "07:38",
        "07:40",
        "07:42",
        "07:44",
    ]
    assert await page.texts(".gaps text") == []
    left, top, width = await page.value(
        """(() => { const box = document.querySelector('#scenarios').getBoundingClientRect();
                    return [box.left, box.top, box.width]; })()"""
    )
    await page.pointer("mouseMoved", left + width * 0.9, top + 100)
    await page.until("document.querySelector('#record h2').textContent === 'Not yet recorded'")


async def test_a_day_is_that_of_the_calendar(
    site: Site, page: Page, store: LogStore, records: Records
) -> None:
    await put(store, day(start_s=MORNING + 86_400, plan=PLAN[:2], seed=2))
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts("#date") == ["Friday, 21 November 2025"]
    await page.value("document.querySelector('#earlier').click()")
    await page.until("document.querySelector('#date').textContent.startsWith('Thursday, 20')")
    await page.until("document.querySelector('#shares-note').textContent === '07:30 to 16:50'")
    await page.value("document.querySelector('#later').click()")
    await page.until("document.querySelector('#date').textContent.startsWith('Friday, 21')")


async def test_a_week_of_which_hours_are_still_read_says_so(
    site: Site, page: Page, store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for back in range(3):
        await put(store, day(start_s=MORNING - back * 86_400, plan=PLAN[:2], seed=back))
    read = Hours.read

    async def newest(self: Hours, *args: Any, **options: Any) -> tuple[list[str], bool]:
        texts, _ = await read(self, *args, **options)
        return texts[:1], False

    with monkeypatch.context() as slow:
        slow.setattr(Hours, "read", newest)
        await page.open(f"{site.url}?span=week")
        await page.until("document.querySelectorAll('#days-list li').length === 7")
        assert await page.texts("#headline") == ["At least 15 min recorded"]
        assert await page.texts("#detail") == ["the hours before are still being read"]
    await page.until("document.querySelector('#headline').textContent === '2 h 15 min recorded'")
    assert await page.texts("#detail") == ["on 3 of 7 days"]


async def test_a_week_has_a_line_for_each_day_that_leads_to_it(
    site: Site, page: Page, store: LogStore, tmp_path: Path
) -> None:
    for back in range(3):
        await put(store, day(start_s=MORNING - back * 86_400, plan=PLAN[:2], seed=back))
    await page.open(f"{site.url}?span=week")
    await page.until("document.querySelectorAll('#days-list li').length === 7")
    await page.until("document.querySelector('#day').dataset.complete === 'true'")
    lines = await page.value(
        "[...document.querySelectorAll('#days-list a')].map((a) => a.getAttribute('aria-label'))"
    )
    assert lines[-1] == "Thursday, 20 November 2025: Cooking 25 min, Daily hygiene 20 min"
    assert lines[0] == "Friday, 14 November 2025: nothing recorded"
    assert await page.texts("#headline") == ["2 h 15 min recorded"]
    assert await page.texts("#date") == ["Friday, 14 November to Thursday, 20 November 2025"]
    assert "Cooking1 h 15 min" in [
        text.replace("\n", "") for text in await page.texts("#trend-scenarios li")
    ]
    # A day without anything has a place, too.
    assert len(await page.texts("#trend-scenarios li:first-child .ground")) == 7
    await page.screenshot(tmp_path / "week.png", whole=True)
    await page.value("document.querySelectorAll('#days-list a')[5].click()")
    await page.until(DRAWN)
    assert await page.texts("#date") == ["Wednesday, 19 November 2025"]
    await page.value("history.back()")
    await page.until("document.querySelector('#day').dataset.span === 'long'")
    assert "span=week" in await page.value("location.search")


@pytest.mark.parametrize(
    ("sunday", "begins"),
    [("2025-10-26", ["01:30", "02:00", "07:30"]), ("2025-03-30", ["01:30", "03:00", "07:30"])],
)
async def test_days_of_23_and_25_hours_lie_by_the_clock_as_the_others(
    site: Site, page: Page, store: LogStore, sunday: str, begins: list[str]
) -> None:
    zone = ZoneInfo("Europe/Berlin")

    async def record(day_of: datetime, clock: str, minutes: int) -> None:
        hour, minute = map(int, clock.split(":"))
        start = day_of.replace(hour=hour, minute=minute)
        plan = [PLAN[1]._replace(minutes=minutes)]
        await put(store, day(start_s=int(start.timestamp()), plan=plan))

    first = datetime.fromisoformat(sunday).replace(tzinfo=zone)
    # Over the change of the clock, which is at three or two o'clock.
    await record(first, "01:30", 30 + 90 * (sunday == "2025-10-26") + 30)
    await record(first, "07:30", 20)
    await record(first + timedelta(days=1), "07:30", 20)
    await page.open(f"{site.url}?span=week&zone=Europe/Berlin")
    await page.until("document.querySelectorAll('#days-list li').length === 7")
    await page.until("document.querySelector('#day').dataset.complete === 'true'")
    lefts = """[...document.querySelectorAll('#days-list li:nth-child(%d) rect:not(.ground)')]
        .map((each) => 24 * each.getAttribute('x') /
            each.parentNode.firstChild.getAttribute('width'))
    """

    def hours(texts: list[str]) -> list[float]:
        return [int(text[:2]) + int(text[3:]) / 60 for text in texts]

    assert await page.value(lefts % 6) == pytest.approx(hours(begins), abs=0.01)
    assert await page.value(lefts % 7) == pytest.approx(hours(["07:30"]), abs=0.01)
    assert await page.texts("#days-hours text") == ["06:00", "12:00", "18:00"]


async def test_a_day_is_saved_as_a_picture(
    site: Site, page: Page, records: Records, tmp_path: Path
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    await page.value("document.querySelector('#as-picture').click()")
    file = tmp_path / "egolog-Thursday-20-November-2025.png"
    async with asyncio.timeout(60):
        while not file.exists():
            await asyncio.sleep(0.05)
    picture = Image.open(file).convert("RGB")
    assert picture.size == (2400, 1350)
    # Each scenario's block is there in its colour, the gap in that of the room.
    row = [picture.getpixel((x, 2 * (220 + 4))) for x in range(112, 2288)]
    chips = await page.value(
        "[...document.querySelectorAll('#legend .chip')].map((chip) => chip.style.background)"
    )
    assert len(chips) == 10
    for chip in chips:
        assert tuple(map(int, re.findall(r"\d+", chip))) in row, chip
    assert (0xEF, 0xEC, 0xE6) in row
    await page.value("document.querySelector('[data-span=week]').click()")
    await page.until("document.querySelector('#day').dataset.span === 'long'")
    assert await page.value("document.querySelector('#as-picture-too').hidden")
    # What lies below the page is of the week, not of the day before it.
    assert await page.value("document.querySelector('#foot-details').hidden")
    assert "format=jsonl" in await page.value("document.querySelector('#as-json').href")
    assert "format=csv" in await page.value("document.querySelector('#as-csv').href")
