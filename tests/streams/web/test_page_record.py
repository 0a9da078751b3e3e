"""What the page says of one half minute."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from infra.device_state.window_pictures import WindowPictures
from schemas import SoundPlace
from schemas.scenario import NO_REFINER
from tests.streams.synthetic_log import PLAN, Part, Records, day, put
from tests.streams.web.site import DRAWN, VISIBLE_TEXT, WHOLE, Site, choose_first, refined_by

if TYPE_CHECKING:
    from pathlib import Path

    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page


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
    (text,) = await page.texts("#record")
    assert f"{answer.scenarios[0]}, by gpt-4o-mini" in text
    assert answer.reason in text
    assert "Confidence" in text
    assert "sound" in text
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
        await choose_first(page)
        for _ in range(at):
            await page.press("ArrowRight")
        await page.until(WHOLE)
        text = await page.value("document.querySelector('#record').textContent")
        for part in said:
            assert part in text
    await page.screenshot(tmp_path / "refined.png", whole=True)


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
    await choose_first(page)
    await page.until(WHOLE)
    assert await page.value("document.querySelector('#record details').open")


async def test_each_sound_says_where_it_was_itself(
    site: Site, page: Page, store: LogStore, tmp_path: Path
) -> None:
    made = day(plan=PLAN[1:2])
    last = made.scenarios[-1]
    lost = SoundPlace(distance="unknown", near=0.55, direction_probability=0.4)
    sounds = {"frying": 0.9, "cutlery": 0.6, "speech": 0.5, "music": 0.4}
    places = {**last.sound_places, "speech": lost}
    made.scenarios[-1] = last.model_copy(update={"sound_events": sounds, "sound_places": places})
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
    await choose_first(page)
    await page.until(WHOLE)
    assert await page.texts(".heard li, .places li, .compass .event") == []
    assert "frying" in (await page.texts("#record"))[0]


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
    (text,) = await page.texts("#record")
    assert "ironing 44 %" in text
    assert (
        "by description · or folding laundry 22 %, sitting 10 % · unsure of standing 31 %" in text
    )


async def test_the_record_says_what_of_interfering_sound_was_heard(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=(Part(12, "Cooking", "Eating", ("standing",), ("frying",)),))
    activities = [record.model_copy(update={"gate": "near"}) for record in made.activities]
    await put(store, made._replace(activities=activities))
    await page.open(site.url)
    await page.until(DRAWN)
    (text,) = await page.texts("#record")
    assert "far-field sound, near field used" in text


async def test_what_is_kept_of_a_half_minute_is_drawn(
    site: Site, page: Page, records: Records, store: LogStore, tmp_path: Path
) -> None:
    first = records.scenarios[0]
    rng = np.random.default_rng(0)
    arrays = {
        "sound": rng.integers(0, 255, (300, 32), np.uint8),
        "motion": np.linspace(0, [6, 2], 300, dtype=np.float32),
    }
    await WindowPictures.of(store).put(first.device_id, first.start_ns, arrays, 1)
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
