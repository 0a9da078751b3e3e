"""Rebuilding the daily log from its topics.

Records have deterministic ids, so this is safe at any time, repeatedly, and while workers write. It
reaches back as far as Kafka's retention. Devices that are erased meanwhile are erased again at its
end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra import topics
from infra.broker.device_control import comes_after_ms, drop_reason, read_controls
from infra.broker.signing import Signatures
from infra.broker.topic_reader import TopicReader
from infra.daily_log.record_offsets import Place, RecordOffsets
from infra.daily_log.store import LogStore
from schemas import Activity, Correction, Refined, Scenario, SchemaError
from schemas.event_time import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

    from infra.settings import Settings
    from schemas import DeviceControl

_AT_ONCE = 256
_ROWS: tuple[
    tuple[str, type[Scenario] | type[Refined] | type[Activity] | type[Correction]], ...
] = (
    (topics.SCENARIO, Scenario),
    (topics.SCENARIO_REFINED, Refined),
    (topics.ACTIVITY, Activity),
    (topics.CORRECTIONS, Correction),
)


@dataclass(frozen=True)
class Rebuilt:
    """Distinct records written, by row, their devices, and refused messages."""

    scenarios: int
    refined: int
    activities: int
    devices: int
    skipped: int
    corrections: int = 0


class _Clock:
    """A clock for the store: records count as written when their messages were."""

    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


async def rebuild(
    settings: Settings,
    redis: Redis,
    from_ns: int = 0,
    device: str | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005 - the signature is its callers'
) -> Rebuilt:
    """Write the records that start at `from_ns` or later, of one device or of all.

    `on_progress` gets the messages read and their approximate total. Raises `BrokerError`.
    """
    controls, signatures = await read_controls(settings), Signatures.of(settings)
    clock = _Clock()
    store = LogStore(redis, settings.app_id, settings.log_retention_days, clock)
    ids: dict[str, set[str]] = {name: set() for name, _ in _ROWS}
    devices: set[str] = set()
    done = total = skipped = 0
    for name, kind in _ROWS:
        async with TopicReader(settings, name) as reader:
            total += await reader.unread()
            batch: list[tuple[int, Any]] = []
            places: dict[str, Place] = {}
            async for record in reader.records_to_the_end():
                done += 1
                if record.value is None:
                    # A correction of an erased device.
                    continue
                message = _decode(kind, record, signatures)
                if message is None:
                    skipped += 1
                elif _is_meant(message, record, controls, from_ns, device):
                    ids[name].add(_id(message))
                    devices.add(message.device_id)
                    control = controls.get(message.device_id)
                    after_ms = comes_after_ms(message, record.timestamp, record.headers, control)
                    batch.append((after_ms, message))
                    if isinstance(message, Scenario) and message.embeddings is not None:
                        places[message.window_id] = (record.partition, record.offset)
                    clock.now_ns = max(clock.now_ns, record.timestamp * NS_PER_MS)
                if len(batch) >= _AT_ONCE:
                    await _put(store, batch, places)
                    batch = []
                    on_progress(done, max(done, total))
            await _put(store, batch, places)
            on_progress(done, max(done, total))
        clock.now_ns = 0
    devices -= await _erase_again(settings, store, controls, devices)
    counts = [len(ids[name]) for name, _ in _ROWS]
    return Rebuilt(counts[0], counts[1], counts[2], len(devices), skipped, counts[3])


async def _erase_again(
    settings: Settings, store: LogStore, before: dict[str, DeviceControl], devices: set[str]
) -> set[str]:
    """Delete and return the devices that were erased since `before`, while they were written."""
    now = await read_controls(settings)
    states = {device: [each.get(device) for each in (before, now)] for device in devices}
    gone = {
        device
        for device, (earlier, later) in states.items()
        if later is not None and later.state == "erased" and later != earlier
    }
    for device in gone:
        await store.erase(device)
        await RecordOffsets.of(store).erase(device)
    return gone


def _id(message: Any) -> str:
    return message.correction_id if isinstance(message, Correction) else message.window_id


def _decode(kind: Any, record: Any, signatures: Signatures) -> Any:
    try:
        signatures.require(record)
        return kind.decode(record.value)
    except SchemaError:
        return None


def _is_meant(
    message: Any,
    record: Any,
    controls: dict[str, DeviceControl],
    from_ns: int,
    device: str | None,
) -> bool:
    control = controls.get(message.device_id)
    return (
        message.start_ns >= from_ns
        and device in (None, message.device_id)
        and drop_reason(control, message, record.timestamp, headers=record.headers) is None
    )


async def _put(store: LogStore, batch: Sequence[tuple[int, Any]], places: dict[str, Place]) -> None:
    by_erasure: dict[int, list[Any]] = {}
    for after_ms, message in batch:
        by_erasure.setdefault(after_ms, []).append(message)
    for after_ms, messages in by_erasure.items():
        await _put_after(store, messages, places, after_ms)


async def _put_after(
    store: LogStore, batch: Sequence[Any], places: dict[str, Place], after_ms: int
) -> None:
    for kind, put in (
        (Scenario, store.put_scenarios),
        (Refined, store.put_refined),
        (Activity, store.put_activities),
        (Correction, store.put_corrections),
    ):
        records: Any = [message for message in batch if isinstance(message, kind)]
        if records:
            await put(records, after_ms)
    kept = [message for message in batch if getattr(message, "embeddings", None) is not None]
    if kept:
        await RecordOffsets.of(store).put(places, kept, after_ms)
