"""The daily log in Redis: an idempotent upsert by window id, in any order of arrival.

Each device and row (scenario, refined, activity) has an index, which is a sorted set of ids by
start, a hash from id to record, and a sorted set of ids by time of writing. A refined record is
stored separately and merged into its scenario on reading, so it may arrive first. All times except
the time of writing are event times. Records expire by the wall clock of the store, counted from
their last write: recordings of last year are replayed today, and no record may expire another.

Corrections (`infra.daily_log.stored_corrections`) are applied on reading. Nothing is read in a
transaction: a full store refuses whatever is queued in one.

Each `put` says by `after_ms` which erasure of its device the records come after, and returns how
many are refused because the device was erased since (`infra.redis.erasure_marks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from infra import clock
from infra.daily_log.corrections import apply_corrections
from infra.daily_log.deletion import Deletion
from infra.daily_log.keys import ROWS, SHOWN, LogKeys
from infra.daily_log.log_changes import BUCKET_NS, LogChanges
from infra.daily_log.record_index import RecordIndex
from infra.daily_log.records import EMBEDDINGS, DeviceSummary, Log, LogActivity, LogScenario
from infra.daily_log.redis_format import fetch_stored, score, writing_time
from infra.daily_log.rollups import Rollups
from infra.daily_log.scripts import PUT_RECORDS
from infra.daily_log.stored_corrections import StoredCorrections
from infra.daily_log.summaries import DeviceSummaries
from infra.redis.erasure_marks import ErasureMarks, log_prefix
from schemas import Activity, Correction, Refined, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redis.asyncio import Redis

    from infra.daily_log.log_changes import Changes
    from infra.daily_log.record_index import Counts
    from infra.daily_log.summaries import DevicePage

_DAY_US = 86_400_000_000

Record = Scenario | Refined | Activity
ModelT = TypeVar("ModelT", bound=BaseModel)


class LogStore:
    """The log of all devices of one app; every `put` is one transaction, safe to repeat.

    `clock_ns` dates what is written, and says what is past its retention, in place of the store's
    own clock.
    """

    def __init__(
        self,
        redis: Redis,
        app_id: str,
        retention_days: float,
        clock_ns: Callable[[], int] | None = None,
    ) -> None:
        if not retention_days > 0:
            raise ValueError(
                f"retention_days is {retention_days}; expected a positive number of days"
            )
        self._redis = redis
        self.app_id = app_id
        self._keys = LogKeys(log_prefix(app_id))
        self._retention_us = round(retention_days * _DAY_US)
        self._clock_ns = clock_ns
        self._index = RecordIndex(redis, self._keys)
        self._deletion = Deletion(redis, self._keys, self._index, self._retention_us, clock_ns)
        self._summaries = DeviceSummaries(redis, self._keys, clock_ns or clock.now_ns)
        self._changes = LogChanges(redis, self._keys)
        self._corrections = StoredCorrections(redis, self._keys, clock_ns)
        self.rollups = Rollups(redis, self._keys, retention_days)
        self.erasures = ErasureMarks(redis, self.prefix)

    @property
    def redis(self) -> Redis:
        """The connection."""
        return self._redis

    @property
    def prefix(self) -> str:
        """The prefix of all keys of the log."""
        return self._keys.prefix

    async def put_scenarios(self, records: Sequence[Scenario], after_ms: int = 0) -> int:
        """Upsert scenario records; their embeddings are not stored."""
        return await self._put("scenario", records, after_ms)

    async def put_refined(self, records: Sequence[Refined], after_ms: int = 0) -> int:
        """Upsert the refiner's answers, before or after the scenarios that they refine."""
        return await self._put("refined", records, after_ms)

    async def put_activities(self, records: Sequence[Activity], after_ms: int = 0) -> int:
        """Upsert activity records."""
        return await self._put("activity", records, after_ms)

    async def put_corrections(self, corrections: Sequence[Correction], after_ms: int = 0) -> int:
        """Upsert wearers' corrections, before or after the records that they correct."""
        return await self._corrections.put(corrections, after_ms)

    async def corrections(self, device: str, from_ns: int, to_ns: int) -> list[Correction]:
        """Return the corrections whose spans overlap [from_ns, to_ns), in any order."""
        return await self._corrections.overlapping(device, from_ns, to_ns)

    async def read(self, device: str, from_ns: int, to_ns: int) -> Log:
        """Return the corrected records that start in [from_ns, to_ns); none of an unknown device.

        Raises `LogStoreError` if a stored record is damaged.
        """
        scenario_ids, activity_ids = await self._index.ids(SHOWN, device, from_ns, to_ns)
        scenarios = await self._fetch(LogScenario, "scenario", device, scenario_ids)
        refined = {
            record.window_id: record
            for record in await self._fetch(Refined, "refined", device, scenario_ids)
        }
        activities = await self._fetch(LogActivity, "activity", device, activity_ids)
        # The index has a resolution of 1 µs; the exact bounds are checked here.
        return apply_corrections(
            [
                record.model_copy(update={"refined": refined.get(record.window_id)})
                for record in scenarios
                if from_ns <= record.start_ns < to_ns
            ],
            [record for record in activities if from_ns <= record.start_ns < to_ns],
            await self.corrections(device, from_ns, to_ns),
        )

    async def next_start(self, device: str, from_ns: int) -> int | None:
        """Return the first start of a record from `from_ns` on, to the µs; None without any."""
        return await self._index.next_start(device, from_ns)

    async def ping(self) -> int:
        """Return how many devices ever had a record, in one command however many there are."""
        return int(await self._redis.scard(self._keys.devices))

    async def devices(self) -> list[DeviceSummary]:
        """Return every device with a record, ordered by id."""
        return (await self.page("", None)).devices

    async def page(self, after: str, limit: int | None) -> DevicePage:
        """Return the devices with ids greater than `after`, at most `limit` of them, by id."""
        return await self._summaries.page(after, limit)

    async def device(self, device: str) -> DeviceSummary | None:
        """Return one device's summary, or None if it has neither scenarios nor activities."""
        return await self._summaries.device(device)

    async def delete(self, device: str, from_ns: int, to_ns: int) -> Counts:
        """Delete the records that start in [from_ns, to_ns); return how many of each row."""
        return await self._deletion.delete(device, from_ns, to_ns)

    async def expire(self) -> int:
        """Delete the records of all devices that are past their retention; return how many.

        Each write expires the old records of its device, so this is for devices that fell silent.
        """
        return await self._deletion.expire()

    async def erase(self, device: str) -> int:
        """Delete everything of a device, including its revision; return the number of records."""
        return await self._deletion.erase(device)

    async def knows(self, device: str) -> bool:
        """Return whether anything of a device is stored."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.sismember(self._keys.devices, device)
            pipe.exists(*self._keys.of(device), *self._keys.beside(device))
            return any(await pipe.execute())

    async def count_between(self, device: str, from_ns: int, to_ns: int) -> Counts:
        """Return how many records of each row start in [from_ns, to_ns)."""
        return await self._index.count_between(device, from_ns, to_ns)

    async def count(self, device: str) -> Counts:
        """Return how many records of each row one device has."""
        return await self._index.count(device)

    async def window_ids(self, device: str, from_ns: int, to_ns: int) -> set[str]:
        """Return the ids of the windows that start in [from_ns, to_ns) and have a record."""
        rows = await self._index.ids(SHOWN, device, from_ns, to_ns)
        return {each for ids in rows for each in ids}

    async def changes(self, device: str, since: int) -> Changes:
        """Return the newest revision, and the start of the changes after revision `since`."""
        return await self._changes.since(device, since)

    async def recorded_ms(self, device: str) -> int:
        """Return the wall time of the last record's write, ms since the epoch; 0 without any."""
        return await self._changes.recorded_ms(device)

    async def bucket_revisions(self, device: str, from_ns: int, to_ns: int) -> dict[int, int]:
        """Return the revision of the last write to each bucket that starts in [from_ns, to_ns)."""
        return await self._changes.bucket_revisions(device, from_ns, to_ns)

    async def _put(self, row: str, records: Iterable[Record], after_ms: int) -> int:
        by_device: dict[str, list[Record]] = {}
        for record in records:
            by_device.setdefault(record.device_id, []).append(record)
        if not by_device:
            return 0
        async with self._redis.pipeline(transaction=True) as pipe:
            for device, device_records in by_device.items():
                self._upsert(pipe, row, device, device_records, after_ms)
            written = await pipe.execute()
        batches = zip(by_device.values(), written, strict=True)
        return sum(len(batch) for batch, is_written in batches if not is_written)

    def _upsert(
        self, pipe: Any, row: str, device: str, records: list[Record], after_ms: int
    ) -> None:
        keys = [*self._keys.of(device), self._keys.devices, self._keys.erased]
        newest = {record.window_id: record for record in records}
        buckets = {record.start_ns // BUCKET_NS * BUCKET_NS for record in records}
        pipe.eval(
            PUT_RECORDS,
            len(keys),
            *keys,
            *(writing_time(self._clock_ns), self._retention_us, score(BUCKET_NS)),
            *(device, after_ms, ROWS.index(row) + 1, len(newest)),
            *(
                field
                for name, record in newest.items()
                for field in (
                    name,
                    score(record.start_ns),
                    record.model_dump_json(exclude=EMBEDDINGS),
                )
            ),
            *sorted(buckets),
        )

    async def _fetch(
        self, model: type[ModelT], row: str, device: str, ids: Sequence[str]
    ) -> list[ModelT]:
        return await fetch_stored(self._redis, model, self._keys.data(row, device), ids)
