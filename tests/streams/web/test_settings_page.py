"""Pause and quiet hours on the page in a real Chromium."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from infra import clock
from infra.daily_log.decisions import Decisions
from infra.daily_log.keys import LogKeys
from schemas import DeviceControl
from schemas.frames import NS
from streams.web.routes import PageSources, install
from tests.streams.synthetic_log import GAP_MINUTES, MORNING, PLAN, day, put
from tests.streams.web.axe import axe_file, complaints_of
from tests.streams.web.decided import Decided
from tests.streams.web.site import DRAWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page

# A day with a gap in its middle.
PARTS = (PLAN[0], PLAN[7], PLAN[1])
GAP_MS = (MORNING + PLAN[0].minutes * 60) * 1_000


@pytest.fixture
def decided(store: LogStore) -> Decided:
    return Decided(store)


@pytest.fixture
async def url(store: LogStore, decided: Decided) -> AsyncIterator[str]:
    await put(store, day(plan=PARTS))
    application = web.Application()
    install(application, PageSources(lambda: store, decisions=decided.decisions))
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_wearer_pauses_resumes_and_sets_quiet_hours_by_keyboard(
    url: str, page: Page, decided: Decided, tmp_path: Path
) -> None:
    await page.open(f"{url}settings?device=glasses-01")
    await page.until("document.querySelector('#state').textContent === 'Live'")
    await page.tab_to("[data-minutes='60']")
    await page.press("Enter")
    await page.until("document.querySelector('#state').textContent.startsWith('Paused until ')")
    assert decided.controls["glasses-01"].paused_until_ms is not None
    # The focus is where one goes on.
    assert await page.value("document.activeElement.id") == "resume"
    await page.press("Enter")
    await page.until("document.querySelector('#state').textContent === 'Live'")
    assert decided.controls["glasses-01"].state == "active"
    await page.tab_to("#add")
    await page.press("Enter")
    await page.press("Enter")
    await page.until("document.querySelector('#saved').textContent === 'Saved.'")
    assert decided.controls["glasses-01"].quiet == "22:00-07:00@UTC"
    await page.screenshot(tmp_path / "settings.png")
    await page.tab_to("#spans .act")
    await page.press("Enter")
    await page.tab_to("#save")
    await page.press("Enter")
    await page.until("document.querySelector('#saved').textContent.includes('no quiet hours')")
    assert decided.controls["glasses-01"].quiet is None


async def test_a_device_that_is_silent_or_was_never_seen_is_not_called_live(
    url: str, page: Page, store: LogStore, decided: Decided, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = "document.querySelector('#state').textContent"
    three_days_ns, now_ns = 3 * 86_400 * NS, clock.now_ns
    monkeypatch.setattr("infra.clock.now_ns", lambda: now_ns() + three_days_ns)
    await page.open(f"{url}settings?device=glasses-01")
    await page.until(f"/^Silent since \\d+ \\w+, \\d\\d:\\d\\d$/.test({state})")
    since = (datetime.now(UTC) - timedelta(days=3)).strftime("%-d %b")
    assert since in await page.value(state)
    assert await page.value("document.body.dataset.recording") == "paused"
    for row in ("scenario", "activity"):
        await store.redis.delete(LogKeys(f"{store.app_id}:log").by_write_time(row, "glasses-01"))
    await page.until(f"{state} === 'Never seen'")
    # A pause is said first, whatever was seen.
    decided.controls["glasses-01"] = DeviceControl(device_id="glasses-01", state="paused")
    await page.until(f"{state} === 'Paused'")


@pytest.mark.parametrize("dark", [False, True])
async def test_axe_finds_nothing_wrong_with_the_settings(
    url: str, page: Page, decided: Decided, dark: bool, tmp_path: Path
) -> None:
    pytest.importorskip("axe_core_python")
    decided.controls["glasses-01"] = DeviceControl(
        device_id="glasses-01", state="paused", quiet="22:00-07:00,12:30-13:00@Europe/Berlin"
    )
    await page.open(f"{url}settings", *((390, 844) if dark else (1280, 900)), dark=dark)
    await page.until("document.querySelectorAll('#spans li').length === 2")
    assert await page.texts("#state") == ["Paused"]
    await page.screenshot(tmp_path / "settings.png")
    assert await complaints_of(page, axe_file()) == []


async def test_the_log_calls_a_wanted_gap_so(
    url: str, page: Page, decided: Decided, store: LogStore, tmp_path: Path
) -> None:
    pause = DeviceControl(
        device_id="glasses-01", state="paused", paused_until_ms=GAP_MS + 1_500_000
    )
    await Decisions.of(store).put("glasses-01", GAP_MS, pause)
    active = DeviceControl(device_id="glasses-01", state="active")
    await Decisions.of(store).put("glasses-01", GAP_MS + GAP_MINUTES * 60_000, active)
    await page.open(f"{url}?at={GAP_MS + 60_000}")
    await page.until(DRAWN.partition(" && document.querySelector('#record')")[0])
    await page.until("document.querySelector('.gaps').textContent.includes('paused')")
    assert await page.texts(".gaps text") == ["paused", "not recorded"]
    await page.until("document.querySelector('#record h2').textContent === 'Paused'")
    # What holds now is said above, and led to.
    await decided.decide(pause.model_copy(update={"paused_until_ms": None}))
    await page.until("document.querySelector('#status').textContent.startsWith('Paused')")
    await page.screenshot(tmp_path / "paused.png")
    address = await page.value("document.querySelector('#settings').getAttribute('href')")
    assert address == "/settings?device=glasses-01"


async def test_settings_are_those_of_the_device_that_was_chosen_last(
    url: str, page: Page, store: LogStore, decided: Decided
) -> None:
    await put(store, day(device="phone", plan=PARTS))
    quiet = DeviceControl(device_id="glasses-01", state="active", quiet="22:00-07:00@UTC")
    await decided.decide(quiet)
    shown = "document.querySelector('#decided').checkVisibility()"
    hours = "document.querySelectorAll('#spans li').length"
    await page.open(f"{url}settings?device=phone")
    await page.until(f"{shown} && {hours} === 0")
    # The answers of the other device come late.
    await page.value(
        """const answer = window.fetch;
           window.fetch = async (address, more) => {
             const late = /settings.*glasses/.test(address) ? 1000 : 0;
             await new Promise((done) => { setTimeout(done, late); });
             return answer(address, more);
           };
           window.choose = (device) => {
             const select = document.querySelector('#device');
             select.value = device;
             select.dispatchEvent(new Event('change'));
           }; choose('glasses-01')"""
    )
    # Nobody saves the one's hours for the other meanwhile.
    assert not await page.value(shown)
    await page.until(f"{shown} && {hours} === 1")
    await page.value("choose('glasses-01'); choose('phone')")
    await asyncio.sleep(1.5)
    assert await page.value(f"{shown} && {hours} === 0")


async def test_settings_come_once_the_worker_answers(
    url: str, page: Page, decided: Decided
) -> None:
    await page.call("Network.enable")
    await page.call("Network.setBlockedURLs", urls=["*/api/*"])
    await page.open(f"{url}settings?device=glasses-01")
    problem = "document.querySelector('#problem').textContent"
    await page.until(f"{problem} === 'The worker does not answer'")
    await page.call("Network.setBlockedURLs", urls=[])
    await page.until("document.querySelector('#decided').checkVisibility()")
    assert await page.value(problem) == ""
    # The browser itself notes what it could not load.
    page.complaints.clear()
