"""The page in a real Chromium, against a real store."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from infra.device_state.kept_features import KeptFeatures
from models.labels import ACTIVITIES
from schemas import Refined, SoundPlace
from schemas.scenario import NO_REFINER
from streams.web import views
from streams.web.routes import PageSources, install
from tests.streams.synthetic_log import MORNING, PLAN, Part, Records, day, put
from tests.streams.web.browser import FLAGS, Page, binary, tab

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from infra.daily_log.store import LogStore
    from schemas import Correction, Scenario

PHONE = (390, 844)
WHOLE = "document.querySelector('#record').dataset.state === 'whole'"
# A slow worker answers a day by parts, and the record's evidence after it.
DRAWN = (
    "document.querySelectorAll('#bars li').length > 0 && "
    f"document.querySelector('#day').dataset.complete === 'true' && {WHOLE}"
)
VISIBLE_TEXT = """(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.checkVisibility({ contentVisibilityAuto: true })) {
      texts.push(walker.currentNode.data);
    }
  }
  return texts.join('');
})()"""


class Site:
    """The page on a port of its own, which a test can take away and bring back."""

    def __init__(self, store: LogStore | None) -> None:
        self.store = store
        self.published: list[Correction] = []
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        application = web.Application()
        install(application, PageSources(lambda: self.store, publish=self.publish))
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def publish(self, correction: Correction) -> None:
        self.published.append(correction)

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture
async def site(store: LogStore) -> AsyncIterator[Site]:
    serving = Site(store)
    await serving.start()
    yield serving
    await serving.stop()


@pytest.fixture(scope="module")
def made() -> Records:
    return day()


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
    assert "Reading books, 25 min" in dom
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


async def test_the_pointer_tells_the_exact_record(
    site: Site, page: Page, store: LogStore, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    answer = records.refined[40]
    share = await page.value(
        f"""(() => {{
          const box = document.querySelector('#scenarios').getBoundingClientRect();
          const base = document.querySelector('#scenarios .base');
          const [x1, x2] = ['x1', 'x2'].map((name) => Number(base.getAttribute(name)));
          const [from, to] = [{records.scenarios[0].start_ns / 1e6},
                              {records.scenarios[-1].end_ns / 1e6}];
          const at = {answer.start_ns / 1e6} + 15000;
          return [box.left + x1 + (at - from) / (to - from) * (x2 - x1), box.top + 100];
        }})()"""
    )
    await page.pointer("mouseMoved", *share)
    await page.until("document.querySelector('#record').textContent.includes('chosen')")
    await page.until(WHOLE)
    (told,) = await page.texts("#record")
    assert f"{answer.scenarios[0]}, by gpt-4o-mini" in told
    assert answer.reason in told
    assert "Confidence" in told
    assert "sound" in told
    await page.pointer("mouseMoved", 5, 5)
    await page.until("document.querySelector('#record').textContent.includes('latest')")


async def test_the_page_says_who_refined_why_and_by_which_network(
    site: Site, page: Page, store: LogStore, tmp_path: Path
) -> None:
    made = day(plan=PLAN[:4])
    half = made.scenarios[len(made.scenarios) // 2].start_ns
    old, new = "0123456789ab+aaaaaaaaaaaa", "ba9876543210+aaaaaaaaaaaa+w12"
    scenarios = [
        record.model_copy(update={"revision": old if record.start_ns < half else new})
        for record in made.scenarios
    ]
    why = "frying nearby speaks for Cooking (+2.1), walking against it (-0.4)"
    expert = {"refined_by": "offline expert 1a2b3c", "reason": why}
    nobody = {
        "refined_by": NO_REFINER,
        "reason": "not asked: today's budget of 100 tokens is spent",
    }
    first, second, *others = made.refined
    await put(
        store,
        made._replace(
            scenarios=scenarios,
            refined=[
                first.model_copy(update=expert),
                second.model_copy(update={**nobody, "scenarios": [second.preliminary]}),
                *others,
            ],
        ),
    )
    await page.open(site.url)
    await page.until(DRAWN)
    note = f"half minutes refined: {len(others)} by gpt-4o-mini, 1 by offline expert"
    assert await page.texts("#refined-by") == [note]
    assert await page.value("document.querySelectorAll('.refined circle').length") == (
        len(others) + 1
    )
    since = datetime.fromtimestamp(half / 1e9, UTC).strftime("%H:%M")
    assert await page.texts("#network") == [f"Scenario network ba9876543210, in use since {since}"]
    (latest,) = await page.texts("#record")
    assert "ba9876543210 · encoders aaaaaaaaaaaa · adapted to the wearer in 12 windows" in latest
    for answer, said in (
        (
            first,
            (
                f"Refined{first.scenarios[0]}, by the offline expert",
                f"Refined byoffline expert 1a2b3c{why}",
            ),
        ),
        (second, ("Not refinedThe local estimate stands.", nobody["reason"])),
        (others[0], (f"{others[0].scenarios[0]}, by gpt-4o-mini, a language model",)),
    ):
        at = [record.window_id for record in made.scenarios].index(answer.window_id)
        await page.value("document.querySelector('#rows').focus()")
        await page.press("Home")
        for _ in range(at):
            await page.press("ArrowRight")
        await page.until(WHOLE)
        told = await page.value("document.querySelector('#record').textContent")
        for part in said:
            assert part in told
    await page.screenshot(tmp_path / "refined.png", whole=True)


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


async def test_the_wearer_sees_no_hash_and_no_log_odds_outside_of_details(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=PLAN[:2])
    revision = "0123456789ab+aaaaaaaaaaaa+bbbbbbbb+w12+ccccccc"
    why = "Cooking 0.97: network Cooking +4.4, network Handyman -0.1"
    expert = {"refined_by": "offline expert 1a2b3c4d5e6f", "reason": why}
    await put(
        store,
        made._replace(
            scenarios=[
                record.model_copy(update={"revision": revision}) for record in made.scenarios
            ],
            refined=[refined_by(record, "Cooking", **expert) for record in made.scenarios],
        ),
    )
    await page.open(site.url)
    await page.until(DRAWN)
    hidden = ("0123456789ab", "aaaaaaaaaaaa", "1a2b3c4d5e6f", "+4.4", "w12")
    shown = await page.value(VISIBLE_TEXT)
    assert "Cooking, by the offline expert" in shown
    assert [part for part in hidden if part in shown] == []
    await page.value(
        "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
    )
    shown = await page.value(VISIBLE_TEXT)
    assert [part for part in hidden[:4] if part not in shown] == []
    assert (
        "in eight bits bbbbbbbb · adapted to the wearer in 12 windows · "
        "corrected by the wearer before cccccc"
    ) in shown
    # They stay open for the next record.
    await page.value("document.querySelector('#rows').focus()")
    await page.press("Home")
    await page.until(WHOLE)
    assert await page.value("document.querySelector('#record details').open")


async def test_each_sound_says_where_it_was_itself(
    site: Site, page: Page, store: LogStore, tmp_path: Path
) -> None:
    made = day(plan=PLAN[1:2])
    last = made.scenarios[-1]
    lost = SoundPlace(distance="unknown", near=0.55, direction_probability=0.4)
    heard = {"frying": 0.9, "cutlery": 0.6, "speech": 0.5, "music": 0.4}
    places = {**last.sound_places, "speech": lost}
    made.scenarios[-1] = last.model_copy(update={"sound_events": heard, "sound_places": places})
    made.scenarios[0] = made.scenarios[0].model_copy(update={"sound_places": {}})
    await put(store, made)
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts(".heard li") == [
        "frying 90 %near, front",
        "cutlery 60 %far, left",
        "speech 50 %",
        "music 40 %",
    ]
    dots = """[...document.querySelectorAll('.compass .event')].map((dot) =>
      ['cx', 'cy'].map((name) => Math.round(dot.getAttribute(name))).join())"""
    # Inside, ahead; outside, to the left.
    assert await page.value(dots) == ["50,31", "12,50"]
    await page.value("document.querySelector('#record details').open = true")
    assert await page.texts(".places li") == [
        "frying near 86 %, front 71 %",
        "cutlery far 92 %, left 64 %, near and far part heard apart",
        "speech near 55 %, direction open",
    ]
    await page.screenshot(tmp_path / "places.png", whole=True)
    # A record of before places were known is as it was.
    await page.value("document.querySelector('#rows').focus()")
    await page.press("Home")
    await page.until(WHOLE)
    assert await page.texts(".heard li, .places li, .compass .event") == []
    assert "frying" in (await page.texts("#record"))[0]


def refined_by(record: Scenario, scenario: str, **changed: str) -> Refined:
    """Return an answer to `record`."""
    return Refined(
        device_id=record.device_id,
        window_id=record.window_id,
        session_id=record.session_id,
        start_ns=record.start_ns,
        end_ns=record.end_ns,
        scenarios=[scenario],
        preliminary=scenario,
        confidence=record.confidence,
        latency_ms=0.0,
        tokens=0,
        **{"revision": "table", **changed},
    )


async def headings(page: Page) -> list[str]:
    """Return the texts of the first-level headings that are to be seen."""
    texts: list[str] = await page.value(
        """[...document.querySelectorAll('h1')].filter((title) => title.checkVisibility())
             .map((title) => title.textContent)"""
    )
    return texts


async def test_where_the_closed_set_is_unsure_a_description_names_the_activity(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=(Part(12, "Cooking", "Eating", ("standing",), ("frying",)),))
    unsure = {
        "activities": {"standing": 0.31, "walking": 0.2},
        "open_vocabulary": {"ironing": 0.44, "folding laundry": 0.22, "sitting": 0.1},
        "gate": "open",
    }
    activities = [record.model_copy(update=unsure) for record in made.activities]
    await put(store, made._replace(activities=activities))
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts(".bar-name") == ["ironing"]
    (told,) = await page.texts("#record")
    assert "ironing 44 %" in told
    assert (
        "by description · or folding laundry 22 %, sitting 10 % · unsure of standing 31 %" in told
    )


async def test_the_record_says_what_of_interfering_sound_was_heard(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=(Part(12, "Cooking", "Eating", ("standing",), ("frying",)),))
    activities = [record.model_copy(update={"gate": "near"}) for record in made.activities]
    await put(store, made._replace(activities=activities))
    await page.open(site.url)
    await page.until(DRAWN)
    (told,) = await page.texts("#record")
    assert "far-field sound, near field used" in told


async def test_what_is_kept_of_a_half_minute_is_drawn(
    site: Site, page: Page, records: Records, store: LogStore, tmp_path: Path
) -> None:
    first = records.scenarios[0]
    rng = np.random.default_rng(0)
    kept = {
        "sound": rng.integers(0, 255, (300, 32), np.uint8),
        "motion": np.linspace(0, [6, 2], 300, dtype=np.float32),
    }
    await KeptFeatures.of(store).put(first.device_id, first.start_ns, kept, 1)
    await page.open(f"{site.url}?at={first.start_ns // 10**6 + 1000}")
    await page.until(f"{DRAWN} && document.querySelector('.shades') !== null")
    await page.value("document.querySelector('#record .details').open = true")
    assert await page.value(
        "[document.querySelector('.shades').width, document.querySelector('.shades').height]"
    ) == [300, 32]
    assert await page.texts(".traces figcaption") == [
        "acceleration up to 6.0 m/s² beyond gravity",
        "turning up to 2.0 rad/s",
    ]
    assert (await page.texts(".five li"))[0].startswith("07:30:00 ")
    await page.screenshot(tmp_path / "kept.png", whole=True)
    # Of another half minute nothing is kept, and nothing is said of that.
    await page.value("document.querySelector('#rows').focus()")
    await page.press("End")
    await page.until(f"{WHOLE} && document.querySelector('.shades') === null")
    assert await page.texts(".traces") == []


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


async def test_keys_walk_through_the_records(site: Site, page: Page, records: Records) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value("document.querySelector('#rows').focus()")
    await page.press("Home")
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


async def test_back_returns_to_the_device_before(
    site: Site, page: Page, store: LogStore, records: Records
) -> None:
    await put(store, day("pendant-2", plan=PLAN[:2], seed=1))
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value(
        """(() => { const select = document.querySelector('#device');
                    select.value = 'pendant-2';
                    select.dispatchEvent(new Event('change')); })()"""
    )
    await page.until("document.querySelector('#status').textContent === 'Live · up to 08:15'")
    await page.value("history.back()")
    await page.until("document.querySelector('#status').textContent === 'Live · up to 16:50'")
    assert await page.value("document.querySelector('#device').value") == "glasses-01"


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


async def test_the_page_grows_with_the_log_and_takes_late_answers(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=PLAN[:2])
    await store.put_scenarios(made.scenarios[:40])
    await store.put_activities(made.activities[:240])
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts("#status") == ["Live · up to 07:50"]
    await put(store, made)
    await page.until("document.querySelector('#status').textContent === 'Live · up to 08:15'")
    await page.until("document.querySelector('#headline').textContent.startsWith('Cooking')")
    late = made.refined[0].model_copy(
        update={"scenarios": ["Handyman"], "reason": "a drill nearby", "refined_by": "late-model"}
    )
    await store.put_refined([late])
    await page.value("document.querySelector('#rows').focus()")
    record = next(n for n, each in enumerate(made.scenarios) if each.window_id == late.window_id)
    await page.press("Home")
    for _ in range(record):
        await page.press("ArrowRight")
    await page.until("document.querySelector('#record').textContent.includes('late-model')")


async def test_another_device_is_one_choice_away(
    site: Site, page: Page, store: LogStore, records: Records
) -> None:
    await put(store, day("pendant-2", plan=PLAN[:2], seed=1))
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts("#device option") == ["glasses-01", "pendant-2"]
    await page.value(
        """(() => { const select = document.querySelector('#device');
                    select.value = 'pendant-2';
                    select.dispatchEvent(new Event('change')); })()"""
    )
    await page.until("document.querySelector('#status').textContent === 'Live · up to 08:15'")
    assert await page.value("location.search") == "?device=pendant-2"


async def test_an_address_with_a_device_shows_that_device(
    site: Site, page: Page, store: LogStore, records: Records
) -> None:
    await put(store, day("pendant-2", plan=PLAN[:2], seed=1))
    for address in ("?device=pendant-2", "#device=pendant-2&span=day"):
        await page.open("about:blank")
        await page.open(site.url + address)
        await page.until("document.querySelector('#status').textContent === 'Live · up to 08:15'")
        assert await page.value("document.querySelector('#device').value") == "pendant-2"
        assert await page.value("location.search + location.hash") == "?device=pendant-2"


async def test_an_unknown_device_says_so_and_is_shown_once_it_has_a_log(
    site: Site, page: Page, store: LogStore, records: Records
) -> None:
    await page.open(f"{site.url}?device=pendant-2")
    await page.until("!document.querySelector('#unknown').hidden")
    assert await headings(page) == ["No log of pendant-2"]
    assert not await page.value("document.querySelector('#day').checkVisibility()")
    assert await page.texts("#known a") == ["glasses-01"]
    assert await page.texts("#device option") == ["glasses-01", "pendant-2 (no log)"]
    await put(store, day("pendant-2", plan=PLAN[:2], seed=1))
    await page.until(DRAWN)
    assert await page.texts("#status") == ["Live · up to 08:15"]
    assert await page.texts("#device option") == ["glasses-01", "pendant-2"]


async def test_from_an_unknown_device_a_known_one_is_one_step_away(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(f"{site.url}?device=nobody")
    await page.until("!document.querySelector('#unknown').hidden")
    await page.value("document.querySelector('#known a').click()")
    await page.until(DRAWN)
    assert await page.value("location.search") == "?device=glasses-01"


async def test_without_any_log_an_unknown_device_is_named_too(site: Site, page: Page) -> None:
    await page.open(f"{site.url}?device={'x' * 500}")
    await page.until("!document.querySelector('#unknown').hidden")
    assert await headings(page) == [f"No log of {'x' * 64}"]
    assert await page.value("document.documentElement.scrollWidth") <= 1280
    assert await page.value("document.querySelector('#others').hidden")


async def test_live_is_what_came_in_within_two_minutes(
    site: Site, page: Page, store: LogStore, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = (await store.changes("glasses-01", 0)).revision
    monkeypatch.setattr(views, "_wall_ms", lambda: written + 14 * 60_000)
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts("#status") == ["Last heard 14 min ago · up to 16:50"]
    assert await page.value("document.body.dataset.state") == "quiet"
    monkeypatch.setattr(views, "_wall_ms", lambda: written + 60_000)
    await page.until("document.querySelector('#status').textContent === 'Live · up to 16:50'")
    assert await page.value("document.body.dataset.state") == "live"


async def test_how_long_ago_is_told_as_roughly_as_one_says_it(site: Site, page: Page) -> None:
    await page.open(site.url)
    minute = 60_000
    answer = await page.call(
        "Runtime.evaluate",
        expression=f"""import('/static/time.js').then(({{ ago }}) =>
            {[2 * minute, 59 * minute, 125 * minute, 47 * 60 * minute, 9 * 1440 * minute]}
              .map(ago))""",
        awaitPromise=True,
        returnByValue=True,
    )
    assert answer["result"]["value"] == ["2 min", "59 min", "2 h", "47 h", "9 days"]


async def test_while_it_loads_the_page_has_a_heading(
    site: Site, page: Page, store: LogStore, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering = asyncio.Event()
    devices = store.devices

    async def slow() -> Any:
        await answering.wait()
        return await devices()

    monkeypatch.setattr(store, "devices", slow)
    await page.open(site.url)
    await page.until("document.body.dataset.state === 'loading'")
    assert await headings(page) == ["Loading the log"]
    assert await page.texts("#status") == ["Connecting"]
    answering.set()
    await page.until(DRAWN)
    assert await headings(page) == ["Reading books, 25 min"]


async def test_a_worker_that_is_not_ready_yet_is_the_heading(
    site: Site, devtools: int, store: LogStore, records: Records
) -> None:
    async with tab(devtools) as page:
        site.store = None
        await page.open(site.url)
        await page.until("document.body.dataset.state === 'lost'")
        assert await headings(page) == ["The worker is still connecting to the log store"]
        site.store = store
        await page.until(DRAWN)


async def test_an_empty_store_says_so_and_fills_by_itself(
    site: Site, page: Page, store: LogStore
) -> None:
    await page.open(site.url)
    await page.until("!document.querySelector('#empty').hidden")
    assert await page.value("document.querySelector('#day').hidden")
    await put(store, day(plan=PLAN[:1]))
    await page.until(DRAWN)
    assert await page.value("document.querySelector('#empty').hidden")


async def test_a_worker_that_is_gone_is_said_and_then_forgotten(
    site: Site, devtools: int, records: Records
) -> None:
    async with tab(devtools) as page:
        await page.open(site.url)
        await page.until(DRAWN)
        await site.stop()
        await page.until("document.body.dataset.state === 'lost'")
        (said,) = await page.texts("#status")
        assert said == "The worker does not answer; log up to 16:50"
        assert await page.value(DRAWN)
        await site.start()
        await page.until("document.body.dataset.state === 'live'")


async def test_no_label_ever_becomes_markup(site: Site, page: Page, store: LogStore) -> None:
    evil = '<img src=x onerror="document.title=1">'
    plan = (Part(12, evil, "Cooking", (evil, "walking"), (evil,)),)
    await put(store, day(plan=plan))
    await page.open(site.url)
    await page.until(DRAWN)
    assert evil in await page.texts(".bar-name")
    assert evil in (await page.texts("#headline"))[0]
    assert await page.value("document.querySelectorAll('main img').length") == 0
    assert await page.value("document.title") == "EgoLog"


# What is dark is laid out as what is light.
@pytest.mark.parametrize(
    ("width", "height", "dark"),
    [(1280, 900, False), (820, 1180, False), (*PHONE, False), (*PHONE, True), (360, 740, False)],
)
async def test_everything_fits_the_window(
    site: Site,
    page: Page,
    records: Records,
    tmp_path: Path,
    width: int,
    height: int,
    dark: bool,
) -> None:
    await page.open(site.url, width, height, dark)
    await page.until(DRAWN)
    assert await page.value("document.documentElement.scrollWidth") <= width
    outside = await page.value(
        """[...document.querySelectorAll('main *, header *')].filter((node) => {
             const box = node.getBoundingClientRect();
             return box.width > 1 && (box.left < -1 || box.right > innerWidth + 1);
           }).map((node) => node.tagName + '.' + node.getAttribute('class'))"""
    )
    assert outside == []
    shot = tmp_path / "page.png"
    await page.screenshot(shot)
    assert shot.stat().st_size > 20_000


@pytest.mark.parametrize(
    ("row", "size"),
    [
        ("#scenarios", PHONE),
        ("#scenarios", (360, 640)),
        (".lane:first-of-type", (360, 640)),
        (".lane:last-of-type", (360, 640)),
    ],
)
async def test_what_a_tap_selects_is_visible(
    site: Site, page: Page, records: Records, row: str, size: tuple[int, int]
) -> None:
    await page.open(site.url, *size)
    await page.until(DRAWN)
    # As low in the window as a finger reaches, where the record would cover it.
    x, y = await page.value(
        f"""(() => {{ const node = document.querySelector({row!r});
             node.scrollIntoView({{block: 'end'}});
             const box = node.getBoundingClientRect();
             return [box.left + box.width * 0.3, box.bottom - 8]; }})()"""
    )
    await page.tap(x, y)
    await page.until("document.querySelector('#record').textContent.includes('chosen')")
    # What it was judged by comes later and makes it longer.
    await page.until(WHOLE)
    assert await page.value(
        f"""(() => {{ const title = document.querySelector('#record h2');
             const box = title.getBoundingClientRect();
             const top = document.elementFromPoint(box.left + 5, box.top + 5);
             const tapped = document.querySelector({row!r}).getBoundingClientRect().bottom - 8;
             return box.top >= 0 && box.bottom <= innerHeight && title.contains(top)
               && tapped < document.querySelector('#record').getBoundingClientRect().top
               && !document.querySelector('.cursor').hasAttribute('hidden'); }})()"""
    )
    await page.value("document.querySelector('.release').click()")
    assert await page.texts(".record-time .quiet") == ["latest"]


async def test_a_finger_that_scrolls_the_page_selects_nothing(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url, *PHONE)
    await page.until(DRAWN)
    await page.swipe(150, 400, 150, 250)
    await page.until("scrollY > 0")
    assert await page.texts(".record-time .quiet") == ["latest"]
    await page.swipe(150, 300, 250, 300)
    await page.until("document.querySelector('#record').textContent.includes('chosen')")


async def test_a_tap_in_the_legend_brings_the_chart_back_into_view(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url, *PHONE)
    await page.until(DRAWN)
    assert await page.value(
        """(() => { const button = document.querySelector('#legend li:last-child button');
             button.scrollIntoView(); button.focus(); button.click();
             const box = document.querySelector('#scenarios').getBoundingClientRect();
             return box.top >= -1 && box.top < innerHeight; })()"""
    )
    # The list was drawn anew; whoever steers by key is still where they were.
    focused = "document.activeElement.getAttribute('aria-pressed')"
    assert await page.value(focused) == "true"


TEXTS_THAT_OVERLAP = """(() => {
  const shown = [...document.querySelectorAll('svg text, .bar-name, .bar-share, .bar-time, h1, h2, '
      + '#date, #detail, #status, .range button, #legend button, .foot p')]
    .filter((node) => !node.closest('#record') && node.checkVisibility()
      && node.textContent.trim());
  const boxes = shown.map((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  });
  const pairs = [];
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b, j) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && tall > 2) {
      pairs.push([shown[i].textContent, shown[i + 1 + j].textContent]);
    }
  }));
  return pairs;
})()"""


@pytest.mark.parametrize("width", [360, 390, 700, 820, 1190, 1280])
async def test_no_label_lies_over_another(
    site: Site, page: Page, store: LogStore, width: int
) -> None:
    # Many names, small shares and changes every few minutes: what fits least.
    names = itertools.cycle(ACTIVITIES[at : at + 2] for at in range(0, 16, 2))
    changes = [part._replace(minutes=min(part.minutes, 3), activities=next(names)) for part in PLAN]
    await put(store, day(plan=changes))
    await page.open(site.url, width, 900)
    await page.until(DRAWN)
    assert await page.value(TEXTS_THAT_OVERLAP) == []
    await page.value("document.querySelector('[data-span=\"900000\"]').click()")
    await page.until("document.querySelector('#spans [aria-pressed=true]').dataset.span !== 'day'")
    assert await page.value(TEXTS_THAT_OVERLAP) == []


async def test_every_control_has_a_name(site: Site, page: Page, records: Records) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    tree = (await page.call("Accessibility.getFullAXTree"))["nodes"]
    controls = [
        node
        for node in tree
        if not node.get("ignored")
        and node["role"]["value"] in ("button", "combobox", "slider", "link")
    ]
    assert len(controls) >= 12
    assert [node for node in controls if not node["name"]["value"].strip()] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_quiet_text_keeps_a_contrast_of_4_5(
    site: Site, page: Page, records: Records, dark: bool
) -> None:
    await page.open(site.url, dark=dark)
    await page.until(DRAWN)
    colours = await page.value(
        """Object.fromEntries(['ink', 'quiet', 'ground', 'raised', 'good', 'bad', 'accent'].map(
             (name) => [name, getComputedStyle(document.documentElement)
               .getPropertyValue(`--${name}`).trim()]))"""
    )
    for text in ("ink", "quiet", "bad", "accent"):
        for ground in ("ground", "raised"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


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


async def test_a_block_is_corrected_by_key_and_taken_back(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value("document.querySelector('#rows').focus()")
    await page.press("Home")
    await page.press("c")
    assert await page.value("document.activeElement.id") == "correct-label"
    assert await page.value("document.querySelector('#correct-from').value") == "07:30:00"
    await page.value("document.querySelector('#correct-label').value = 'Fishing'")
    await page.value("document.querySelector('#correct-also').value = 'Eating'")
    await page.value("document.querySelector('#correct-to').value = '7:40'")
    await page.value("document.querySelector('#correct-note').value = 'with Ada'")
    await page.value("document.querySelector('#correct').requestSubmit()")
    await page.until("document.querySelector('#saved').textContent.startsWith('Saved')")
    await page.until("document.querySelector('.ribbon rect').dataset.name === 'Fishing'")
    [said] = site.published
    start = MORNING * 1_000_000_000
    assert (said.action, said.start_ns, said.end_ns) == ("correct", start, start + 600 * 10**9)
    assert (said.note, said.after[0].labels) == ("with Ada", ["Fishing", "Eating"])
    assert await page.value("document.activeElement.id") == "rows"
    assert await page.texts("#said-list li") == [
        "20 Nov 07:30 – 07:40 Daily hygiene → Fishing, Eating · with Ada Undo"
    ]
    await page.value("document.querySelector('#said-list button').click()")
    await page.until("document.querySelector('.ribbon rect').dataset.name === 'Daily hygiene'")
    assert [each.action for each in site.published] == ["correct", "undo"]


async def test_a_record_and_its_block_are_confirmed_by_key_and_by_one_tap(
    site: Site, page: Page, records: Records, tmp_path: Path
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value("document.querySelector('#rows').focus()")
    await page.press("Home")
    assert await page.texts("#record > .word button") == [
        "That's right",
        "All of 07:30 – 07:50 is right",
        "Correct or note",
    ]
    await page.press("y")
    await page.until("document.querySelector('#saved').textContent.startsWith('Saved')")
    assert await page.texts("#saved") == ["Saved: Daily hygiene confirmed"]
    await page.until("document.querySelector('.corrected .confirmed') !== null")
    await page.until(WHOLE)
    assert "Daily hygiene, confirmed by the wearer" in (await page.texts("#record"))[0]
    # What was said already is not asked for again.
    assert await page.texts("#record > .word button") == [
        "All of 07:30 – 07:50 is right",
        "Correct or note",
    ]
    assert (await page.texts("#said-list li"))[0].startswith("20 Nov 07:30:00 – 07:30:30 Daily")
    assert await page.value("document.activeElement.id") == "rows"
    await page.press("ArrowRight")
    await page.value("document.querySelector('[data-key=all-right]').click()")
    await page.until("document.querySelectorAll('#said-list li').length === 2")
    start = MORNING * 1_000_000_000
    assert [(each.action, each.start_ns, each.end_ns) for each in site.published] == [
        ("confirm", start, start + 30 * 10**9),
        ("confirm", start, start + 1200 * 10**9),
    ]
    await page.until(WHOLE)
    await page.screenshot(tmp_path / "confirmed.png", whole=True)
    await page.value("document.querySelector('#said-list button').click()")
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
    await page.value("document.querySelector('#rows').focus()")
    await page.press("Home")
    await page.until("document.querySelector('#record h2').textContent === 'Cooking, Watching tv'")
    await page.press("c")
    assert await page.value("document.querySelector('#correct-also').value") == "Watching tv"
    await page.value("document.querySelector('#correct-cancel').click()")
    await page.press("y")
    await page.until("document.querySelector('#saved').textContent.startsWith('Saved')")
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
    await page.value("document.querySelector('#rows').focus()")
    await page.press("Home")
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
    await page.value("document.querySelector('[data-key=correct]').click()")
    await page.value("document.querySelector('#correct-from').value = 'noon'")
    await page.value("document.querySelector('#correct').requestSubmit()")
    problem = "document.querySelector('#correct-problem').textContent"
    assert await page.until(problem) == "A time is written as 08:30 or 08:30:00."
    await page.value("document.querySelector('#correct-cancel').click()")
    assert await page.value("document.querySelector('#correct').hidden")
    assert site.published == []


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
    assert await page.texts("#date") == ["Friday 14 November to Thursday, 20 November 2025"]
    assert "Cooking1 h 15 min" in [
        text.replace("\n", "") for text in await page.texts("#trend-scenarios li")
    ]
    await page.screenshot(tmp_path / "week.png", whole=True)
    await page.value("document.querySelectorAll('#days-list a')[5].click()")
    await page.until(DRAWN)
    assert await page.texts("#date") == ["Wednesday, 19 November 2025"]
    await page.value("history.back()")
    await page.until("document.querySelector('#day').dataset.span === 'long'")
    assert "span=week" in await page.value("location.search")


async def test_an_address_names_a_time_and_a_zone(site: Site, page: Page, records: Records) -> None:
    at = records.scenarios[60].start_ns // 1_000_000
    await page.open(f"{site.url}?at={at}&zone=Asia/Tokyo")
    await page.until(DRAWN)
    [told] = await page.texts(".record-time")
    assert told.startswith("17:00:00 – 17:00:30chosen")
    assert await page.value("document.querySelector('#zone').value") == "Asia/Tokyo"
    assert f"at={at}" in await page.value("location.search")


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
          zone.value = {zone!r};
          zone.dispatchEvent(new Event('change'));
        }})()"""
    )


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
    await page.open(site.url)
    await page.until(DRAWN)
    words = "document.querySelector('#find-words')"

    async def ask(text: str, begin: str) -> None:
        await page.value(f"{words}.value = '{text}'; {words}.form.requestSubmit()")
        await page.until(f"document.querySelector('#found-note').textContent.startsWith('{begin}')")

    await ask("cooking zebra", "3 times. Nothing is known of: zebra.")
    lines = await page.texts("#found a")
    assert lines[0] == "Thu 20 Nov 07:50 – 08:15 Cooking"
    assert lines[-1] == "Tue 18 Nov 07:50 – 08:15 Cooking"
    await page.screenshot(tmp_path / "search.png", whole=True)
    await ask("cooking tuesday", "Once.")
    await page.value("document.querySelector('#found a').click()")
    await page.until("document.querySelector('#date').textContent === 'Tuesday, 18 November 2025'")
    await page.until(DRAWN)
    [told] = await page.texts(".record-time")
    assert told.startswith("07:50:00 – 07:50:30chosen")
    await page.value("history.back()")
    await page.until("document.querySelector('#date').textContent === 'Thursday, 20 November 2025'")
    await ask("snoring", "Not found.")
    assert await page.texts("#found li") == []
    await ask("zebra", "Not understood: parameter words has value")
    # The browser itself notes what the worker refuses.
    page.complaints.clear()


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
    await page.until("document.querySelector('#said-list button') !== null")
    assert [each.action for each in site.published] == ["correct"]
    await page.tab_to("#said-list button")
    await page.press("Enter")
    await page.until("document.querySelector('#said-list').textContent.includes('Taken back')")
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
