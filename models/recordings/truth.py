"""`truth.csv`: ground truth, in seconds from the start of the recording beside it.

A spreadsheet in any language may have written it: commas, semicolons or tabs, decimal points or
commas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.imports.side_table import read_table_and_header
from models.recordings.label_seconds import label_seconds
from models.recordings.protocol import TRUTH_KINDS, RecordingError, TruthSpan
from models.recordings.skipped_rows import SkippedRows
from schemas.evidence import REGIONS
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

TRUTH_NAME = "truth.csv"
COLUMNS = ("start_s", "end_s", "kind", "label")
BAD_ROW = f"unusable in {TRUTH_NAME}"


def read_truth(
    path: Path, start_ns: int, first_ns: int, end_ns: int
) -> tuple[list[TruthSpan], SkippedRows]:
    """Return the spans by start, and the rows that are none.

    They count from `start_ns`; what is recorded begins at `first_ns` and ends at `end_ns`. Raises
    `RecordingError` if the header above them lacks a column, or none of them can be used.
    """
    header, rows = read_table_and_header(path)
    missing = [name for name in COLUMNS if name not in header]
    if header and missing:
        raise RecordingError(f"header lacks {', '.join(missing)}; expected {','.join(COLUMNS)}")
    spans: list[TruthSpan] = []
    skipped = SkippedRows()
    first = ""
    for line, row in rows:
        try:
            spans.append(_span(row, start_ns, first_ns, end_ns))
        except RecordingError as error:
            first = first or f"line {line}: {error}"
            skipped.add(BAD_ROW, line, str(error))
    if rows and not spans:
        raise RecordingError(first)
    return sorted(spans, key=lambda span: (span.start_ns, span.end_ns)), skipped


def _span(row: dict[str, str], start_ns: int, first_ns: int, end_ns: int) -> TruthSpan:
    given = row.get("kind")
    kind = next((k for k in TRUTH_KINDS if k == (given or "").lower()), None)
    if kind is None:
        raise RecordingError(f"kind is {given!r}; expected one of {', '.join(TRUTH_KINDS)}")
    region = (row.get("region") or "").lower() or None
    if region is not None and region not in REGIONS:
        raise RecordingError(f"region is {region!r}; expected one of {', '.join(REGIONS)}")
    if not row.get("label"):
        raise RecordingError("label is empty; expected a name")
    start, end = label_seconds(row, (end_ns - start_ns) / NS, (first_ns - start_ns) / NS)
    return TruthSpan(
        start_ns + round(start * NS), start_ns + round(end * NS), kind, row["label"], region
    )
