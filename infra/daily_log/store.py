"""The daily log in Redis: an idempotent upsert by window id, in any order of arrival.

For each device and row (scenario, refined, activity) there is an index, a sorted set of ids by
start, a hash from id to record, and a sorted set of ids by when they were written. A refined record
lies beside its scenario and is merged when it is read, so it may come first. All times but that of
writing are event times. Records expire by the wall clock since they were last written: recordings
from last year are replayed today, and no record may expire another.

Corrections lie beside all of it, are applied when it is read, and never expire: they are the
wearer's own words, and there are few.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from infra import clock
from infra.daily_log.corrections import applied
from infra.daily_log.keys import ROWS, LogKeys
from infra.daily_log.records import EMBEDDINGS, DeviceSummary, Log, LogActivity, LogScenario
from infra.daily_log.scripts import AFTER_CORRECTION, AFTER_WRITE, EXPIRE_SILENT
from infra.errors import InfraError
from schemas import Activity, Correction, Refined, Scenario
from schemas.correction import MAX_SPAN_NS
from schemas.event_time import AHEAD_NS
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redis.asyncio import Redis

_SHOWN = ("scenario", "activity")
BUCKET_NS = 15 * 60 * NS
_DAY_US = 86_400_000_000
_CHUNK = 1_000
_DEVICES_AT_ONCE = 100

Record = Scenario | Refined | Activity
_Model = TypeVar("_Model", bound=BaseModel)


class LogStoreError(InfraError):
    """A record in the store cannot be read as this build's schema."""


class Counts(NamedTuple):
    """Records of one device by row."""

    scenarios: int
    refined: int
    activities: int


class Changes(NamedTuple):
    """What was written since a revision: nothing where `from_ns` is None.

    Every record that changed starts at or after `from_ns` (rounded down to `BUCKET_NS`). `revision`
    is the wall time of the last write, ms since the epoch (later by 1 for each further write within
    one millisecond); 0 for an unknown device.
    """

    revision: int
    from_ns: int | None


class DevicePage(NamedTuple):
    """Summaries in the order of their ids; `last` is the id that the next page follows, if any."""

    devices: list[DeviceSummary]
    last: str | None


class LogStore:
    """The log of all devices of one app; every `put` is one transaction, safe to repeat."""

    def __init__(
        self,
        redis: Redis,
        app_id: str,
        retention_days: float,
        clock_ns: Callable[[], int] = clock.now_ns,
    ) -> None:
        if not retention_days > 0:
            raise ValueError(
                f"retention_days is {retention_days}; expected a positive number of days"
            )
        self._redis = redis
        self.app_id = app_id
        self._keys = LogKeys(f"{app_id}:log")
        self._retention_us = round(retention_days * _DAY_US)
        self._clock_ns = clock_ns

    @property
    def redis(self) -> Redis:
        """The connection."""
        return self._redis

    @property
    def prefix(self) -> str:
        """What every key of the log begins with."""
        return self._keys.prefix

    async def put_scenarios(self, records: Sequence[Scenario]) -> None:
        """Upsert scenario records; their embeddings are not stored."""
        await self._put("scenario", records)

    async def put_refined(self, records: Sequence[Refined]) -> None:
        """Upsert the refiner's answers, before or after the scenarios they speak of."""
        await self._put("refined", records)

    async def put_activities(self, records: Sequence[Activity]) -> None:
        """Upsert activity records."""
        await self._put("activity", records)

    async def put_corrections(self, corrections: Sequence[Correction]) -> None:
        """Upsert what wearers say of their logs, before or after the records that they correct."""
        by_device: dict[str, list[Correction]] = {}
        for each in corrections:
            by_device.setdefault(each.device_id, []).append(each)
        for device, own in by_device.items():
            index, data = (
                self._keys.index("correction", device),
                self._keys.data("correction", device),
            )
            buckets = {
                bucket
                for each in own
                for bucket in range(each.start_ns // BUCKET_NS * BUCKET_NS, each.end_ns, BUCKET_NS)
            }
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zadd(index, {each.correction_id: _score(each.start_ns) for each in own})
                pipe.hset(
                    data, mapping={each.correction_id: each.model_dump_json() for each in own}
                )
                pipe.eval(
                    AFTER_CORRECTION,
                    2,
                    self._keys.changes(device),
                    self._keys.revision(device),
                    self._clock_ns() // 1_000_000,
                    *sorted(buckets),
                )
                await pipe.execute()

    async def corrections(self, device: str, from_ns: int, to_ns: int) -> list[Correction]:
        """Return the corrections whose spans touch [from_ns, to_ns), in any order."""
        if from_ns >= to_ns:
            return []
        ids = await self._redis.zrangebyscore(
            self._keys.index("correction", device),
            _score(max(0, from_ns - MAX_SPAN_NS)),
            f"({_score(to_ns + 999)}",
        )
        records = await self._fetch(Correction, "correction", device, [_text(each) for each in ids])  # type: ignore[arg-type]  # without scores
        return [each for each in records if each.start_ns < to_ns and each.end_ns > from_ns]

    async def read(self, device: str, from_ns: int, to_ns: int) -> Log:
        """Return the records that start in [from_ns, to_ns); empty for an unknown device.

        They are corrected by what the wearer said of them.

        Raises `LogStoreError` where a stored record is damaged.
        """
        scenario_ids, activity_ids = await self._ids(_SHOWN, device, from_ns, to_ns)
        scenarios = await self._fetch(LogScenario, "scenario", device, scenario_ids)
        refined = {
            record.window_id: record
            for record in await self._fetch(Refined, "refined", device, scenario_ids)
        }
        activities = await self._fetch(LogActivity, "activity", device, activity_ids)
        # The index counts in µs; the exact bounds are kept here.
        return applied(
            [
                record.model_copy(update={"refined": refined.get(record.window_id)})
                for record in scenarios
                if from_ns <= record.start_ns < to_ns
            ],
            [record for record in activities if from_ns <= record.start_ns < to_ns],
            await self.corrections(device, from_ns, to_ns),
        )

    async def ping(self) -> int:
        """Return how many devices ever had a record: one command, however many there are."""
        return int(await self._redis.scard(self._keys.devices))

    async def devices(self) -> list[DeviceSummary]:
        """Return every device with a record, ordered by id."""
        return (await self.page("", None)).devices

    async def page(self, after: str, limit: int | None) -> DevicePage:
        """Return the devices with ids greater than `after`, at most `limit` of them, by id."""
        members = await self._redis.smembers(self._keys.devices)
        names = sorted(name for name in map(_text, members) if name > after)
        own = names if limit is None else names[:limit]
        devices: list[DeviceSummary] = []
        for begin in range(0, len(own), _DEVICES_AT_ONCE):
            chunk = own[begin : begin + _DEVICES_AT_ONCE]
            summaries = await self._plausible_summaries(chunk)
            devices += [summaries[name] for name in chunk if name in summaries]
        return DevicePage(devices, own[-1] if len(own) < len(names) else None)

    async def device(self, device: str) -> DeviceSummary | None:
        """Return one device's summary, or None where it has neither scenarios nor activities.

        It spans the plausible records (`schemas.event_time`), where there are any, and begins where
        the wearer says that something was before them.
        """
        return (await self._plausible_summaries([device])).get(device)

    async def _plausible_summaries(self, devices: Sequence[str]) -> dict[str, DeviceSummary]:
        latest = _score(self._clock_ns() + AHEAD_NS)
        summaries = await self._summaries(devices, latest)
        others = [device for device in devices if device not in summaries]
        return summaries | (await self._summaries(others, None) if others else {})

    async def delete(self, device: str, from_ns: int, to_ns: int) -> Counts:
        """Delete the records that start in [from_ns, to_ns); return how many of each row."""
        doomed = await self._ids(ROWS, device, from_ns, to_ns)
        if any(doomed):
            async with self._redis.pipeline(transaction=True) as pipe:
                for row, ids in zip(ROWS, doomed, strict=True):
                    for begin in range(0, len(ids), _CHUNK):
                        chunk = ids[begin : begin + _CHUNK]
                        pipe.zrem(self._keys.index(row, device), *chunk)
                        pipe.hdel(self._keys.data(row, device), *chunk)
                        pipe.zrem(self._keys.written(row, device), *chunk)
                pipe.incr(self._keys.revision(device))
                revision = (await pipe.execute())[-1]
            await self._mark_deleted(device, from_ns, to_ns, revision)
        return Counts(*map(len, doomed))

    async def expire(self) -> int:
        """Delete the records of all devices that are past their retention; return how many.

        A device that writes does so itself: this is for those that fell silent.
        """
        expired = 0
        devices = self._keys.devices
        async for member in self._redis.sscan_iter(devices, count=_DEVICES_AT_ONCE):
            device = _text(member)
            keys = [*self._keys.of(device), devices]
            times = (_score(self._clock_ns()), self._retention_us, _score(BUCKET_NS))
            expired += int(await self._redis.eval(EXPIRE_SILENT, len(keys), *keys, *times, device))
        return expired

    async def erase(self, device: str) -> int:
        """Delete everything of a device, its revision too; return how many records there were."""
        records = sum(await self.count(device))
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.srem(self._keys.devices, device)
            pipe.delete(*self._keys.of(device), *self._keys.beside(device))
            await pipe.execute()
        return records

    async def knows(self, device: str) -> bool:
        """Return whether anything is kept of a device."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.sismember(self._keys.devices, device)
            pipe.exists(*self._keys.of(device), *self._keys.beside(device))
            return any(await pipe.execute())

    async def count_between(self, device: str, from_ns: int, to_ns: int) -> Counts:
        """Return how many records of each row start in [from_ns, to_ns)."""
        return Counts(*map(len, await self._ids(ROWS, device, from_ns, to_ns)))

    async def _mark_deleted(self, device: str, from_ns: int, to_ns: int, revision: int) -> None:
        """Let readers read again what was deleted, and forget a device that has nothing left."""
        buckets = [
            _text(bucket)  # type: ignore[arg-type]  # without scores
            for bucket in await self._redis.zrange(self._keys.changes(device), 0, -1)
            if from_ns - BUCKET_NS < int(bucket) < to_ns  # type: ignore[arg-type]
        ]
        async with self._redis.pipeline(transaction=True) as pipe:
            if not any(await self.count(device)):
                pipe.srem(self._keys.devices, device)
                pipe.delete(self._keys.changes(device))
                pipe.delete(self._keys.rollup(device))
            elif buckets:
                pipe.zadd(self._keys.changes(device), dict.fromkeys(buckets, revision))
            await pipe.execute()

    async def _summaries(
        self, devices: Sequence[str], latest: int | None
    ) -> dict[str, DeviceSummary]:
        """Return the summaries of those that have records up to `latest`: two round trips."""
        highest = "+inf" if latest is None else latest
        async with self._redis.pipeline(transaction=True) as pipe:
            for device in devices:
                for row in _SHOWN:
                    index = self._keys.index(row, device)
                    pipe.zcount(index, "-inf", highest)
                    pipe.zrangebyscore(index, "-inf", highest, start=0, num=1)
                    pipe.zrevrangebyscore(index, highest, "-inf", start=0, num=1)
                pipe.zrange(self._keys.index("correction", device), 0, 0, withscores=True)
            answers = iter(await pipe.execute())
        rows, said = {}, {}
        for device in devices:
            rows[device] = {row: (next(answers), next(answers), next(answers)) for row in _SHOWN}
            said[device] = [int(score) * 1_000 for _, score in next(answers)]
        edges = [
            (device, row, [*map(_text, first + last)])
            for device, own in rows.items()
            for row, (_, first, last) in own.items()
            if first or last
        ]
        async with self._redis.pipeline(transaction=False) as pipe:
            for device, row, ids in edges:
                pipe.hmget(self._keys.data(row, device), ids)
            values = await pipe.execute()
        spans: dict[str, list[_Span]] = {}
        for (device, _, _), stored in zip(edges, values, strict=True):
            # A record may have expired between the index and here.
            spans.setdefault(device, []).extend(
                _parsed(_Span, (value for value in stored if value is not None))
            )
        return {
            device: DeviceSummary(
                device_id=device,
                first_ns=min([*said[device], *(span.start_ns for span in own)]),
                last_ns=max(span.end_ns for span in own),
                scenarios=rows[device]["scenario"][0],
                activities=rows[device]["activity"][0],
            )
            for device, own in spans.items()
            if own
        }

    async def count(self, device: str) -> Counts:
        """Return how many records of each row one device has."""
        async with self._redis.pipeline(transaction=True) as pipe:
            for row in ROWS:
                pipe.zcard(self._keys.index(row, device))
            return Counts(*await pipe.execute())

    async def window_ids(self, device: str, from_ns: int, to_ns: int) -> set[str]:
        """Return the ids of the windows that start in [from_ns, to_ns) and have a record."""
        rows = await self._ids(_SHOWN, device, from_ns, to_ns)
        return {each for ids in rows for each in ids}

    async def changes(self, device: str, since: int) -> Changes:
        """Return the newest revision and from where on records changed after revision `since`.

        A reader that asks again from `from_ns` misses nothing, also not what was refined late.
        Revisions grow with every write, also over the loss of the whole store.
        """
        key = self._keys.changes(device)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrange(key, -1, -1, withscores=True)
            pipe.zrangebyscore(key, f"({since}", "+inf")
            newest, changed = await pipe.execute()
        revision = int(newest[0][1]) if newest else 0
        return Changes(revision, min((int(bucket) for bucket in changed), default=None))

    async def bucket_revisions(self, device: str, from_ns: int, to_ns: int) -> dict[int, int]:
        """Return the revision of the last write to each bucket that starts in [from_ns, to_ns)."""
        every: Any = await self._redis.zrange(self._keys.changes(device), 0, -1, withscores=True)
        return {
            int(bucket): int(revision)
            for bucket, revision in every
            if from_ns <= int(bucket) < to_ns
        }

    async def rollups(
        self, device: str, kind: str, hours: Sequence[int]
    ) -> dict[int, tuple[int, str, str]]:
        """Return what was made of hours and is kept: its revision, all of it, and the brief one."""
        if not hours:
            return {}
        fields = [f"{kind}/{hour}" for hour in hours]
        values: Any = await self._redis.hmget(self._keys.rollup(device), fields)
        kept = {}
        for hour, value in zip(hours, values, strict=True):
            if value is not None:
                revision, full, brief = zlib.decompress(value).decode().split("\n")
                kept[hour] = (int(revision), full, brief)
        return kept

    async def put_rollup(
        self, device: str, kind: str, hour: int, rollup: tuple[int, str, str]
    ) -> None:
        """Keep what was made of an hour for as long as the log is kept."""
        key = self._keys.rollup(device)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(key, f"{kind}/{hour}", zlib.compress("\n".join(map(str, rollup)).encode()))
            pipe.expire(key, self._retention_us // 1_000_000 + 1)
            await pipe.execute()

    async def _put(self, row: str, records: Iterable[Record]) -> None:
        by_device: dict[str, list[Record]] = {}
        for record in records:
            by_device.setdefault(record.device_id, []).append(record)
        if not by_device:
            return
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.sadd(self._keys.devices, *by_device)
            for device, own in by_device.items():
                self._upsert(pipe, row, device, own)
            await pipe.execute()

    def _upsert(self, pipe: Any, row: str, device: str, records: list[Record]) -> None:
        pipe.zadd(
            self._keys.index(row, device),
            {record.window_id: _score(record.start_ns) for record in records},
        )
        pipe.hset(
            self._keys.data(row, device),
            mapping={
                record.window_id: record.model_dump_json(exclude=EMBEDDINGS) for record in records
            },
        )
        keys = self._keys.of(device)
        ids = sorted({record.window_id for record in records})
        buckets = {record.start_ns // BUCKET_NS * BUCKET_NS for record in records}
        pipe.eval(
            AFTER_WRITE,
            len(keys),
            *keys,
            *(_score(self._clock_ns()), self._retention_us, _score(BUCKET_NS)),
            *(ROWS.index(row) + 1, len(ids), *ids),
            *sorted(buckets),
        )

    async def _ids(
        self, rows: Sequence[str], device: str, from_ns: int, to_ns: int
    ) -> list[list[str]]:
        """Return the ids of each row whose records start in [from_ns, to_ns), to the µs."""
        if from_ns >= to_ns:
            return [[] for _ in rows]
        async with self._redis.pipeline(transaction=True) as pipe:
            for row in rows:
                pipe.zrangebyscore(
                    self._keys.index(row, device), _score(from_ns), f"({_score(to_ns + 999)}"
                )
            answers = await pipe.execute()
        return [[*map(_text, ids)] for ids in answers]

    async def _fetch(
        self, model: type[_Model], row: str, device: str, ids: Sequence[str]
    ) -> list[_Model]:
        records: list[_Model] = []
        # Parsed chunk by chunk, so that reading a whole day never holds up the event loop.
        for begin in range(0, len(ids), _CHUNK):
            chunk = list(ids[begin : begin + _CHUNK])
            values = await self._redis.hmget(self._keys.data(row, device), chunk)
            # A record may have expired between the index and here.
            records += _parsed(model, (value for value in values if value is not None))
        return records


class _Span(BaseModel):
    start_ns: int
    end_ns: int


def _parsed(model: type[_Model], values: Iterable[bytes | str]) -> list[_Model]:
    try:
        return [model.model_validate_json(value) for value in values]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "record"
        raise LogStoreError(
            f"stored {model.__name__} has a bad {where}: {first['msg']}; "
            "replay the recording to write it again"
        ) from error


def _score(time_ns: int) -> int:
    # Scores are doubles: nanoseconds since the epoch would lose their last digits, microseconds
    # are exact until the year 2255.
    return time_ns // 1_000


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
