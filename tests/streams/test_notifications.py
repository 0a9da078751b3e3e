from __future__ import annotations

import asyncio
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from infra import clock as wall_clock
from infra.broker.topic_reader import partition_of
from infra.notifications.journal import Journal
from infra.notifications.rules_file import NotificationPlan, Target
from infra.notifications.sending import SendError
from schemas.frames import NS
from schemas.notification import Condition, Rule
from streams.engine.kafka.received import Received, Token
from streams.engine.notification_plan import NAMES
from streams.notifications import (
    AGAIN_S,
    Courier,
    NotificationWriter,
    Silences,
)
from tests.operators.half_minutes import DEVICE, half_minute
from tests.streams.engine.fakes import Queue
from tests.warm_process import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

    from schemas import Scenario
    from schemas.notification import Notification

SIREN = Rule("siren", "", Condition("sound", "siren", "far", 0.8), ("phone",), cool_down_s=60.0)
SILENT = Rule("silent", "", Condition("silent", for_s=600), ("phone",))
PLAN = NotificationPlan(
    (SIREN, SILENT), {"phone": Target(kind="ntfy", url=SecretStr("https://n/topic"))}
)
LATE_S = 5


class Topic:
    """Records as they come of one partition, and which were acknowledged."""

    def __init__(self, records: list[Scenario]) -> None:
        self.records = records
        self.acked: list[int] = []

    def received(self, first: int = 0) -> list[Received[Any]]:
        return [
            Received(record, Token(self._message(record), partial(self.acked.append, at)))
            for at, record in enumerate(self.records)
            if at >= first
        ]

    def _message(self, record: Scenario) -> Any:
        # Kafka's milliseconds as Faust hands them on, in seconds.
        return SimpleNamespace(partition=0, timestamp=record.end_ns / NS + LATE_S)


class Phone:
    """Remembers what it was told; fails as often as it should, or waits to be let go on."""

    def __init__(self, failures: int = 0, *, passing: bool = True) -> None:
        self.received: list[Notification] = []
        self.tries = 0
        self._failures = failures
        self._passing = passing

    async def tell(self, name: str, target: Target, notification: Notification) -> None:
        assert (name, target.kind) == ("phone", "ntfy")
        self.tries += 1
        if self.tries <= self._failures:
            raise SendError("it is away", passing=self._passing)
        self.received.append(notification)


class Clock:
    now_ns = half_minute(0).end_ns

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(redis: Redis, clock: Clock) -> Journal:
    return Journal(redis, "app", clock)


async def write_all(topic: Topic, journal: Journal, first: int = 0) -> None:
    queue: Any = Queue(topic.received(first))
    await NotificationWriter(PLAN, queue, lambda: journal).read(Any)


def courier(journal: Journal, phone: Phone) -> Courier:
    return Courier(dict(PLAN.targets), journal, phone.tell)


async def test_every_name_that_rules_may_ask_for_is_a_networks() -> None:
    assert "siren" in NAMES["sound"]
    assert "clapping" in NAMES["activity"]
    assert "Cooking" in NAMES["scenario"]


async def test_what_holds_is_notified_of_and_every_record_acknowledged(journal: Journal) -> None:
    topic, phone = Topic([half_minute(n) for n in range(5)]), Phone()
    await write_all(topic, journal)
    assert topic.acked == [0, 1, 2, 3, 4]
    assert await courier(journal, phone).deliver() == 3
    assert sorted(each.at_ns for each in phone.received) == [
        half_minute(n).end_ns for n in (0, 2, 4)
    ]
    assert await courier(journal, phone).deliver() == 0


@pytest.mark.parametrize("ended_at", range(5))
async def test_a_worker_that_ends_anywhere_and_reads_again_tells_nothing_twice(
    journal: Journal, ended_at: int
) -> None:
    records = [half_minute(n) for n in range(5)]
    phone = Phone()
    # Noted, and not acknowledged: all of it is read again.
    await write_all(Topic(records[: ended_at + 1]), journal)
    await courier(journal, phone).deliver()
    await write_all(Topic(records), journal)
    await courier(journal, phone).deliver()
    assert sorted(each.at_ns for each in phone.received) == [
        half_minute(n).end_ns for n in (0, 2, 4)
    ]


async def test_two_workers_that_have_a_device_at_once_tell_it_once(journal: Journal) -> None:
    records = [half_minute(n) for n in range(12)]
    phone = Phone()
    await asyncio.gather(*(write_all(Topic(records), journal) for _ in range(3)))
    await asyncio.gather(*(courier(journal, phone).deliver() for _ in range(3)))
    assert sorted(each.at_ns for each in phone.received) == [
        half_minute(n).end_ns for n in range(0, 12, 2)
    ]


async def test_a_target_that_fails_holds_up_nothing_and_is_sent_to_later(
    journal: Journal, clock: Clock
) -> None:
    phone = Phone(failures=2)
    await write_all(Topic([half_minute(0)]), journal)
    for wait_s in (0.0, *AGAIN_S[:2]):
        clock.now_ns += round(wait_s * NS)
        assert await courier(journal, phone).deliver() == 1
        assert await courier(journal, phone).deliver() == 0
    assert len(phone.received) == 1
    [entry] = await journal.history()
    assert (entry.deliveries["phone"].state, entry.deliveries["phone"].tries) == ("sent", 3)


@pytest.mark.parametrize(("passing", "tries"), [(True, len(AGAIN_S) + 1), (False, 1)])
async def test_a_target_that_keeps_failing_is_given_up(
    journal: Journal, clock: Clock, passing: bool, tries: int
) -> None:
    phone = Phone(failures=99, passing=passing)
    await write_all(Topic([half_minute(0)]), journal)
    for _ in range(8):
        await courier(journal, phone).deliver()
        clock.now_ns += 3_600 * NS
    assert phone.tries == tries
    [entry] = await journal.history()
    assert entry.deliveries["phone"].state == "failed"
    assert entry.deliveries["phone"].error == "it is away"


async def test_a_target_that_the_file_names_no_more_is_sent_nothing(journal: Journal) -> None:
    await write_all(Topic([half_minute(0)]), journal)
    await Courier({}, journal, Phone().tell).deliver()
    [entry] = await journal.history()
    assert entry.deliveries["phone"].state == "failed"


class Quiet:
    """Looks for silence as a worker does that began at its first look."""

    def __init__(self, journal: Journal, expected: bool = False) -> None:
        writer = NotificationWriter(PLAN, Queue(), lambda: journal)  # type: ignore[arg-type]
        self.expected = expected
        self.journal = journal
        self.silences = Silences(PLAN.rules, 4, writer, lambda *_: self.expected)

    async def look(self, behind: float = 0.0, assigned: set[int] | None = None) -> int:
        """Return how many silences were noted so far."""
        own = {partition_of(DEVICE.encode(), 4)} if assigned is None else assigned
        await self.silences.look(self.journal, own, behind)
        history = await self.journal.history()
        return sum(entry.notification.rule == "silent" for entry in history)


async def test_silence_is_notified_of_once_by_the_worker_that_has_the_device(
    journal: Journal, clock: Clock
) -> None:
    record = half_minute(0, sound_events={})
    await write_all(Topic([record]), journal)
    clock.now_ns = record.end_ns + LATE_S * NS
    quiet = Quiet(journal)
    assert await quiet.look() == 0
    clock.now_ns += 600 * NS - 1
    assert await quiet.look() == 0
    clock.now_ns += 1
    others = {0, 1, 2, 3} - {partition_of(DEVICE.encode(), 4)}
    assert await quiet.look(assigned=others) == 0
    assert await quiet.look(behind=101) == 0
    assert await quiet.look() == 1
    clock.now_ns += 86_400 * NS
    assert await quiet.look() == 1
    assert await Quiet(journal).look() == 1


async def test_of_a_paused_device_silence_is_expected_and_counts_from_its_end(
    journal: Journal, clock: Clock
) -> None:
    record = half_minute(0, sound_events={})
    await write_all(Topic([record]), journal)
    quiet = Quiet(journal, expected=True)
    assert await quiet.look() == 0
    clock.now_ns += 9 * 3_600 * NS
    assert await quiet.look() == 0
    quiet.expected = False
    clock.now_ns += 599 * NS
    assert await quiet.look() == 0
    clock.now_ns += 1 * NS
    assert await quiet.look() == 1


async def test_while_no_worker_ran_nobody_was_silent(journal: Journal, clock: Clock) -> None:
    await write_all(Topic([half_minute(0, sound_events={})]), journal)
    clock.now_ns += 86_400 * NS
    quiet = Quiet(journal)
    assert await quiet.look() == 0
    clock.now_ns += 600 * NS
    assert await quiet.look() == 1


async def test_a_worker_whose_clock_steps_tells_of_no_silence(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(redis, "stepped")
    writer = NotificationWriter(PLAN, Queue(), lambda: journal)  # type: ignore[arg-type]
    came: Any = SimpleNamespace(partition=0, timestamp=wall_clock.now_s())
    await writer.push(Received(half_minute(0, sound_events={}), Token(came, lambda: None)))
    quiet = Quiet(journal)
    assert await quiet.look() == 0
    ahead_ns = wall_clock.now_ns() + 3_600 * NS
    monkeypatch.setattr(wall_clock, "_read", lambda: ahead_ns)
    assert await quiet.look() == 0


async def test_rules_without_silence_need_no_looking(journal: Journal) -> None:
    writer = NotificationWriter(PLAN, Queue(), lambda: journal)  # type: ignore[arg-type]
    assert not Silences((SIREN,), 4, writer, lambda *_: False).wanted


@pytest.mark.pipeline
def test_a_bad_file_of_rules_stops_the_start_with_one_line(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[targets]\n[[rules]]\nname = "n"\nwhen = "siren > 2"\nnotify = ["x"]\n')
    environment = {"EGOLOG_NOTIFICATIONS": str(rules), "EGOLOG_RUN_DIR": str(tmp_path)}
    status, _, err = run_command(("settings",), environment, 120.0)
    assert status == 1
    assert err.count("\n") == 1
    assert "rule 'n' tells 'x'; expected one of the targets: none yet" in err
