"""Which device the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.streams.synthetic_log import PLAN, Records, day, put
from tests.streams.web.site import DRAWN, Site, headings

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page


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
