from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.device_state.live_states import LiveStates
from streams.web.live import NOTHING
from tests.streams.synthetic_log import PLAN, day, put
from tests.streams.web.client import Client, get, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.daily_log.store import LogStore

LIVE = "/api/v1/live?device=glasses-01"


@pytest.fixture
async def client(store: LogStore) -> AsyncIterator[Client]:
    await put(store, day(plan=PLAN[:1]))
    serving = await serve(store)
    yield serving
    await serving.close()


async def test_who_asks_watches_and_sees_what_a_worker_says(
    client: Client, store: LogStore
) -> None:
    assert await get(client, LIVE) == {"device": "glasses-01", **NOTHING}
    assert await LiveStates.of(store).watched() == {"glasses-01"}
    await LiveStates.of(store).put({"glasses-01": {**NOTHING, "at": 7, "level_db": -31.5}})
    state = await get(client, LIVE)
    assert (state["at"], state["level_db"]) == (7, -31.5)


async def test_a_device_without_a_log_is_watched_by_nobody(client: Client, store: LogStore) -> None:
    await get(client, "/api/v1/live?device=nobody", 404)
    await get(client, "/api/v1/live", 400)
    await get(client, f"{LIVE}&since=1", 400)
    assert await LiveStates.of(store).watched() == set()


async def test_a_page_of_another_site_makes_no_worker_work(client: Client, store: LogStore) -> None:
    await get(client, LIVE, 403, **{"Sec-Fetch-Site": "cross-site"})
    assert await LiveStates.of(store).watched() == set()
