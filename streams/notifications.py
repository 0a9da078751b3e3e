"""`scenario` → notifications, by the rules of `EGOLOG_NOTIFICATIONS`.

Notifications are determined from the records and stored in Redis before a record is acknowledged;
they are sent concurrently with the stream, which waits for no target. A failed target is retried at
increasing intervals and given up after the last, as the history shows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from infra import metrics, topics
from infra.broker.topic_reader import partition_of
from infra.errors import ErasedError
from infra.notifications.journal import Journal
from infra.notifications.sending import SendError, send
from infra.redis.erasure_marks import count_refused
from operators.notifying import DeviceNotifier
from schemas.frames import NS
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faust.types import StreamT

    from infra.notifications.journal import Due
    from infra.notifications.rules_file import NotificationPlan, Target
    from schemas import Scenario
    from schemas.notification import Notification, Rule
    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received
    from streams.engine.publish_queue import PublishQueue

log = logging.getLogger(__name__)

STAGE = "notifications"
_TICK_S = 5.0
_LOOK_S = 1.0
_TIDY_S = 3_600.0
# A worker that is further behind cannot know that a device is silent.
_MAX_LAG = 100
_AT_ONCE = 4
# Intervals between attempts; after the last a target is given up.
AGAIN_S = (5.0, 30.0, 120.0, 600.0)


class NotificationWriter:
    """Stores the notifications that follow from the records of devices.

    `erased_ms` returns when a device was last erased, 0 if it never was.
    """

    def __init__(
        self,
        plan: NotificationPlan,
        queue: PublishQueue,
        journal: Callable[[], Journal],
        erased_ms: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self._plan = plan
        self._queue = queue
        self._journal = journal
        self._erased_ms = erased_ms

    async def read(self, stream: StreamT[Any]) -> None:
        """Process the records that arrive; if the store fails, the worker ends."""
        async for received in self._queue.receive(stream):
            await self.push(received)
            await self._queue.put(Outcome(tokens=[received.token]))

    async def push(self, received: Received[Scenario]) -> None:
        """Store the notifications that follow from one record."""
        came_ns = round(received.token.message.timestamp * NS)
        record = received.message
        await self._work(
            record.device_id, lambda notifier: notifier.push(record, came_ns), received.after_ms
        )

    async def tick(self, device: str, now_ns: int, not_before_ns: int = 0) -> None:
        """Store that a device is silent, if it has been for long enough."""
        after_ms = self._erased_ms(device)
        await self._work(device, lambda notifier: notifier.tick(now_ns, not_before_ns), after_ms)

    async def _work(
        self,
        device: str,
        judge: Callable[[DeviceNotifier], list[Notification]],
        after_ms: int,
    ) -> None:
        """Store what `judge` notifies; nothing if the device was erased since `after_ms`."""
        by_name = {rule.name: rule for rule in self._plan.rules}
        journal = self._journal()
        while True:
            notifier = DeviceNotifier(self._plan.rules, device)
            before = await journal.state(device)
            if before is not None:
                notifier.restore(before)
            due = [(each, by_name[each.rule].targets) for each in judge(notifier)]
            after = notifier.snapshot()
            if after == before:
                return
            came_ns = notifier.came_ns if notifier.awaits_silence else None
            # Another worker may have had the device in the meantime.
            try:
                committed = await journal.commit(device, before, after, came_ns, due, after_ms)
            except ErasedError:
                count_refused(STAGE, 1)
                return
            if committed:
                for each, _ in due:
                    log.info('device="%s" rule="%s" notified="%s"', device, each.rule, not each.old)
                metrics.notifications.labels(outcome="old").inc(sum(e.old for e, _ in due))
                return


class Silences:
    """Checks every few seconds whether devices have fallen silent.

    `lag` is the number of unread messages by partition of the worker; `expected` returns whether a
    device is silent on purpose at a wall time, being paused or in quiet hours.
    """

    def __init__(
        self,
        rules: tuple[Rule, ...],
        partitions: int,
        writer: NotificationWriter,
        expected: Callable[[str, int], bool],
    ) -> None:
        lasting = [rule.condition.for_s for rule in rules if rule.condition.kind == "silent"]
        self.wanted = bool(lasting)
        self._least_ns = round(min(lasting, default=0.0) * NS)
        self._partitions = partitions
        self._writer = writer
        self._expected = expected
        # Silence while no worker ran is unknown.
        self._began_ns: int | None = None
        self._excused_ns: dict[str, int] = {}

    async def look(self, journal: Journal, assigned: set[int], most_behind: float) -> None:
        """Store the silence of each device in the assigned partitions.

        It is told by the store's clock: this worker's may be minutes off, or step.
        """
        now_ns = await journal.now_ns()
        if self._began_ns is None:
            self._began_ns = now_ns
        if most_behind > _MAX_LAG:
            return
        for device in await journal.silent_since(now_ns - self._least_ns):
            if partition_of(device.encode(), self._partitions) not in assigned:
                continue
            if self._expected(device, now_ns):
                self._excused_ns[device] = now_ns
                continue
            not_before_ns = max(self._began_ns, self._excused_ns.get(device, 0))
            await self._writer.tick(device, now_ns, not_before_ns)


class Courier:
    """Sends due notifications to their targets, several at once."""

    def __init__(
        self,
        targets: dict[str, Target],
        journal: Journal,
        send_to: Callable[[str, Target, Notification], Awaitable[None]] = send,
    ) -> None:
        self._targets = targets
        self._journal = journal
        self._send = send_to

    async def deliver(self) -> int:
        """Send all notifications that are due, and return their number."""
        room = asyncio.Semaphore(_AT_ONCE)
        count = 0

        async def one(due: Due) -> None:
            try:
                await self.deliver_one(due)
            finally:
                room.release()

        async with asyncio.TaskGroup() as group:
            while True:
                await room.acquire()
                due = await self._journal.take()
                if due is None:
                    return count
                count += 1
                group.create_task(one(due))

    async def deliver_one(self, due: Due) -> None:
        """Send to one target, and store the outcome."""
        target = self._targets.get(due.target)
        if target is None:
            await self._record_outcome(due, "failed", "the file of rules names it no more")
            return
        try:
            await self._send(due.target, target, due.notification)
        except SendError as error:
            if error.passing and due.tries < len(AGAIN_S):
                await self._journal.note(due, "waiting", str(error), AGAIN_S[due.tries])
                metrics.notifications.labels(outcome="retried").inc()
                return
            log.warning("%s", error)
            await self._record_outcome(due, "failed", str(error))
            return
        await self._record_outcome(due, "sent", "")

    async def _record_outcome(self, due: Due, outcome: Any, why: str) -> None:
        await self._journal.note(due, outcome, why)
        metrics.notifications.labels(outcome=outcome).inc()


def register(app: EgoLogApp, plan: NotificationPlan) -> None:
    """Add the notifications to the app, if there are rules."""
    if not plan.rules:
        return

    def journal() -> Journal:
        return Journal(app.runtime.redis, app.settings.app_id)

    writer = NotificationWriter(plan, app.publish_queue(STAGE), journal, app.erased_ms)
    app.reader(STAGE, (topics.SCENARIO,), writer.read)

    async def look_for_silence() -> None:
        silences = Silences(plan.rules, app.settings.topic_partitions, writer, app.expects_silence)
        while silences.wanted and not app.should_stop:
            await app.sleep(_TICK_S)
            lag = app.lag()
            name = app.settings.topic(topics.SCENARIO)
            assigned = {tp.partition for tp in lag if tp.topic == name}
            await app.crash_on_error(
                silences.look(journal(), assigned, max(lag.values(), default=0))
            )

    async def deliver() -> None:
        courier = Courier(dict(plan.targets), journal())
        tidied = -_TIDY_S
        while not app.should_stop:
            try:
                await courier.deliver()
                if time.monotonic() - tidied > _TIDY_S:
                    tidied = time.monotonic()
                    await journal().forget_old()
            except* (RedisError, OSError) as group:
                # Pending notifications are kept; if the store stays away, the stream itself ends.
                log.warning("notifications wait: %s", type(group.exceptions[0]).__name__)
            await app.sleep(_LOOK_S)

    app.task(look_for_silence)
    app.task(deliver)
