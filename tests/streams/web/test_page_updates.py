"""The page while the log grows, and while the worker is loading, empty or gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.streams.synthetic_log import PLAN, Records, day, put
from tests.streams.web.browser import Page, tab
from tests.streams.web.site import DRAWN, Site, headings

if TYPE_CHECKING:
    import pytest

    from infra.daily_log.store import LogStore


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


async def test_a_half_minute_whose_scenario_is_still_to_come_is_not_missing(
    site: Site, page: Page, store: LogStore
) -> None:
    made = day(plan=PLAN[:1])
    await store.put_scenarios(made.scenarios[:-6])
    await store.put_activities(made.activities)
    at = made.scenarios[-1].start_ns // 10**6 + 1000
    await page.open(f"{site.url}?span=900000&at={at}")
    # Three minutes are a gap.
    await page.until("document.querySelector('#record h2')?.textContent === 'Not recorded'")
    assert await page.texts("#scenarios .gaps text") == ["not recorded"]
    await store.put_scenarios(made.scenarios[-6:-2])
    await page.until("document.querySelector('#record h2')?.textContent === 'Not yet recorded'")
    assert await page.texts("#scenarios .gaps text") == []


async def test_live_is_what_came_in_within_two_minutes(
    site: Site, page: Page, store: LogStore, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = (await store.changes("glasses-01", 0)).revision
    monkeypatch.setattr("infra.clock.now_ns", lambda: (written + 14 * 60_000) * 10**6)
    await page.open(site.url)
    await page.until(DRAWN)
    assert await page.texts("#status") == ["Last heard 14 min ago · up to 16:50"]
    assert await page.value("document.body.dataset.state") == "quiet"
    monkeypatch.setattr("infra.clock.now_ns", lambda: (written + 60_000) * 10**6)
    await page.until("document.querySelector('#status').textContent === 'Live · up to 16:50'")
    assert await page.value("document.body.dataset.state") == "live"


async def test_how_long_ago_is_rounded_as_one_says_it(site: Site, page: Page) -> None:
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
    assert await page.texts("#empty a[href='/sensor']") == ["a phone as a device"]
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
