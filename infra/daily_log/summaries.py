"""The devices with a log, and the extent of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel

from infra.daily_log.keys import SHOWN
from infra.daily_log.records import DeviceSummary
from infra.daily_log.redis_format import parse_stored, score, text
from schemas.event_time import AHEAD_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

    from infra.daily_log.keys import LogKeys

_DEVICES_AT_ONCE = 100


class DevicePage(NamedTuple):
    """Summaries in the order of their ids; `last` is the id that the next page follows, if any."""

    devices: list[DeviceSummary]
    last: str | None


class _Span(BaseModel):
    start_ns: int
    end_ns: int


class _Index(NamedTuple):
    """One row of a device: the number of its records, and the ids of the first and last ones."""

    records: int
    edges: list[str]


class DeviceSummaries:
    """Summaries of the devices.

    A summary spans the plausible records (`schemas.event_time`), or all if none is plausible, and
    starts at the earliest correction if that is before them.
    """

    def __init__(self, redis: Redis, keys: LogKeys, clock_ns: Callable[[], int]) -> None:
        self._redis = redis
        self._keys = keys
        self._clock_ns = clock_ns

    async def page(self, after: str, limit: int | None) -> DevicePage:
        """Return the devices with ids greater than `after`, at most `limit` of them, by id."""
        members = await self._redis.smembers(self._keys.devices)
        following = sorted(name for name in map(text, members) if name > after)
        names = following if limit is None else following[:limit]
        devices: list[DeviceSummary] = []
        for begin in range(0, len(names), _DEVICES_AT_ONCE):
            chunk = names[begin : begin + _DEVICES_AT_ONCE]
            summaries = await self._plausible(chunk)
            devices += [summaries[name] for name in chunk if name in summaries]
        return DevicePage(devices, names[-1] if len(names) < len(following) else None)

    async def device(self, device: str) -> DeviceSummary | None:
        """Return one device's summary, or None if it has neither scenarios nor activities."""
        return (await self._plausible([device])).get(device)

    async def _plausible(self, devices: Sequence[str]) -> dict[str, DeviceSummary]:
        latest = score(self._clock_ns() + AHEAD_NS)
        summaries = await self._up_to(latest, devices)
        others = [device for device in devices if device not in summaries]
        return summaries | (await self._up_to("+inf", others) if others else {})

    async def _up_to(self, latest: int | str, devices: Sequence[str]) -> dict[str, DeviceSummary]:
        """Return the summaries of the devices that have records up to score `latest`.

        Takes two round trips, however many devices there are.
        """
        indices, corrected_ns = await self._indices(latest, devices)
        spans = await self._edges(indices)
        return {
            device: DeviceSummary(
                device_id=device,
                first_ns=min([*corrected_ns[device], *(span.start_ns for span in ends)]),
                last_ns=max(span.end_ns for span in ends),
                scenarios=indices[device]["scenario"].records,
                activities=indices[device]["activity"].records,
            )
            for device, ends in spans.items()
            if ends
        }

    async def _indices(
        self, latest: int | str, devices: Sequence[str]
    ) -> tuple[dict[str, dict[str, _Index]], dict[str, list[int]]]:
        """Return each device's rows, and the start of its first correction, ns, if any."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for device in devices:
                for row in SHOWN:
                    index = self._keys.index(row, device)
                    pipe.zcount(index, "-inf", latest)
                    pipe.zrangebyscore(index, "-inf", latest, start=0, num=1)
                    pipe.zrevrangebyscore(index, latest, "-inf", start=0, num=1)
                pipe.zrange(self._keys.index("correction", device), 0, 0, withscores=True)
            answers = iter(await pipe.execute())
        rows, corrected_ns = {}, {}
        for device in devices:
            rows[device] = {
                row: _Index(next(answers), [*map(text, next(answers) + next(answers))])
                for row in SHOWN
            }
            corrected_ns[device] = [int(start) * 1_000 for _, start in next(answers)]
        return rows, corrected_ns

    async def _edges(self, indices: dict[str, dict[str, _Index]]) -> dict[str, list[_Span]]:
        """Return the spans of the first and last records of each device."""
        wanted = [
            (device, row, index.edges)
            for device, rows in indices.items()
            for row, index in rows.items()
            if index.edges
        ]
        async with self._redis.pipeline(transaction=False) as pipe:
            for device, row, ids in wanted:
                pipe.hmget(self._keys.data(row, device), ids)
            values: list[Any] = await pipe.execute()
        spans: dict[str, list[_Span]] = {}
        for (device, _, _), stored in zip(wanted, values, strict=True):
            spans.setdefault(device, []).extend(parse_stored(_Span, stored))
        return spans
