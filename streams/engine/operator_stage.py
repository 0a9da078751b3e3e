"""Drives a keyed operator: restores checkpoints, ends silent streams and handles rebalances."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from infra.errors import StoreChangedError
from operators.errors import OperatorError
from streams.engine.dead_letters import dead_letter, to_dead_letter
from streams.engine.device_controls import DeviceControls
from streams.engine.idle_devices import IdleDevices
from streams.engine.outcome import Outcome
from streams.engine.sending_devices import SendingDevices
from streams.engine.silence import LastArrivals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from concurrent.futures import Executor

    from faust.types import StreamT

    from infra.device_state.checkpoints import Checkpoints
    from schemas import Message
    from streams.engine.kafka.received import Received, Token
    from streams.engine.publish_queue import PublishQueue
    from streams.engine.silence import AwaitedSession, Silence

ResultT = TypeVar("ResultT")

_DRAINED_POLL_S = 0.02


@dataclass(frozen=True)
class Pending:
    """Work that runs beside the operator; if it fails, its `tokens` become dead letters."""

    work: Callable[[], Awaitable[Outcome]]
    tokens: list[Token]


Step = Outcome | Pending


class KeyedOperator(Protocol):
    """An operator with one state per device, whose results are outcomes.

    Its methods are never called concurrently. If `push` raises `OperatorError`, it has changed
    nothing. The steps of a device are carried out in order.
    """

    def knows(self, device_id: str) -> bool:
        """Return whether this device's checkpoint was restored or found absent."""

    def knows_session(self, device_id: str, session_id: str) -> bool:
        """Return whether the operator has state of a device's session."""

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        """Restore a device from its checkpoint; None for a device without one."""

    def forget(self) -> None:
        """Drop all state: the partitions were revoked and will be read again."""

    def at_rest(self) -> Iterable[str]:
        """Return the devices without pending messages."""

    def forget_device(self, device_id: str) -> None:
        """Drop the state of a device at rest; it is restored when the device sends again."""

    def stream(self, message: Any) -> str:
        """Return the stream of its session that a message belongs to."""

    def push(self, received: Received[Any]) -> Iterable[Step]:
        """Process one message."""

    def waiting(self) -> Iterable[AwaitedSession]:
        """Return the sessions with pending messages, and the streams that they wait for."""

    def give_up(self, session: AwaitedSession, streams: Sequence[str]) -> Iterable[Step]:
        """Stop waiting for silent streams of a session."""


class Rereading(Protocol):
    """What a stage asks of whoever reads its messages."""

    def is_published(self, message: Any) -> bool:
        """Return whether a message is read again only to learn from: its windows are published."""

    async def read_again(self) -> None:
        """Have the partitions revoked and assigned once more."""


class NeverAgain:
    """Reads from one store, which never changes."""

    def is_published(self, message: Any) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return False."""
        return False

    async def read_again(self) -> None:
        """Do nothing."""


class OperatorStage:
    """Feeds an operator with received messages and queues the resulting steps in order.

    Messages are read again after every rebalance. So when partitions are revoked, nothing that is
    still pending gets published, messages of an earlier `generation` are ignored, and the operator
    starts afresh. With an `executor` the operator runs there, off the event loop. The state of a
    device that was at rest for long is dropped and `let_go` called: as after a crash, its
    checkpoint restores it when it sends again. The state of a device that was erased since, as
    `controls` know, is dropped before its next message. If another copy of the store answers than
    when the partitions were sought, a checkpoint of it may be older than the messages: nothing is
    processed until `reading` has them read again.
    """

    def __init__(
        self,
        operator: KeyedOperator,
        queue: PublishQueue,
        silence: Silence,
        checkpoints: Callable[[], Checkpoints],
        generation: Callable[[], int],
        *,
        executor: Callable[[], Executor] | None = None,
        arrivals: LastArrivals | None = None,
        resting: IdleDevices | None = None,
        let_go: Callable[[str], None] = lambda device_id: None,  # noqa: ARG005 - the signature is its callers'
        controls: DeviceControls | None = None,
        reading: Rereading | None = None,
    ) -> None:
        self._operator = operator
        self._queue = queue
        self._silence = silence
        self._checkpoints = checkpoints
        self._generation = generation
        self._executor = executor
        self._arrivals = LastArrivals() if arrivals is None else arrivals
        self._sending = SendingDevices()
        self._resting = IdleDevices() if resting is None else resting
        self._let_go = let_go
        self._controls = DeviceControls() if controls is None else controls
        self._reading = NeverAgain() if reading is None else reading
        # The erasure that each device's state comes after; devices that were never erased are left
        # out.
        self._after: dict[str, int] = {}
        self._lock = asyncio.Lock()
        # The generation of the revoked partitions, until others are assigned.
        self._ended: int | None = None
        self._giving_back = False

    async def read_batches(self, stream: StreamT[Any], at_once: int) -> None:
        """Process a stream in batches of the messages at hand, `at_once` at most."""
        await self._queue.receive_batches(stream, at_once, self.take)

    async def take(self, batch: Sequence[Received[Any]]) -> None:
        """Push messages into the operator and queue the resulting steps."""
        async with self._lock:
            fresh = []
            for each in [each for each in batch if self._is_fresh(each)]:
                device_id = each.message.device_id
                if self._controls.is_erased(device_id, each.after_ms):
                    # Decided since it was decoded.
                    await self._queue.put(Outcome(tokens=[each.token]), lane=device_id)
                    continue
                try:
                    await self._restore(each.message)
                except StoreChangedError:
                    self._ended = self._generation()
                    await self._reading.read_again()
                    return
                fresh.append(each)
            await self._put(await self._beside(self._push, fresh))

    async def give_up_on_the_silent(self) -> None:
        """Have the operator give up streams that ended without a final message."""
        async with self._lock:
            if self._ended is not None:
                # Messages are left out until they are read again: nobody is silent.
                return
            self._arrivals.keep_only(self._operator.knows_session)
            lost = list(self._silence.lost(self._operator.waiting(), self._arrivals))
            for session, streams in lost:
                # Pending messages become windows all at once, which takes time as in `take`.
                steps = await self._beside(self._operator.give_up, session, streams)
                await self._put((session.device_id, step) for step in steps)

    async def devices_sending(self) -> int:
        """Return how many devices have sent something within the last minute."""
        # The operator takes note of them in another thread.
        async with self._lock:
            return self._sending.count()

    async def let_go_of_the_resting(self) -> None:
        """Drop devices that were at rest for long: a worker may see new ones for years."""
        async with self._lock:
            rested = self._resting.for_long(self._operator.at_rest())
            gone = [device_id for device_id in rested if not self._queue.has_work(device_id)]
            if gone:
                # Their last checkpoints are stored by then.
                await self._queue.confirmed()
            for device_id in gone:
                self._operator.forget_device(device_id)
                self._queue.published.forget_device(device_id)
                self._after.pop(device_id, None)
                self._let_go(device_id)

    async def give_back(self, *_: Any, **__: Any) -> None:
        """Drop all pending work before the revoked partitions are assigned to another worker.

        Once this returns, nothing that follows from their messages is published or stored.
        """
        self._ended, self._giving_back = self._generation(), True
        # Steps that wait for room in the queue hold the lock.
        await self._queue.drop()
        async with self._lock:
            self._operator.forget()
            self._after.clear()
            self._queue.published.clear()
            self._arrivals.clear()
            self._sending.clear()
            self._resting.clear()
            await self._queue.drop()
            self._giving_back = False

    async def take_over(self, *_: Any, **__: Any) -> None:
        """Accept messages of the newly assigned partitions.

        Comparing generations is not enough: after a restart, a broker may count from the start.
        """
        self._ended = None

    async def _beside(self, work: Callable[..., ResultT], *arguments: Any) -> ResultT:
        """Run the operator off the event loop if there is an executor."""
        if self._executor is None:
            return work(*arguments)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor(), work, *arguments)

    def _is_fresh(self, received: Received[Any]) -> bool:
        generation = self._generation()
        return generation != self._ended and not received.stale(generation)

    def after_ms(self, device_id: str) -> int:
        """Return the erasure that a device's state comes after, 0 if it was never erased."""
        return self._after.get(device_id, 0)

    async def _restore(self, message: Message) -> None:
        device_id = message.device_id
        erased_ms = self._controls.erased_ms(device_id)
        if self.after_ms(device_id) < erased_ms and self._operator.knows(device_id):
            await self._drop_erased(device_id)
        if not self._operator.knows(device_id):
            checkpoint = await self._checkpoints().get(self._queue.name, device_id)
            self._operator.restore(device_id, checkpoint)
            if erased_ms:
                self._after[device_id] = erased_ms

    async def _drop_erased(self, device_id: str) -> None:
        """Drop the state of a device from before its erasure.

        What still follows from it is not published: it only acknowledges the messages.
        """
        for session in list(self._operator.waiting()):
            if session.device_id == device_id:
                steps = await self._beside(self._operator.give_up, session, session.everything)
                await self._put((device_id, step) for step in steps)
        while self._queue.has_work(device_id):
            await asyncio.sleep(_DRAINED_POLL_S)
        await self._queue.confirmed()
        self._operator.forget_device(device_id)

    def _record_arrival(self, message: Any) -> None:
        self._sending.note(message.device_id)
        self._arrivals.record(message.device_id, message.session_id, self._operator.stream(message))

    def _push(self, batch: Sequence[Received[Any]]) -> list[tuple[str, Step]]:
        steps: list[tuple[str, Step]] = []
        for received in batch:
            device_id = received.message.device_id
            try:
                steps += [(device_id, step) for step in self._operator.push(received)]
                if self._reading.is_published(received.token.message):
                    self._queue.published.note(received.message)
                # Refused messages do not count as arrivals: a stream of only those is given up.
                self._record_arrival(received.message)
            except OperatorError as error:
                message = received.token.message
                letter = dead_letter(message, message.value, self._queue.name, error)
                outcome = to_dead_letter(letter, received.partition, [received.token])
                steps.append((device_id, outcome))
        return steps

    async def _put(self, steps: Iterable[tuple[str, Step]]) -> None:
        """Queue the steps, those of each device in order."""
        for device_id, step in steps:
            if self._giving_back:
                return
            after_ms = self.after_ms(device_id)
            if isinstance(step, Outcome):
                await self._queue.put(step, lane=device_id, after_ms=after_ms)
            else:
                await self._queue.put(step.work(), step.tokens, lane=device_id, after_ms=after_ms)
