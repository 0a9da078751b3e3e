"""Runs work concurrently; publishes and acknowledges its results in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from infra import metrics
from infra.errors import TakenOverError
from infra.redis.erasure_marks import count_refused
from schemas import SchemaError
from streams.engine.dead_letters import dead_letter, to_dead_letter
from streams.engine.device_controls import DeviceControls
from streams.engine.kafka.events import events, waiting_events
from streams.engine.kafka.received import Received, Token
from streams.engine.outcome import Outcome
from streams.engine.published_before import PublishedBefore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from faust.types import EventT, StreamT

    from infra.device_state.checkpoints import Checkpoints
    from streams.engine.kafka.decoding import Decoder
    from streams.engine.publisher import Publisher

log = logging.getLogger(__name__)

# With this much work in flight, results of `_GATHER_S` are sent, stored and acknowledged together:
# a backlog is processed with a fifth of the requests.
_MANY_IN_FLIGHT = 64
_GATHER_S = 0.02
# Tokens acknowledged before yielding to the event loop: half a millisecond of work. Thirty seconds
# of single samples are many thousands.
_ACKNOWLEDGED_AT_ONCE = 128
# A worker that was evicted from its group learns of it from its next heartbeat.
_EVICTION_KNOWN_S = 10.0

# The last is the erasure that the work comes after, None to take it from the tokens.
_Dated = tuple[Outcome, int | None]
_Work = tuple[asyncio.Future[Outcome], list[Token], int | None]


class PublishQueue:
    """One agent's output, published and acknowledged in order.

    `put` takes an outcome or an awaitable of one. Up to `in_flight_max` awaitables run
    concurrently; the outcomes of a lane are carried out in the order of `put`. If work fails, its
    tokens' messages become dead letters. If the broker or the store fails, the worker ends, because
    continuing would acknowledge messages without results. If the store says that another worker has
    taken over a device, nothing is acknowledged, and the worker ends unless `drop` follows within
    `eviction_known_s`.

    `name` is the stage in metrics, dead letters and the keys of `checkpoints`, which exist while a
    worker runs. Messages that `controls` drop are acknowledged and counted. Results of a device
    that was erased since the work's messages were written are neither published nor stored. Those
    that `published` has are not published a second time.
    """

    def __init__(
        self,
        name: str,
        publisher: Publisher,
        checkpoints: Callable[[], Checkpoints],
        decoder: Decoder,
        *,
        in_flight_max: int,
        controls: DeviceControls | None = None,
        eviction_known_s: float = _EVICTION_KNOWN_S,
    ) -> None:
        self.name = name
        self._publisher = publisher
        self._checkpoints = checkpoints
        self._decoder = decoder
        self._controls = DeviceControls() if controls is None else controls
        self._eviction_known_s = eviction_known_s
        self.published = PublishedBefore()
        self._in_flight = asyncio.Semaphore(in_flight_max)
        self._in_flight_count = 0
        self._in_flight_gauge = metrics.in_flight.labels(stage=name)
        self._seconds = metrics.stage_seconds.labels(stage=name)
        self._drops = 0
        self._channel: Any = None
        self._unhandled = 0
        self._lanes: dict[str, deque[_Work]] = {}
        # The lanes whose first piece of work is done.
        self._ready: deque[str] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        # The task that confirms the latest send. Each awaits its predecessor, so it ends last.
        self._confirmed: asyncio.Task[None] | None = None
        # When each of the sends began that the broker has not confirmed yet.
        self._unconfirmed: list[float] = []
        self._failure: BaseException | None = None
        self._sending = asyncio.Lock()

    async def receive(self, stream: StreamT[Any]) -> AsyncIterator[Received[Any]]:
        """Yield the stream's decoded messages; those that do not decode become dead letters."""
        self._channel = stream.channel
        async for event in events(stream):
            received = self._decoded(event)
            if isinstance(received, Outcome):
                await self.put(received)
            else:
                yield received

    async def receive_batches(
        self,
        stream: StreamT[Any],
        at_once: int,
        handle: Callable[[list[Received[Any]]], Awaitable[None]],
    ) -> None:
        """Call `handle` with all messages that arrived during its last call, at most `at_once`."""
        self._channel = stream.channel
        while True:
            # Yield to other tasks even if more has arrived.
            await asyncio.sleep(0)
            try:
                batch = await self._all_decoded(await waiting_events(stream, at_once))
            except StopAsyncIteration:
                return
            if batch:
                await handle(batch)
            self._unhandled = 0

    async def _all_decoded(self, waiting: Sequence[EventT]) -> list[Received[Any]]:
        self._unhandled = len(waiting)
        batch: list[Received[Any]] = []
        for event in waiting:
            received = self._decoded(event)
            if isinstance(received, Outcome):
                await self.put(received)
            else:
                batch.append(received)
        return batch

    def _decoded(self, event: EventT) -> Received[Any] | Outcome:
        """Return an event's message, or the outcome of one that is not passed on."""
        kafka_message = event.message
        # Not `event.ack`, which would keep the bytes in memory as long as the token.
        token = Token(kafka_message, partial(kafka_message.ack, event.app.consumer))
        if self._decoder.is_tombstone(kafka_message, event.value):
            return Outcome(tokens=[token])
        decoded, first = self._decoder.decode(kafka_message, event.value)
        written_ms, headers = kafka_message.timestamp * 1_000, kafka_message.headers
        token.after_ms = self._controls.comes_after_ms(decoded, written_ms, headers)
        if not isinstance(decoded, SchemaError):
            dropped = self._controls.drops(decoded, written_ms, headers)
            if dropped is None:
                return Received(decoded, token)
            metrics.dropped.labels(stage=self.name, reason=dropped).inc()
        elif first:
            letter = dead_letter(kafka_message, event.value, self.name, decoded)
            return to_dead_letter(letter, kafka_message.partition, [token])
        return Outcome(tokens=[token])

    async def put(
        self,
        work: Outcome | Awaitable[Outcome],
        tokens: Iterable[Token] = (),
        *,
        lane: str = "",
        after_ms: int | None = None,
    ) -> None:
        """Queue work; if an awaitable fails, the messages of `tokens` become dead letters.

        `after_ms` is the erasure of its device that the work comes after; without it, that of the
        outcome's tokens.
        """
        if isinstance(work, Outcome):
            future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            future.set_result(work)
        else:
            future = asyncio.ensure_future(work)
        drops = self._drops
        await self._in_flight.acquire()
        if drops != self._drops:
            future.cancel()
            self._in_flight.release()
            return
        waiting = self._lanes.setdefault(lane, deque())
        waiting.append((future, list(tokens), after_ms))
        self._idle.clear()
        self._in_flight_count += 1
        self._in_flight_gauge.inc()
        if len(waiting) == 1:
            self._watch(lane)

    @property
    def has_unhandled(self) -> bool:
        """Whether there are messages that were fetched but not handled yet."""
        return bool(self._unhandled) or not (self._channel is None or self._channel.queue.empty())

    @property
    def unconfirmed_s(self) -> float:
        """For how long the broker has not confirmed what was sent, s; 0 if it has."""
        now = perf_counter()
        return now - min(self._unconfirmed, default=now)

    async def drop(self) -> None:
        """Drop all work that is not published yet, and return once the rest is carried out."""
        self._drops += 1
        dropped = [work for waiting in self._lanes.values() for work in waiting]
        self._lanes.clear()
        self._ready.clear()
        for future, *_ in dropped:
            future.cancel()
        self._release(len(dropped))
        await self.confirmed()

    def has_work(self, lane: str) -> bool:
        """Return whether any work of a lane still waits to be carried out."""
        return lane in self._lanes

    async def confirmed(self) -> None:
        """Return once all work in progress is carried out or has failed."""
        async with self._sending:
            confirmed = self._confirmed
        if confirmed is not None:
            await asyncio.wait([confirmed])

    async def run(self) -> None:
        """Carry out the queue until cancelled."""
        try:
            while True:
                await self._wake.wait()
                if self._in_flight_count >= _MANY_IN_FLIGHT:
                    await asyncio.sleep(_GATHER_S)
                self._wake.clear()
                if self._failure is not None:
                    raise self._failure
                async with self._sending:
                    await self._send(
                        [
                            (self._outcome(future, tokens), after_ms)
                            for future, tokens, after_ms in self._take()
                        ]
                    )
        finally:
            if self._confirmed is not None:
                self._confirmed.cancel()

    def _watch(self, lane: str) -> None:
        future, *_ = self._lanes[lane][0]
        if future.done():
            self._ready.append(lane)
            self._wake.set()
        else:
            future.add_done_callback(lambda _: self._first_is_done(lane, future))

    def _first_is_done(self, lane: str, future: asyncio.Future[Outcome]) -> None:
        waiting = self._lanes.get(lane)
        if waiting and waiting[0][0] is future:
            self._ready.append(lane)
            self._wake.set()

    def _take(self) -> list[_Work]:
        """Return what can be carried out now, in the order of each lane."""
        ready: list[_Work] = []
        while self._ready:
            lane = self._ready.popleft()
            waiting = self._lanes[lane]
            while waiting and waiting[0][0].done():
                ready.append(waiting.popleft())
            if waiting:
                self._watch(lane)
            else:
                del self._lanes[lane]
        return ready

    def _outcome(self, future: asyncio.Future[Outcome], tokens: list[Token]) -> Outcome:
        error = future.exception()
        if error is None:
            return future.result()
        if not isinstance(error, Exception):
            raise error
        log.error('stage="%s": %s: %s', self.name, type(error).__name__, error)
        letters = Outcome(tokens=tokens)
        for token in tokens:
            letter = dead_letter(token.message, token.message.value or b"", self.name, error)
            letters.messages += to_dead_letter(letter, token.message.partition).messages
        return letters

    async def _send(self, outcomes: list[_Dated]) -> None:
        if not outcomes:
            return
        drops = self._drops
        erasures = self._controls.has_erasures
        deliveries = []
        for outcome, after_ms in outcomes:
            for topic, partition, message in outcome.messages:
                if self.published and self.published.has(message):
                    continue
                known_ms = self._controls.erased_ms(message.device_id) if erasures else 0
                if known_ms and self._is_erased(message.device_id, outcome, after_ms):
                    count_refused(self.name, 1)
                    continue
                # Readers tell by this what a worker wrote that did not know of an erasure.
                deliveries.append(
                    await self._publisher.publish(topic, partition, message, known_ms)
                )
        self._confirmed = asyncio.create_task(
            self._confirm(self._confirmed, deliveries, outcomes, drops)
        )
        self._confirmed.add_done_callback(self._is_confirmed)

    def _is_erased(self, device_id: str, outcome: Outcome, after_ms: int | None) -> bool:
        """Return whether a device was erased since the messages that an outcome follows from."""
        erased_ms = self._controls.erased_ms(device_id)
        if not erased_ms:
            return False
        if after_ms is None:
            after_ms = min((token.after_ms for token in outcome.tokens), default=erased_ms)
        return self._controls.is_erased(device_id, after_ms)

    def _is_confirmed(self, done: asyncio.Task[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._fail(error)

    def _fail_unless_dropped(self, drops: int, error: TakenOverError) -> None:
        if drops == self._drops:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            self._wake.set()

    async def _confirm(
        self,
        before: asyncio.Task[None] | None,
        deliveries: Sequence[Awaitable[Any]],
        outcomes: Sequence[_Dated],
        drops: int,
    ) -> None:
        if deliveries:
            began = perf_counter()
            self._unconfirmed.append(began)
            try:
                await asyncio.gather(*deliveries)
            finally:
                self._unconfirmed.remove(began)
        if before is not None:
            await before
        checkpoints: dict[str, bytes] = {}
        for outcome, after_ms in outcomes:
            checkpoints |= {
                device_id: checkpoint
                for device_id, checkpoint in outcome.checkpoints.items()
                if not self._is_erased(device_id, outcome, after_ms)
            }
        if checkpoints:
            known_ms = {device_id: self._controls.erased_ms(device_id) for device_id in checkpoints}
            try:
                erased = await self._checkpoints().put(self.name, checkpoints, known_ms)
                count_refused(self.name, len(erased))
            except TakenOverError as error:
                log.warning("%s", error)
                loop = asyncio.get_running_loop()
                loop.call_later(self._eviction_known_s, self._fail_unless_dropped, drops, error)
                self._release(len(outcomes))
                return
        now = perf_counter()
        tokens = [token for outcome, _ in outcomes for token in outcome.tokens]
        for first in range(0, len(tokens), _ACKNOWLEDGED_AT_ONCE):
            if first:
                await asyncio.sleep(0)
            for token in tokens[first : first + _ACKNOWLEDGED_AT_ONCE]:
                token.acknowledge()
                self._seconds.observe(now - token.began)
        self._release(len(outcomes))

    def _release(self, count: int) -> None:
        self._in_flight_count -= count
        self._in_flight_gauge.dec(count)
        for _ in range(count):
            self._in_flight.release()
        if not self._in_flight_count:
            self._idle.set()
