from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from infra import clock as wall_clock
from infra.notifications import journal as module
from infra.notifications.journal import KEEP_S, Delivery, Journal
from schemas.frames import NS
from tests.infra.notifications.numbered import notification

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Clock:
    now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms * 1_000_000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def journal(redis_url: str, clock: Clock) -> AsyncIterator[Journal]:
    async with Redis.from_url(redis_url) as redis:
        yield Journal(redis, f"journal-{uuid4().hex[:8]}", clock)


async def test_state_is_written_with_what_it_tells_and_only_over_what_was_read(
    journal: Journal,
) -> None:
    assert await journal.state("d") is None
    assert await journal.commit("d", None, b"one", None, [(notification(1), ["a", "b"])])
    # Another worker read the same and comes later.
    assert not await journal.commit("d", None, b"other", None, [(notification(2), ["a"])])
    assert await journal.state("d") == b"one"
    assert [each.notification for each in await journal.history()] == [notification(1)]
    assert await journal.commit("d", b"one", b"two", None, [])
    assert await journal.state("d") == b"two"


async def test_each_target_is_taken_once_and_its_end_is_noted(
    journal: Journal, clock: Clock
) -> None:
    await journal.commit("d", None, b"s", None, [(notification(1), ["a", "b"])])
    first, second = await journal.take(), await journal.take()
    assert first is not None
    assert second is not None
    assert {first.target, second.target} == {"a", "b"}
    assert (first.notification, first.tries) == (notification(1), 0)
    assert await journal.take() is None
    await journal.note(first, "sent")
    await journal.note(second, "waiting", "away", again_s=5)
    clock.now_ms += 4_999
    assert await journal.take() is None
    clock.now_ms += 1
    again = await journal.take()
    assert again == second._replace(tries=1)
    await journal.note(again, "failed", "gone")
    [entry] = await journal.history()
    assert entry.deliveries == {
        first.target: Delivery("sent", clock.now_ms - 5_000, 1),
        second.target: Delivery("failed", clock.now_ms, 2, "gone"),
    }


async def test_what_a_worker_was_sending_as_it_ended_is_not_sent_again(
    journal: Journal,
) -> None:
    await journal.commit("d", None, b"s", None, [(notification(1), ["a"])])
    assert await journal.take() is not None
    # Reading the record again makes the same notification.
    await journal.commit("d", b"s", b"t", None, [(notification(1), ["a"])])
    assert await journal.take() is None
    [entry] = await journal.history()
    assert entry.deliveries["a"].state == "sending"


async def test_old_ones_are_stored_and_sent_to_nobody(journal: Journal) -> None:
    await journal.commit("d", None, b"s", None, [(notification(1, old=True), ["a"])])
    assert await journal.take() is None
    [entry] = await journal.history()
    assert entry.deliveries["a"].state == "old"


async def test_devices_are_known_by_when_their_newest_record_came(journal: Journal) -> None:
    await journal.commit("d", None, b"s", 5_000_000, [])
    await journal.commit("e", None, b"s", 7_000_000, [])
    assert await journal.silent_since(6_000_000) == ["d"]
    assert await journal.silent_since(7_000_000) == ["d", "e"]
    await journal.commit("d", b"s", b"t", None, [])
    assert await journal.silent_since(7_000_000) == ["e"]


async def test_the_history_keeps_the_newest(
    journal: Journal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", 3)
    before = None
    for number in range(5):
        clock.now_ms += 1
        state = str(number).encode()
        await journal.commit("d", before, state, None, [(notification(number), ["a"])])
        before = state
    assert [e.notification.at_ns for e in await journal.history()] == [4, 3, 2]
    assert [e.notification.at_ns for e in await journal.history(1)] == [4]
    # What fell out of it is told no more.
    due = [await journal.take() for _ in range(3)]
    assert [each.notification.at_ns for each in due if each is not None] == [2, 3, 4]
    clock.now_ms += KEEP_S * 1_000 + 1
    await journal.forget_old()
    assert await journal.history() == []


@pytest.mark.parametrize("days_off", [-400, 400])
async def test_a_worker_whose_clock_is_wrong_forgets_no_notification(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, days_off: int
) -> None:
    wrong_ns = wall_clock.now_ns() + days_off * 86_400 * NS
    async with Redis.from_url(redis_url) as redis:
        journal = Journal(redis, f"journal-{uuid4().hex[:8]}")
        await journal.commit("d", None, b"s", None, [(notification(1), ["a"])])
        with monkeypatch.context() as patch:
            patch.setattr(wall_clock, "_read", lambda: wrong_ns)
            await journal.commit("e", None, b"s", None, [(notification(2, "e"), ["a"])])
            await journal.forget_old()
        await journal.forget_old()
        assert len(await journal.history()) == 2
        # Each is told at once.
        assert [await journal.take() is None for _ in range(3)] == [False, False, True]


async def test_of_an_erased_device_nothing_is_left(journal: Journal) -> None:
    await journal.commit("d", None, b"s", 1, [(notification(1), ["a"]), (notification(2), ["a"])])
    await journal.commit("e", None, b"s", 1, [(notification(3, "e"), ["a"])])
    assert await journal.erase("d") == 2
    assert await journal.state("d") is None
    assert await journal.silent_since(10**9) == ["e"]
    assert [e.notification.device_id for e in await journal.history()] == ["e"]
    taken = await journal.take()
    assert taken is not None
    assert taken.notification.device_id == "e"
    assert await journal.take() is None
