from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.daily_log.keys import LogKeys
from schemas import DeviceControl
from tests.streams.synthetic_log import MORNING, NS, PLAN, day, put
from tests.streams.web.client import Client, get, serve
from tests.streams.web.decided import Decided

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.daily_log.store import LogStore

SETTINGS = "/api/v1/settings"
ASKED = f"{SETTINGS}?device=glasses-01"
SAID = {"X-EgoLog": "1"}
NOON = "2025-11-20T12:00:00Z"


@pytest.fixture
def decided(store: LogStore, monkeypatch: pytest.MonkeyPatch) -> Decided:
    now_ns = (MORNING + 600) * NS
    monkeypatch.setattr("infra.clock.now_ns", lambda: now_ns)
    return Decided(store)


@pytest.fixture
async def client(store: LogStore, decided: Decided) -> AsyncIterator[Client]:
    await put(store, day(plan=PLAN[:1]))
    serving = await serve(store, decisions=decided.decisions)
    yield serving
    await serving.close()


async def post(client: Client, body: Any, status: int = 200, **headers: str) -> Any:
    async with client.post(SETTINGS, json=body, headers=headers or SAID) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


def shown(state: str = "active", **more: Any) -> dict[str, Any]:
    known = {"until": None, "quiet": None, "quiet_of_all": None, "silent_s": 0.0}
    return {"device": "glasses-01", "state": state, **known, **more}


async def test_a_device_is_paused_resumed_and_silenced(client: Client, decided: Decided) -> None:
    assert await get(client, ASKED) == shown()
    paused = await post(client, {"device": "glasses-01", "state": "paused"})
    assert paused == shown("paused")
    quiet = "22:00-07:00@Europe/Berlin"
    # What is not named stays.
    both = await post(client, {"device": "glasses-01", "quiet": quiet})
    assert both == shown("paused", quiet=quiet)
    assert await get(client, ASKED) == both
    assert await post(client, {"device": "glasses-01", "state": "active"}) == shown(quiet=quiet)
    assert await post(client, {"device": "glasses-01", "quiet": None}) == shown()
    assert decided.controls["glasses-01"].state == "active"


async def test_a_pause_may_end_by_itself(
    client: Client, decided: Decided, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"device": "glasses-01", "state": "paused", "until": NOON}
    noon_ms = 1_763_640_000_000
    assert await post(client, body) == shown("paused", until=noon_ms)
    monkeypatch.setattr("infra.clock.now_ns", lambda: noon_ms * 1_000_000)
    assert await get(client, ASKED) == shown()


async def test_quiet_hours_of_all_are_listed_and_when_they_end(
    store: LogStore, decided: Decided
) -> None:
    await put(store, day(plan=PLAN[:1]))
    quiet = "07:00-08:00"
    client = await serve(store, decisions=Decided(store, quiet).decisions)
    eight_ms = 1_763_625_600_000
    assert await get(client, ASKED) == shown("quiet", until=eight_ms, quiet_of_all=quiet)
    await client.close()


async def test_the_hours_say_which_gaps_are_wanted(client: Client) -> None:
    await post(client, {"device": "glasses-01", "state": "paused", "until": NOON})
    answer = await get(client, "/api/v1/hours?device=glasses-01&to=2025-11-20T07:50:00Z")
    assert answer["recording"] == {"state": "paused", "until": 1_763_640_000_000}
    begun_ms = (MORNING + 600) * 1_000
    assert answer["wanted"] == [[begun_ms, begun_ms + 600_000, "paused"]]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"device": "nobody", "state": "paused"}, 404, "has no log"),
        ({"device": "glasses-01"}, 400, "nothing is to be changed"),
        ({"device": "glasses-01", "state": "erased"}, 400, "state: "),
        ({"device": "glasses-01", "until": NOON}, 400, "until is given without a state"),
        ({"device": "glasses-01", "state": "active", "until": NOON}, 400, "with state active"),
        (
            {"device": "glasses-01", "state": "paused", "until": "2025-11-20"},
            400,
            "expected a time to come",
        ),
        ({"device": "glasses-01", "quiet": "25:00-07:00"}, 400, "quiet: "),
        ({"device": "glasses-01", "speed": 2}, 400, "speed: "),
    ],
)
async def test_what_cannot_be_decided_is_refused(
    client: Client, decided: Decided, body: Any, status: int, words: str
) -> None:
    assert words in (await post(client, body, status))["error"]
    assert decided.controls == {}


async def test_only_the_own_page_decides(client: Client, decided: Decided) -> None:
    body = {"device": "glasses-01", "state": "paused"}
    await post(client, body, 403, Accept="*/*")
    await post(client, body, 403, **SAID, Origin="http://elsewhere")
    assert decided.controls == {}


async def test_what_was_erased_is_not_resumed_here(client: Client, decided: Decided) -> None:
    decided.controls["glasses-01"] = DeviceControl(device_id="glasses-01", state="erased")
    assert await get(client, ASKED) == shown("erased")
    await post(client, {"device": "glasses-01", "state": "active"}, 409)


async def test_a_device_is_silent_since_its_last_record(
    client: Client, store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded_ms = (await store.changes("glasses-01", 0)).recorded_ms
    monkeypatch.setattr("infra.clock.now_ns", lambda: (recorded_ms + 90_500) * 1_000_000)
    assert (await get(client, ASKED))["silent_s"] == 90.5
    for row in ("scenario", "activity"):
        await store.redis.delete(LogKeys(f"{store.app_id}:log").by_write_time(row, "glasses-01"))
    assert (await get(client, ASKED))["silent_s"] is None
    hours = await get(client, "/api/v1/hours?device=glasses-01&to=2025-11-20T07:50:00Z")
    assert hours["silent_s"] is None


async def test_without_a_broker_nothing_is_decided(store: LogStore) -> None:
    await put(store, day(plan=PLAN[:1]))
    client = await serve(store)
    assert {**await get(client, ASKED), "silent_s": 0.0} == shown()
    await post(client, {"device": "glasses-01", "state": "paused"}, 503)
    await client.close()
