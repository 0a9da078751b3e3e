"""A log as Apache Parquet (the extra `parquet`): one table, written in pieces.

Fields that one aggregates have columns of their own; `record` is the whole record as JSON.
Corrections are applied to the records, and each is also a row `correction`, even if it covers no
record or was undone.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from infra.daily_log.records import EMBEDDINGS, LogScenario
from schemas.extras import needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.daily_log.records import Log, LogActivity
    from schemas import Correction, NamedSpan

_MAPS = ("sound_events", "motion", "spatial", "open_vocabulary", "familiarity")


class _Sink(io.RawIOBase):
    """A write buffer that is emptied by `take`."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def tell(self) -> int:
        return self._at

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class ParquetTable:
    """A Parquet file as a stream of bytes: those of each `add` in turn, then those of `end`.

    Raises `MissingExtraError` if pyarrow is not installed.
    """

    def __init__(self) -> None:
        with needs("pyarrow", "parquet needs"):
            import pyarrow
            import pyarrow.parquet
        text, share = pyarrow.string(), pyarrow.float64()
        moment = pyarrow.timestamp("ns", tz="UTC")
        shares = pyarrow.map_(text, share)
        self._table = pyarrow.Table
        self._schema = pyarrow.schema(
            [
                ("row", text),
                ("device_id", text),
                ("session_id", text),
                ("window_id", text),
                ("start", moment),
                ("end", moment),
                ("leading", text),
                ("confidence", share),
                ("unknown", pyarrow.bool_()),
                ("position", text),
                ("revision", text),
                ("probabilities", shares),
                *((name, shares) for name in _MAPS),
                ("refined_by", text),
                ("refined", pyarrow.list_(text)),
                ("corrected_by", text),
                ("corrected", pyarrow.list_(text)),
                ("confirmed", pyarrow.bool_()),
                ("correction_id", text),
                ("action", text),
                ("created", moment),
                ("before", pyarrow.list_(text)),
                ("note", text),
                ("undoes", text),
                ("record", text),
            ]
        )
        self._written_corrections: set[str] = set()
        self._sink = _Sink()
        self._writer = pyarrow.parquet.ParquetWriter(
            self._sink, self._schema, compression="zstd", version="2.6"
        )

    def add(self, log: Log) -> bytes:
        """Return the file's next bytes: a log's records by start, then its corrections."""
        new = [
            each for each in log.corrections if each.correction_id not in self._written_corrections
        ]
        self._written_corrections |= {each.correction_id for each in new}
        rows = [*_rows(log), *(_correction_row(each) for each in new)]
        if rows:
            self._writer.write_table(self._table.from_pylist(rows, schema=self._schema))
        return self._sink.take()

    def end(self) -> bytes:
        """Return the file's last bytes."""
        self._writer.close()
        return self._sink.take()


def _rows(log: Log) -> Iterator[dict[str, Any]]:
    records: list[LogScenario | LogActivity] = [*log.scenarios, *log.activities]
    for record in sorted(records, key=lambda each: (each.start_ns, each.window_id)):
        if isinstance(record, LogScenario):
            refined, position = record.refined, record.position
            row, probabilities = "scenario", record.scenarios
        else:
            refined = position = None
            row, probabilities = "activity", record.activities
        likeliest = max(probabilities.values(), default=None)
        yield {
            "row": row,
            "device_id": record.device_id,
            "session_id": record.session_id,
            "window_id": record.window_id,
            "start": record.start_ns,
            "end": record.end_ns,
            "leading": record.leading or None,
            "confidence": record.confidence if isinstance(record, LogScenario) else likeliest,
            "unknown": record.unknown,
            "position": None if position is None else position.at,
            "revision": record.revision,
            "probabilities": [*probabilities.items()],
            **{name: [*(getattr(record, name, None) or {}).items()] for name in _MAPS},
            "refined_by": None if refined is None else refined.refined_by,
            "refined": None if refined is None else refined.scenarios,
            "corrected_by": None if record.corrected is None else record.corrected.author,
            "corrected": None if record.corrected is None else record.corrected.labels,
            "confirmed": record.corrected is not None and record.corrected.confirmed,
            "correction_id": None if record.corrected is None else record.corrected.correction_id,
            "record": record.model_dump_json(exclude=set(EMBEDDINGS)),
        }


def _correction_row(each: Correction) -> dict[str, Any]:
    def names(spans: Sequence[NamedSpan]) -> list[str]:
        return [*dict.fromkeys(name for span in spans for name in span.labels)]

    return {
        "row": "correction",
        "device_id": each.device_id,
        "start": each.start_ns,
        "end": each.end_ns,
        "corrected_by": each.author,
        "corrected": names(each.after),
        "confirmed": each.action == "confirm",
        "correction_id": each.correction_id,
        "action": f"{each.action} {each.row}",
        "created": each.created_ns,
        "before": names(each.before),
        "note": each.note or None,
        "undoes": each.undoes,
        "record": each.model_dump_json(),
    }
