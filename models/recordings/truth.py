"""`truth.csv`: ground truth, in seconds from the start of the recording beside it."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from models.recordings.protocol import TRUTH_KINDS, RecordingError, TruthSpan
from schemas.evidence import REGIONS
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

TRUTH_NAME = "truth.csv"
COLUMNS = ("start_s", "end_s", "kind", "label")


def read_truth(path: Path, start_ns: int) -> list[TruthSpan]:
    """Return the spans by start; raises `RecordingError` for the header or the first bad row."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise RecordingError(
                    f"header lacks {', '.join(missing)}; expected {','.join(COLUMNS)}"
                )
            spans = [_span(row, number, start_ns) for number, row in enumerate(rows, 2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"cannot be read: {error}") from error
    return sorted(spans, key=lambda span: (span.start_ns, span.end_ns))


def _span(row: dict[str, str], line: int, start_ns: int) -> TruthSpan:
    kind = next((k for k in TRUTH_KINDS if k == row.get("kind")), None)
    if kind is None:
        raise RecordingError(
            f"line {line}: kind is {row.get('kind')!r}; expected one of {', '.join(TRUTH_KINDS)}"
        )
    region = row.get("region") or None
    if region is not None and region not in REGIONS:
        raise RecordingError(
            f"line {line}: region is {region!r}; expected one of {', '.join(REGIONS)}"
        )
    if not row.get("label"):
        raise RecordingError(f"line {line}: label is empty; expected a name")
    try:
        start, end = float(row["start_s"]), float(row["end_s"])
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"line {line}: start_s or end_s is no number") from error
    if not 0 <= start < end < math.inf:
        raise RecordingError(
            f"line {line}: span is {start} to {end} s; expected 0 <= start_s < end_s"
        )
    return TruthSpan(
        start_ns + round(start * NS), start_ns + round(end * NS), kind, row["label"], region
    )
