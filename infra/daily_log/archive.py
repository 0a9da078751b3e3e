"""A log as JSON lines, written and restored in pieces.

Each line is `{"row": ..., "record": ...}`, between a header line and `{"end": ...}`, which counts
them. They hold the store's content: records as the agents published them, the refiner's answers and
the wearer's corrections. Restoring them gives the same log, and restoring twice changes nothing.
Version 1 had no end line, so that a file cut after a line looked whole.
"""

from __future__ import annotations

import json
import zlib
from gzip import BadGzipFile
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from infra.daily_log.export import ExportError, from_json
from infra.daily_log.record_index import Counts
from schemas import Activity, Correction, Refined, Scenario
from schemas.message import END_OF_TIME_NS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from infra.daily_log.records import Log
    from infra.daily_log.store import LogStore

HEAD = {"egolog": "log", "version": 2}
_VERSIONS = (1, 2)
# Of a file that is cut, or not what its name says.
_DAMAGE = (EOFError, BadGzipFile, zlib.error, UnicodeDecodeError)
# Time of a log that is in memory at once.
_PIECE_NS = 3_600_000_000_000
_AT_ONCE = 500
_KINDS: dict[str, type[Scenario] | type[Refined] | type[Activity] | type[Correction]] = {
    "scenario": Scenario,
    "refined": Refined,
    "activity": Activity,
    "correction": Correction,
}
Row = tuple[str, Any]


async def lines(store: LogStore, device: str, from_ns: int, to_ns: int) -> AsyncIterator[str]:
    """Yield the lines of the records that start in [from_ns, to_ns), read hour by hour."""
    yield json.dumps({**HEAD, "device": device})
    written: set[str] = set()
    count = 0
    async for piece in pieces(store, device, from_ns, to_ns):
        for row, record in rows_of(piece.log):
            if row == "correction" and record.correction_id in written:
                continue
            written.add(getattr(record, "correction_id", ""))
            yield json.dumps({"row": row, "record": json.loads(record.model_dump_json())})
            count += 1
    yield json.dumps({"end": count})


class Piece(NamedTuple):
    """The records that start in [from_ns, to_ns), an hour at most, and its corrections."""

    from_ns: int
    to_ns: int
    log: Log


async def pieces(
    store: LogStore,
    device: str,
    from_ns: int,
    to_ns: int,
    wanted: Callable[[int, int], bool] = lambda _from_ns, _to_ns: True,
) -> AsyncIterator[Piece]:
    """Yield a log hour by hour, skipping empty hours and, unread, those that are not wanted."""
    summary = await store.device(device)
    if summary is None:
        return
    corrections = await store.corrections(device, 0, END_OF_TIME_NS)
    at = max(from_ns, summary.first_ns // _PIECE_NS * _PIECE_NS)
    while at < to_ns:
        # Years may lie between two recordings of a device.
        starts = [max(at, each.start_ns) for each in corrections if each.end_ns > at]
        if (start := await store.next_start(device, at)) is not None:
            starts.append(start)
        if not starts or min(starts) >= to_ns:
            return
        at = max(at, min(starts) // _PIECE_NS * _PIECE_NS)
        past = min(to_ns, at // _PIECE_NS * _PIECE_NS + _PIECE_NS)
        if wanted(at, past):
            log = await store.read(device, at, past)
            if log.scenarios or log.activities or log.corrections:
                yield Piece(at, past, log)
        at = past


def rows_of(log: Log) -> list[Row]:
    """Return a log's rows as stored, undoing the merge that reading does."""
    bare = set(Scenario.model_fields)
    rows: list[Row] = []
    for record in log.scenarios:
        rows.append(("scenario", Scenario(**_fields(record, bare))))
        if record.refined is not None:
            rows.append(("refined", record.refined))
    rows += [
        ("activity", Activity(**_fields(r, set(Activity.model_fields)))) for r in log.activities
    ]
    return [*rows, *(("correction", each) for each in log.corrections)]


class Restored(NamedTuple):
    """The restored records by row, and whether the file says of itself where it ends."""

    counts: Counts
    has_end: bool


async def restore(
    store: LogStore,
    text_lines: Iterable[str],
    on_rows: Callable[[Sequence[Row]], None] | None = None,
) -> Restored:
    """Restore the output of `lines` or `infra.daily_log.export.to_json`.

    `on_rows`, if given, gets the rows as they are restored. Raises `ExportError` with the line's
    number, also for a text that is cut or no text; the lines before it are restored. The log of a
    device that was erased before can be restored; one that is erased meanwhile is not.
    """
    iterator = iter(text_lines)
    counts = dict.fromkeys(_KINDS, 0)
    write = _Writer(store, counts, on_rows).write
    try:
        head = next(iterator, "")
        version = _version(head)
        if version is None:
            for rows in _in_batches(rows_of(from_json("".join([head, *iterator])))):
                await write(rows)
            return Restored(_counts(counts), has_end=True)
    except _DAMAGE as error:
        raise ExportError(f"this is not an exported log: {error}") from error
    batch: list[Row] = []
    records, end = 0, None
    number = 1
    try:
        for number, line in enumerate(iterator, 2):
            if not line.strip():
                continue
            if end is not None:
                raise ExportError(f"line {number} follows the end; expected nothing after it")
            if version > 1 and (end := _end(line, number)) is not None:
                continue
            batch.append(_row(line, number))
            records += 1
            if len(batch) >= _AT_ONCE:
                await write(batch)
                batch = []
    except (ExportError, *_DAMAGE) as error:
        await write(batch)
        if isinstance(error, ExportError):
            raise
        raise ExportError(
            f"line {number + 1} is damaged: {error}; the lines before it are restored"
        ) from error
    await write(batch)
    if version > 1 and end != records:
        state = (
            "has no end line: it is cut"
            if end is None
            else f"says at its end that it has {end} records"
        )
        raise ExportError(f"it {state}; the {records} records that it has are restored")
    return Restored(_counts(counts), has_end=version > 1)


def _fields(record: Scenario | Activity, names: set[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _version(line: str) -> int | None:
    """Return the version in a header line, None for another line."""
    try:
        head = json.loads(line)
    except ValueError:
        return None
    if not isinstance(head, dict) or head.get("egolog") != HEAD["egolog"]:
        return None
    version = head.get("version")
    if version not in _VERSIONS or isinstance(version, bool):
        raise ExportError(f"version is {version!r}; expected 1 or {HEAD['version']}")
    return int(version)


def _end(line: str, number: int) -> int | None:
    """Return the number of records that an end line counts, None for another line."""
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    if not isinstance(fields, dict) or fields.keys() != {"end"}:
        return None
    if not isinstance(count := fields["end"], int):
        raise ExportError(f"line {number} is no end: its count of records is {count!r:.200}")
    return count


def _row(line: str, number: int) -> Row:
    try:
        fields = json.loads(line)
        row = fields["row"]
        return row, _KINDS[row].model_validate_json(json.dumps(fields["record"]))
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        why = str(error).splitlines()[0]
        raise ExportError(
            f"line {number} is no record of a log: {why[:200]}; the lines before it are restored"
        ) from error


def _in_batches(rows: list[Row]) -> Iterable[list[Row]]:
    for at in range(0, len(rows), _AT_ONCE):
        yield rows[at : at + _AT_ONCE]


class _Writer:
    """Writes rows to a store, and counts them in `counts`."""

    def __init__(
        self,
        store: LogStore,
        counts: dict[str, int],
        on_rows: Callable[[Sequence[Row]], None] | None,
    ) -> None:
        self._store = store
        self._counts = counts
        self._on_rows = on_rows
        self._puts: dict[str, Any] = {
            "scenario": store.put_scenarios,
            "refined": store.put_refined,
            "activity": store.put_activities,
            "correction": store.put_corrections,
        }
        # Of each device, as it was at its first row.
        self._marks: dict[str, int] = {}

    async def write(self, batch: list[Row]) -> None:
        """Write rows; raises `ExportError` if a device was erased since its first one."""
        if self._on_rows is not None:
            self._on_rows(batch)
        by_device: dict[tuple[str, str], list[Any]] = {}
        for row in self._puts:
            for kind, record in batch:
                if kind == row:
                    by_device.setdefault((row, record.device_id), []).append(record)
        for (row, device), records in by_device.items():
            if device not in self._marks:
                self._marks[device] = await self._store.erasures.read(device)
            if await self._puts[row](records, self._marks[device]):
                raise ExportError(f"device {device!r} was erased while its log was restored")
            self._counts[row] += len(records)


def _counts(counts: dict[str, int]) -> Counts:
    return Counts(counts["scenario"], counts["refined"], counts["activity"])
