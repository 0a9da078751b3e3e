"""The log by the hour, as drawn by the page: every record, in few bytes.

A record's evidence is left to `/api/v1/window`. An hour is computed once after each change: it is
cached in the store under the revision of its last write. So the first view of a day reads about
twenty cached texts, not ten thousand records.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from infra.daily_log.corrections import AddedSpan, added_spans
from infra.daily_log.log_changes import BUCKET_NS
from infra.daily_log.rollups import Rollup
from operators.naming import NamedActivity, name_activity
from operators.smoothing import smooth
from schemas.event_time import NS_PER_MS
from schemas.frames import NS
from schemas.ranking import rank_labels
from streams.web.timeline import (
    CORRECTED,
    DESCRIBED,
    FAR_FIELD,
    INPUT_MISSING,
    NEAR_ONLY,
    SMOOTHING_NS,
    UNKNOWN,
    UNKNOWN_NAME,
    shares,
    word_flags,
)

if TYPE_CHECKING:
    from infra.daily_log.records import Log, LogActivity, LogScenario
    from infra.daily_log.store import LogStore

HOUR_NS = 3_600 * NS
FORMAT = "4"
# Time limit of a request, which computes the newest hours first and leaves the rest to the next.
COMPUTE_S = 2.0
_SHOWN = 0.02
_MAX_SHARES = 6
# In the view of a month a shorter run would be too thin to see.
_BRIEF_S = 60
UNKNOWN_SCENARIO = "Unknown"
Hour = dict[str, Any]


class Hours:
    """The hours of a store's logs; `unsure_below` is as in `operators.naming`."""

    def __init__(self, store: LogStore, unsure_below: float) -> None:
        self._store = store
        self._unsure_below = unsure_below
        self._kind = f"{FORMAT}.{unsure_below:g}"

    async def read(
        self, device: str, from_ns: int, to_ns: int, since: int, *, brief: bool
    ) -> tuple[list[str], bool]:
        """Return the hours in [from_ns, to_ns) that changed after revision `since`, as JSON.

        The second value is whether they are complete, or more have to be requested.
        """
        first = from_ns // HOUR_NS * HOUR_NS
        hours = await self._revisions(device, first, to_ns)
        wanted = {hour: revision for hour, revision in hours.items() if revision > since}
        cached = await self._store.rollups.get(device, self._kind, [*wanted])
        deadline = time.monotonic() + COMPUTE_S
        texts = []
        computed = mark = 0
        complete = True
        for hour, revision in reversed(wanted.items()):
            rollup = cached.get(hour)
            if rollup is None or rollup.revision != revision:
                if computed and time.monotonic() > deadline:
                    complete = False
                    continue
                if not computed:
                    # Before the records are read, which may be erased meanwhile.
                    mark = abs(await self._store.erasures.read(device))
                computed += 1
                rollup = Rollup(revision, *await self._compute(device, hour))
                await self._store.rollups.put(device, self._kind, hour, rollup, mark)
            texts.append(rollup.brief if brief else rollup.full)
        return texts, complete

    async def _revisions(self, device: str, from_ns: int, to_ns: int) -> dict[int, int]:
        """Return each hour with records and the revision of its last write.

        Smoothed values also depend on the minutes before the hour.
        """
        buckets = await self._store.bucket_revisions(device, from_ns - BUCKET_NS, to_ns)
        hours: dict[int, int] = {}
        for bucket, revision in buckets.items():
            hour = bucket // HOUR_NS * HOUR_NS
            if from_ns <= hour < to_ns:
                hours[hour] = max(hours.get(hour, 0), revision)
        return {
            hour: max(revision, buckets.get(hour - BUCKET_NS, 0))
            for hour, revision in sorted(hours.items())
        }

    async def _compute(self, device: str, hour: int) -> tuple[str, str]:
        log = await self._store.read(device, max(0, hour - SMOOTHING_NS), hour + HOUR_NS)
        return await asyncio.to_thread(_texts, log, hour, self._unsure_below)


def _texts(log: Log, hour: int, unsure_below: float) -> tuple[str, str]:
    full = of_hour(log, hour, unsure_below)
    return _compact(in_columns(full)), _compact(brief(full))


def _compact(hour: Hour) -> str:
    return json.dumps(hour, separators=(",", ":"))


def of_hour(log: Log, hour: int, unsure_below: float) -> Hour:
    """Return the hour that starts at `hour`; `log` must begin `SMOOTHING_NS` earlier.

    Times are seconds since the hour, names indices into `names`. `scenarios`: [start, seconds,
    leading or -1, confidence in percent, flags, refiner or -1, {name: percent} smoothed, others]
    where flag 8 is unknown and 32 a correction by the wearer, and others are its further names.
    `activities`: [start, seconds, name, flags] with the flags of `streams.web.timeline`, neighbours
    that are equal as one. `added`: [row (0 or 1), start, seconds, name] are the wearer's entries
    for times without a record. `networks`: [start, revision] where it changes.
    """
    names: dict[str, int] = {}

    def index(name: str) -> int:
        return names.setdefault(name, len(names))

    smoothed = smooth([(s.start_ns, shares(s)) for s in log.scenarios])
    scenarios: list[list[Any]] = []
    networks: list[list[Any]] = []
    for record, (_, estimate) in zip(log.scenarios, smoothed, strict=True):
        if record.start_ns < hour:
            continue
        scenarios.append(_scenario(record, estimate, hour, index))
        if not networks or networks[-1][1] != record.revision:
            networks.append([_seconds(record.start_ns - hour), record.revision])
    strip: list[list[int]] = []
    for activity in log.activities:
        row = _activity(activity, unsure_below, hour, index) if activity.start_ns >= hour else None
        if row is None:
            continue
        if strip and strip[-1][2:] == row[2:] and sum(strip[-1][:2]) == row[0]:
            strip[-1][1] += row[1]
        else:
            strip.append(row)
    return {
        "hour": hour // NS_PER_MS,
        "scenarios": scenarios,
        "activities": strip,
        "added": [
            row for each in added_spans(log) if (row := _added(each, hour, index)) is not None
        ],
        "networks": networks,
        "names": [*names],
    }


def brief(hour: Hour) -> Hour:
    """Return an hour for the view of a month: `runs` [start, seconds, name], seconds by activity.

    The name of unknown half minutes is `UNKNOWN_SCENARIO`. `recorded` is the number of seconds with
    records.
    """
    known = hour["names"]
    names: dict[str, int] = {}

    def index(name: str) -> int:
        return names.setdefault(name, len(names))

    def name_of(row: list[Any]) -> str:
        if row[2] >= 0:
            return str(known[row[2]])
        return UNKNOWN_SCENARIO if row[4] & UNKNOWN else ""

    runs: list[tuple[int, int, str]] = []
    spoken = [(row[0], row[1], name_of(row)) for row in hour["scenarios"]]
    spoken += [(start, lasts, known[name]) for row, start, lasts, name in hour["added"] if row == 0]
    for start, lasts, name in sorted(spoken):
        if runs and runs[-1][2] == name and start - sum(runs[-1][:2]) <= _BRIEF_S:
            runs[-1] = (runs[-1][0], start + lasts - runs[-1][0], name)
        else:
            runs.append((start, lasts, name))
    seconds: dict[int, int] = {}
    for _, lasts, name, flags in hour["activities"]:
        if not flags & UNKNOWN:
            seconds[name] = seconds.get(name, 0) + lasts
    for row, _, lasts, name in hour["added"]:
        if row == 1:
            seconds[name] = seconds.get(name, 0) + lasts
    corrected = sum(row[1] for row in hour["scenarios"] if row[4] & CORRECTED)
    fields = {
        "hour": hour["hour"],
        "runs": [[start, lasts, index(name)] for start, lasts, name in runs if name],
        "activities": [[index(known[name]), lasts] for name, lasts in seconds.items()],
        "recorded": sum(row[1] for row in hour["scenarios"]),
        "corrected": corrected,
    }
    return {**fields, "names": [*names]}


def in_columns(hour: Hour) -> Hour:
    """Return an hour as columns, which compress to less than half the size of rows.

    `scenarios` and `activities` are columns in the order of `of_hour`'s rows, each start as the
    seconds since the end before it. `smoothed` is apart: {name: percent of every scenario}.
    """
    rows = hour["scenarios"]
    smoothed = [row[6] for row in rows]
    names = dict.fromkeys(name for each in smoothed for name in each)
    return {
        **hour,
        "scenarios": _columns([[*row[:6], *row[7:]] for row in rows]),
        "activities": _columns(hour["activities"]),
        "smoothed": {name: [each.get(name, 0) for each in smoothed] for name in names},
    }


def _columns(rows: list[list[Any]]) -> list[list[Any]]:
    ends = [0, *(start + lasts for start, lasts, *_ in rows)]
    since = [[row[0] - end, *row[1:]] for row, end in zip(rows, ends, strict=False)]
    return [list(column) for column in zip(*since, strict=True)]


def _scenario(record: LogScenario, estimate: dict[str, float], hour: int, index: Any) -> list[Any]:
    by = record.refined.refined_by if record.refined_labels and record.refined is not None else None
    flags = UNKNOWN * (record.unknown and not record.decided_labels)
    flags += word_flags(record.corrected)
    smoothed = {
        index(name): round(share * 100)
        for name, share in rank_labels(estimate, _MAX_SHARES)
        if share >= _SHOWN
    }
    return [
        _seconds(record.start_ns - hour),
        _seconds(record.end_ns - record.start_ns),
        index(record.leading) if record.leading else -1,
        round(record.confidence * 100),
        flags,
        -1 if by is None else index(by),
        smoothed,
        [index(name) for name in record.labels[1:]],
    ]


def _activity(record: LogActivity, unsure_below: float, hour: int, index: Any) -> list[int] | None:
    named = name_activity(record.activities, record.open_vocabulary, unsure_below)
    if record.corrected is not None:
        named = NamedActivity(record.corrected.labels[0], 1.0) if record.corrected.labels else None
    if named is None:
        return None
    unknown = record.unknown and record.corrected is None
    flags = FAR_FIELD * (record.gate == "dropped") + NEAR_ONLY * (record.gate == "near")
    flags += INPUT_MISSING * bool(record.missing) + word_flags(record.corrected)
    flags += UNKNOWN if unknown else DESCRIBED * named.described
    return [
        _seconds(record.start_ns - hour),
        _seconds(record.end_ns - record.start_ns),
        index(UNKNOWN_NAME if unknown else named.name),
        flags,
    ]


def _added(each: AddedSpan, hour: int, index: Any) -> list[int] | None:
    start, end = max(each.start_ns, hour), min(each.end_ns, hour + HOUR_NS)
    if start >= end:
        return None
    row = 0 if each.row == "scenario" else 1
    return [row, _seconds(start - hour), _seconds(end - start), index(each.leading)]


def _seconds(ns: int) -> int:
    return round(ns / NS)
