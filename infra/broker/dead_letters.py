"""Dead letters for an operator: list, replay and purge, with one letter in memory at a time.

Anything else on the topic is listed as unreadable and otherwise ignored. A purge rewrites the
letters that it keeps and then deletes everything older. A crash in between leaves duplicates, which
are recognised by their identity.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import IncompatibleBrokerVersion, KafkaConnectionError, KafkaError

from infra import topics
from infra.broker.access import broker_error, client_arguments, require_broker
from infra.broker.device_keys import DeviceKeys
from infra.broker.signing import Signatures
from infra.broker.topic_reader import TopicReader
from infra.errors import BrokerError
from schemas import DeadLetter, SchemaError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection

    from infra.settings import Settings

Place = tuple[str, int, int, str]

# When a letter was first written, ms since the epoch; a purge rewrites letters and keeps this.
_WRITTEN_HEADER = "egolog-written-ms"
_UNCONFIRMED_MAX = 64
_MAX_REQUEST_BYTES = 1_500_000


@dataclass(frozen=True)
class LetterRecord:
    """A record of the topic: a dead letter, or the reason why it is not one.

    `place` is `topic[partition]@offset` of the record itself, `written_ms` wall time.
    """

    place: str
    written_ms: int
    letter: DeadLetter | None
    error: str = ""


@dataclass(frozen=True)
class LetterSelection:
    """A filter on dead letters; all given criteria must match.

    `topic` is the broker's name; times are when letters were written, ms of wall time. `about` is
    a device: the letter's own, or one whose id occurs in the letter's bytes.
    """

    topic: str | None = None
    device: str | None = None
    reason: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    about: str | None = None

    def fits(self, record: LetterRecord) -> bool:
        """Return whether a record matches; unreadable records match only an empty filter."""
        if self == LetterSelection():
            return True
        letter = record.letter
        return (
            letter is not None
            and self.topic in (None, letter.topic)
            and self.device in (None, letter.device_id)
            and self.reason in (None, letter.reason)
            and (self.from_ms is None or record.written_ms >= self.from_ms)
            and (self.to_ms is None or record.written_ms < self.to_ms)
            and (self.about is None or _is_about(letter, self.about))
        )


@dataclass
class LetterCounts:
    """How many letters were handled, and how many were skipped, by reason."""

    done: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


async def scan(settings: Settings) -> AsyncIterator[LetterRecord]:
    """Yield the topic's records, each letter once; raises `BrokerError`."""
    seen: set[Place] = set()
    async for record in _records(settings):
        each = _parse_record(record)
        if not _is_repeated(each, seen):
            yield each


async def replay(
    settings: Settings, selection: LetterSelection, *, dry_run: bool = False
) -> LetterCounts:
    """Republish the letters' messages, each to its original topic and partition.

    Letters whose message was not kept whole are skipped, and so are those that arrive meanwhile: a
    message that fails again is a new letter, which would be republished for ever. Raises
    `BrokerError`.
    """
    left = {
        each.letter.identity
        async for each in scan(settings)
        if each.letter is not None and selection.fits(each)
    }
    known = {settings.topic(topic.name) for topic in topics.TOPICS} - {
        settings.topic(topics.DEAD_LETTER)
    }
    signed = Signatures.of(settings).topics | DeviceKeys.of(settings).topics
    handled = LetterCounts()
    async with _producer(settings) as send:
        async for record in scan(settings):
            if not left:
                break
            letter = record.letter
            if letter is None or letter.identity not in left:
                continue
            left.remove(letter.identity)
            why = _why_not(letter, known, signed, settings.topic_partitions)
            if why is not None:
                handled.left_out[why] += 1
                continue
            handled.done += 1
            if not dry_run:
                key = letter.device_id.encode()
                await send(letter.topic, letter.partition, key, letter.value, [])
    return handled


async def purge(
    settings: Settings, selection: LetterSelection, *, dry_run: bool = False
) -> LetterCounts:
    """Delete letters: rewrite those that stay, then delete everything older.

    Letters that arrive meanwhile stay. Raises `BrokerError`.
    """
    topic = settings.topic(topics.DEAD_LETTER)
    handled = LetterCounts()
    ends: dict[int, int] = {}
    seen: set[Place] = set()
    async for record in _records(settings):
        ends[record.partition] = record.offset + 1
        each = _parse_record(record)
        if not _is_repeated(each, seen):
            handled.done += selection.fits(each)
    if dry_run or not handled.done:
        return handled
    seen = set()
    async with _producer(settings) as send:
        async for record in _records(settings):
            each = _parse_record(record)
            if record.offset >= ends.get(record.partition, 0) or selection.fits(each):
                continue
            if _is_repeated(each, seen):
                continue
            headers = [(_WRITTEN_HEADER, str(each.written_ms).encode())]
            await send(topic, record.partition, record.key, record.value, headers)
    await _delete_before(settings, topic, ends)
    return handled


async def _records(settings: Settings) -> AsyncIterator[Any]:
    async with TopicReader(settings, topics.DEAD_LETTER) as reader:
        async for record in reader.records_to_the_end():
            yield record


def _parse_record(record: Any) -> LetterRecord:
    written = dict(record.headers or ()).get(_WRITTEN_HEADER, b"")
    written_ms = int(written) if written.isdigit() else int(record.timestamp)
    where = f"{record.topic}[{record.partition}]@{record.offset}"
    try:
        return LetterRecord(where, written_ms, DeadLetter.decode(record.value))
    except SchemaError as error:
        return LetterRecord(where, written_ms, None, str(error))


def _is_repeated(record: LetterRecord, seen: set[Place]) -> bool:
    """Return whether a letter is in `seen`, and add it there."""
    if record.letter is None:
        return False
    place = record.letter.identity
    repeated = place in seen
    seen.add(place)
    return repeated


def _is_about(letter: DeadLetter, device: str) -> bool:
    return letter.device_id == device or device.encode() in letter.value


def _why_not(
    letter: DeadLetter, known: set[str], signed: Collection[str], partitions: int
) -> str | None:
    """Return why a letter's message cannot be republished, or None if it can."""
    if letter.window_id:
        return "a window is made of frames: send those again"
    if letter.topic not in known:
        return f"topic {letter.topic} is none of the pipeline's"
    if letter.topic in signed:
        # Signing it again here would vouch for a message that may have been forged.
        return f"topic {letter.topic} is signed: let the sender send it again"
    if letter.partition >= partitions:
        return f"topic {letter.topic} has no partition {letter.partition}"
    if letter.size != len(letter.value):
        return "its message was not kept whole"
    return None


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Give a publish function; everything published is confirmed when the context exits."""
    producer = AIOKafkaProducer(
        **client_arguments(settings),
        acks="all",
        max_request_size=_MAX_REQUEST_BYTES,
    )
    unconfirmed: set[asyncio.Future[Any]] = set()

    async def send(
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]],
    ) -> None:
        nonlocal unconfirmed
        unconfirmed.add(
            await producer.send(topic, value, key, partition=partition, headers=headers)
        )
        if len(unconfirmed) >= _UNCONFIRMED_MAX:
            await asyncio.gather(*unconfirmed)
            unconfirmed = set()

    try:
        await require_broker(settings)
        await producer.start()
        yield send
        await asyncio.gather(*unconfirmed)
    except KafkaError as error:
        raise broker_error(settings, error, "Write") from error
    finally:
        await producer.stop()


async def _delete_before(settings: Settings, topic: str, ends: dict[int, int]) -> None:
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    try:
        await admin.start()
        await admin.delete_records(
            {
                TopicPartition(topic, partition): RecordsToDelete(end)
                for partition, end in ends.items()
            }
        )
    except (KafkaConnectionError, IncompatibleBrokerVersion) as error:
        raise BrokerError(
            f"broker at {settings.broker_url} cannot delete records: the embedded one forgets "
            f"all of them when it ends ({error!r})"
        ) from error
    except KafkaError as error:
        raise broker_error(settings, error, "Delete") from error
    finally:
        await admin.close()
