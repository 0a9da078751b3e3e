"""What is heard now, on the page in a real Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.device_state.live_states import LiveStates
from tests.people import serve_page
from tests.streams.synthetic_log import PLAN, day, put
from tests.streams.web.axe import axe_file, complaints_of
from tests.streams.web.browser import tab
from tests.streams.web.site import DRAWN

if TYPE_CHECKING:
    from pathlib import Path

    from infra.daily_log.store import LogStore

AT = 1_763_625_671_000
STATE: dict[str, Any] = {
    "at": AT,
    "level_db": -38.2,
    "regions": {"left-near": 0.85, "front-far": 0.3},
    "sounds": [
        {"name": "speech", "probability": 0.91, "where": ["near", "left"]},
        {"name": "cutlery", "probability": 0.4, "where": ["near", "left"]},
    ],
    "activity": {"name": "talking", "probability": 0.8, "unknown": False},
    "scenario": {"names": ["Cooking", "Eating"], "probability": 0.7, "unknown": False},
}


async def test_what_is_heard_now_is_shown_and_read_out_now_and_then(
    store: LogStore, devtools: int, tmp_path: Path
) -> None:
    await put(store, day(plan=PLAN[:2]))
    states = LiveStates.of(store)
    async with serve_page(store) as url:
        for name, size, dark in (("desk", (1280, 900), False), ("phone", (390, 844), True)):
            async with tab(devtools) as page:
                await page.open(url, *size, dark=dark)
                await page.until(DRAWN)
                await states.put({"glasses-01": STATE})
                await page.until("!document.querySelector('#live').hidden")
                assert await page.texts("#live p") == [
                    "speech, cutlery near, left",
                    "talking · Cooking, Eating",
                    "speech, cutlery, near, left, talking · Cooking, Eating",
                ]
                assert await page.texts("#live-at") == ["08:01:11"]
                assert len(await page.texts("#live .compass .event")) == 2
                assert await page.value("document.querySelector('#live-level').value") == -38.2
                await page.screenshot(tmp_path / f"live-{name}.png")
                pytest.importorskip("axe_core_python")
                assert await complaints_of(page, axe_file()) == []
                # What is heard a second later is shown at once, and not read out.
                later = {**STATE, "at": AT + 1_000, "sounds": [], "level_db": -62.0}
                await states.put({"glasses-01": later})
                await page.until("document.querySelector('#live-at').textContent === '08:01:12'")
                sound, _, read_out = await page.texts("#live p")
                assert (sound, read_out[:6]) == ("nothing named", "speech")
                await states.delete("glasses-01")
                await page.until("document.querySelector('#live').hidden")
                assert page.complaints == []


async def test_who_looks_at_the_past_watches_nothing(store: LogStore, devtools: int) -> None:
    await put(store, day(plan=PLAN[:2]))
    states = LiveStates.of(store)
    async with serve_page(store) as url, tab(devtools) as page:
        await page.open(f"{url}?end={AT}&span=900000")
        await page.until(DRAWN)
        assert await states.watched() == set()
        await page.value("document.querySelector('#latest').click()")
        await states.put({"glasses-01": STATE})
        await page.until("!document.querySelector('#live').hidden")
        assert await states.watched() == {"glasses-01"}
        await page.value("document.querySelector('[data-span=week]').click()")
        await page.until("document.querySelector('#live').hidden")
