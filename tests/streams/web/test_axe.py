"""Every view of the page as axe-core judges it: light on a desk, dark on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.people import serve_page, violations
from tests.streams.synthetic_log import PLAN, day, put
from tests.streams.web.axe import axe_file

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore

pytest.importorskip("axe_core_python")


async def test_axe_finds_nothing_wrong_on_any_view(store: LogStore, devtools: int) -> None:
    await put(store, day(plan=PLAN[:4]))
    async with serve_page(store) as url:
        assert await violations(devtools, url, axe_file()) == []


async def test_axe_would_say_what_is_wrong(
    store: LogStore, devtools: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, day(plan=PLAN[:1]))
    monkeypatch.setattr("tests.people.VIEWS", ("sensor",))
    monkeypatch.setattr("tests.people.BEFORE", "document.documentElement.lang = ''")
    async with serve_page(store) as url:
        complaints = await violations(devtools, url, axe_file())
    assert [each.partition(": ")[2].partition(":")[0] for each in complaints] == [
        "html-has-lang"
    ] * 2
