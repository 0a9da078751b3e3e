"""Replays recordings into the topics at a given speed, limited by the broker."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RequestTimedOutError,
)
from aiokafka.partitioner import DefaultPartitioner

from infra.broker import broker_topics
from infra.broker.access import broker_error, client_arguments
from infra.broker.device_keys import DeviceKeys
from infra.device_state.replay_progress import ReplayProgress
from infra.errors import BrokerError
from models.recordings.protocol import RecordingError
from schemas.frames import NS
from schemas.ids import EXPECTED_ID, is_id
from streams.producers.frames import Identity, TimedFrame, frames
from streams.producers.outcome import PublishedWindows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from infra.errors import InfraError
    from infra.settings import Settings
    from models.recordings.protocol import Recording
    from schemas.position import Position

# Maximum unconfirmed frames: enough to fill the broker's batches, few enough that a slow broker
# slows the reader down.
_UNCONFIRMED_MAX = 64
# The broker may have the frames.
_UNANSWERED = (KafkaConnectionError, KafkaTimeoutError, RequestTimedOutError)
_MAX_REQUEST_BYTES = 1_500_000
# Below every topic's max.message.bytes, which Kafka applies to whole batches.
_MAX_BATCH_BYTES = 500_000
_SAVE_EVERY_S = 5.0
# Cache of active devices' partitions: hashing an id in Python takes as long as a frame's checksum.
_REMEMBERED_DEVICES = 10_000


@dataclass(frozen=True)
class ReplayOptions:
    """How to replay: `speed` is event seconds a second, None as fast as the broker takes it.

    `devices` clones get `-2`, `-3`... after the device id and start `phase_s` apart. `loops`
    None replays for ever; each further loop is a new session right after the last. `device`,
    `session` and `position` are published in place of the recordings' own.
    """

    speed: float | None = 1.0
    devices: int = 1
    loops: int | None = 1
    frame_s: float = 1.0
    phase_s: float = 7.0
    device: str | None = None
    session: str | None = None
    resume: bool = False
    position: Position | None = None

    def published_as(self, recording: Recording) -> tuple[str, str]:
        """Return the device id and the session id of a recording's first clone and loop."""
        return self.device or recording.device_id, self.session or recording.session_id


@dataclass
class ReplayReport:
    """The number of frames and seconds sent."""

    frames: int = 0
    seconds: float = 0.0
    per_topic: dict[str, int] = field(default_factory=dict)


class Replay:
    """Replays recordings one after the other, each to all clones at once.

    `published` collects the expected windows, except for endless loops.
    """

    def __init__(self, settings: Settings, options: ReplayOptions) -> None:
        self._settings = settings
        self._options = options
        self._keys = DeviceKeys.of(settings)
        self._progress = ReplayProgress(settings.run_dir)
        self.report = ReplayReport()
        self.published = PublishedWindows()

    async def run(
        self,
        recordings: Sequence[Recording],
        on_progress: Callable[[Recording, float], None] = lambda recording, seconds: None,  # noqa: ARG005 - the signature is its callers'
    ) -> ReplayReport:
        """Send everything; `on_progress` gets each recording and its event seconds so far.

        Raises `RecordingError` where the options give two recordings the same session of the same
        device, or ids that are too long, and `BrokerError` when the broker cannot be reached or
        refuses.
        """
        self._require_sessions_apart(recordings)
        self._require_ids(recordings)
        async with _producer(self._settings) as producer:
            loop_number = 0
            while self._options.loops is None or loop_number < self._options.loops:
                for recording in recordings:
                    await self._replay(producer, recording, loop_number, on_progress)
                loop_number += 1
        return self.report

    def _require_sessions_apart(self, recordings: Sequence[Recording]) -> None:
        # A worker would drop the second one's frames as duplicates, by their sequence numbers.
        options = self._options
        if options.device is None and options.session is None:
            return
        (device, session), count = Counter(map(options.published_as, recordings)).most_common(1)[0]
        if count > 1:
            raise RecordingError(
                f"{count} recordings would be session {session!r} of device {device!r}; expected "
                "one, or another device or session for each"
            )

    def _require_ids(self, recordings: Sequence[Recording]) -> None:
        # A worker takes no frame under another id.
        options = self._options
        for device, session in map(options.published_as, recordings):
            last = _of_clone(device, options.devices)
            # Of endless loops the first that has a number.
            again = _of_loop(session, 1 if options.loops is None else options.loops - 1)
            for what, name in (("device", last), ("session", again)):
                if not is_id(name):
                    raise RecordingError(f"{what} would be {name!r}; expected {EXPECTED_ID}")

    async def _replay(
        self,
        producer: AIOKafkaProducer,
        recording: Recording,
        loop_number: int,
        on_progress: Callable[[Recording, float], None],
    ) -> None:
        options = self._options
        sent_as = (*options.published_as(recording), loop_number)
        start_s = self._progress.done_s(*sent_as) if options.resume else 0.0
        start_s = start_s // options.frame_s * options.frame_s
        clock = asyncio.get_running_loop()
        began, saved = clock.time(), clock.time()
        unconfirmed: set[asyncio.Future[object]] = set()
        for timed in _interleave(recording, options, loop_number, start_s):
            seconds = (timed.due_ns - _shift_ns(recording, loop_number)) / NS
            seconds = seconds - recording.start_ns / NS
            if options.speed is not None:
                due = began + (seconds - start_s) / options.speed
                if (wait := due - clock.time()) > 0:
                    await asyncio.sleep(wait)
            unconfirmed.add(await self._send(producer, timed))
            if len(unconfirmed) >= _UNCONFIRMED_MAX:
                done, unconfirmed = await asyncio.wait(
                    unconfirmed, return_when=asyncio.FIRST_COMPLETED
                )
                await asyncio.gather(*done)
            on_progress(recording, min(max(seconds, 0.0), recording.duration_s))
            if clock.time() - saved > _SAVE_EVERY_S:
                saved = clock.time()
                await self._confirm(unconfirmed)
                # The other stream's frame may not be sent yet: a resumed replay goes back by one.
                self._progress.note(*sent_as, max(0.0, seconds - 2 * options.frame_s))
        await self._confirm(unconfirmed)
        self._progress.note(*sent_as, recording.duration_s)

    async def _send(self, producer: AIOKafkaProducer, timed: TimedFrame) -> asyncio.Future[object]:
        frame = timed.frame
        self.report.frames += 1
        if self._options.loops is not None:
            self.published.add(frame)
        self.report.per_topic[timed.topic] = self.report.per_topic.get(timed.topic, 0) + 1
        topic, value = self._settings.topic(timed.topic), frame.encode()
        sent: asyncio.Future[object] = await producer.send(
            topic,
            value,
            key=frame.device_id.encode(),
            headers=self._keys.headers(topic, frame.device_id, value),
        )
        return sent

    async def _confirm(self, unconfirmed: set[asyncio.Future[object]]) -> None:
        await asyncio.gather(*unconfirmed)
        unconfirmed.clear()


def _interleave(
    recording: Recording, options: ReplayOptions, loop_number: int, start_s: float
) -> Iterator[TimedFrame]:
    """Yield the frames of all clones; the recording is read once, whatever their number."""
    base_ns = _shift_ns(recording, loop_number)
    device, session = options.published_as(recording)
    first = Identity(device, _of_loop(session, loop_number), base_ns, options.position)
    for timed in frames(recording, first, frame_s=options.frame_s, start_s=start_s):
        yield timed
        for clone in range(2, options.devices + 1):
            frame = timed.frame
            shift_ns = round((clone - 1) * options.phase_s * NS)
            yield TimedFrame(
                timed.due_ns,
                timed.topic,
                frame.model_copy(
                    update={
                        "device_id": _of_clone(frame.device_id, clone),
                        "t_ns": frame.t_ns + shift_ns,
                    }
                ),
            )


def _of_clone(device: str, clone: int) -> str:
    return device if clone == 1 else f"{device}-{clone}"


def _of_loop(session: str, loop_number: int) -> str:
    return session if loop_number == 0 else f"{session}.l{loop_number}"


def _shift_ns(recording: Recording, loop_number: int) -> int:
    # Loops start at whole minutes, so that windows of two loops never overlap.
    minutes = int(recording.duration_s // 60 + 1)
    return loop_number * minutes * 60 * NS


class DevicePartitioner:
    """Kafka's own partitioner with a cache by device."""

    def __init__(self) -> None:
        self._partition = lru_cache(_REMEMBERED_DEVICES)(DefaultPartitioner())

    def __call__(self, key: bytes, partitions: list[int], available: list[int]) -> int:
        """Return the partition of a device's id."""
        partition: int = self._partition(key, tuple(partitions), tuple(available))
        return partition


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        **client_arguments(settings),
        acks="all",
        enable_idempotence=False,
        partitioner=DevicePartitioner(),
        linger_ms=5,
        max_request_size=_MAX_REQUEST_BYTES,
        max_batch_size=_MAX_BATCH_BYTES,
    )
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise broker_error(settings, error, "Write") from error
    try:
        yield producer
    except KafkaError as error:
        raise _unconfirmed_error(settings, error) from error
    finally:
        await producer.stop()


def _unconfirmed_error(settings: Settings, error: KafkaError) -> InfraError:
    """Return why a frame was not confirmed, in one line."""
    if isinstance(error, _UNANSWERED):
        return BrokerError(
            f"broker at {settings.broker_url} did not confirm frames ({type(error).__name__}): "
            "once it answers, run this again; frames that it has are not logged twice"
        )
    if isinstance(error, MessageSizeTooLargeError):
        return broker_topics.refused_as_too_large(settings)
    return broker_error(settings, error, "Write")
