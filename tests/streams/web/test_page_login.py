"""Logging in by browser, and going on where one was."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from streams.web.access import COOKIE, Access
from tests.streams.synthetic_log import MORNING
from tests.streams.web.site import DRAWN, PHONE, WHOLE, Site, choose_first

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.daily_log.store import LogStore
    from tests.streams.synthetic_log import Records
    from tests.streams.web.browser import Page

TOKEN = "sixteen-letters-at-least"


@asynccontextmanager
async def locked(page: Page, store: LogStore) -> AsyncIterator[Site]:
    """Give the page behind a login, to a browser that is not logged in."""
    site = Site(store, Access(TOKEN))
    await site.start()
    # A cookie belongs to a host whatever the port, and the browser to all tests.
    await page.call("Network.clearBrowserCookies")
    try:
        yield site
    finally:
        await page.call("Network.clearBrowserCookies")
        await site.stop()
        # The browser notes each address that is refused.
        page.complaints.clear()


async def log_in(page: Page, token: str = TOKEN) -> None:
    """Write the token into the form, which has the focus, and send it by Enter."""
    await page.until("document.activeElement.id === 'token'")
    await page.write(token)
    await page.press("Enter")


async def test_a_login_goes_on_with_the_time_that_an_address_names(
    page: Page, store: LogStore, records: Records
) -> None:
    async with locked(page, store) as site:
        at = (MORNING + 1500) * 1000
        view = f"?device=glasses-01&span=3600000&end={(MORNING + 3600) * 1000}&at={at}"
        await page.open(f"{site.url}{view}&zone=Asia%2FTokyo", *PHONE)
        await log_in(page, "wrong")
        await page.until("document.querySelector('[role=alert]').checkVisibility()")
        await log_in(page)
        await page.until(DRAWN)
        assert await page.value("location.search") == f"{view}&zone=Asia%2FTokyo"
        assert (await page.texts(".record-time span"))[0] == "16:55:00 – 16:55:30"


@pytest.mark.parametrize("size", [PHONE, (1280, 900)])
async def test_a_login_that_expires_leads_back_to_the_record_that_was_chosen(
    page: Page, store: LogStore, records: Records, size: tuple[int, int]
) -> None:
    async with locked(page, store) as site:
        await page.open(site.url, *size)
        await log_in(page)
        await page.until(DRAWN)
        await choose_first(page)
        await page.until(f"{WHOLE} && location.search.includes('at=')")
        address = await page.value("location.href")
        [shown, *_] = await page.texts(".record-time span")
        await page.call("Network.deleteCookies", name=COOKIE, url=site.url)
        await log_in(page)
        await page.until(DRAWN)
        assert await page.value("location.href") == address
        assert (await page.texts(".record-time span"))[0] == shown


async def test_the_settings_of_a_device_come_after_the_login(
    page: Page, store: LogStore, records: Records
) -> None:
    async with locked(page, store) as site:
        await page.open(f"{site.url}settings?device=glasses-01")
        await log_in(page)
        await page.until("!document.querySelector('#decided').hidden")
        assert await page.value("location.pathname + location.search") == (
            "/settings?device=glasses-01"
        )
