"""The metadata of Sensor Logger (tszheichoi): `Metadata.csv` and `Annotation.csv`.

By the maker's description (awesome-sensor-logger), times count from 1970 in UTC, folders are named
in local time, and `seconds_elapsed` counts from the tap on Start, as does the microphone's file,
which has no reliable time of its own. An iPhone's acceleration and gravity have the opposite sign
of an Android phone's unless "Standardise Units & Frames" is on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.labels import SCENARIOS
from models.recordings.imports.name_times import named_time
from models.recordings.imports.side_table import number, read_side_table
from models.recordings.protocol import RecordingError, TruthKind, TruthSpan
from schemas.frames import NS
from schemas.time_zone import time_zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

METADATA_NAME = "Metadata.csv"
ANNOTATION_NAME = "Annotation.csv"

_SCENARIOS = {name.casefold(): name for name in SCENARIOS}
_ENDS = frozenset(("", "end", "stop"))
_EPOCH_NS = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True)
class Metadata:
    """A recording's `Metadata.csv`; None for absent fields.

    `turned`: acceleration points down at rest, as Apple defines it.
    """

    device: str | None = None
    start_ns: int | None = None
    zone: ZoneInfo | None = None
    platform: str | None = None
    standardised: bool = False

    @property
    def turned(self) -> bool:
        """Whether acceleration and gravity point down at rest, as Apple defines them."""
        return self.platform == "ios" and not self.standardised


@dataclass(frozen=True)
class Mark:
    """One annotation: its text and time."""

    time_ns: int
    text: str


def read_metadata(path: Path, now_ns: int) -> Metadata | None:
    """Read a `Metadata.csv`; None if another program wrote it, or it is empty.

    Raises `RecordingError` if it cannot be read.
    """
    rows = read_side_table(path)
    if not rows or "recording time" not in rows[0][1]:
        return None
    row = rows[0][1]
    epoch_ms = number(row.get("recording epoch time"))
    written = named_time(row["recording time"], now_ns)
    start_ns = None if written is None else written.time_ns
    return Metadata(
        row.get("device name") or None,
        round(epoch_ms) * 1_000_000 if epoch_ms else start_ns,
        _zone(row.get("recording timezone", "")),
        row.get("platform", "").lower() or None,
        row.get("standardisation", "").lower() == "true",
    )


def read_marks(path: Path, start_ns: int) -> tuple[list[Mark], list[int]]:
    """Read an `Annotation.csv`; return its marks by time, and the lines without one.

    `start_ns` is the recording's start, for rows that only count from it. Raises `RecordingError`
    if the file cannot be read or is not Sensor Logger's.
    """
    marks, bad = [], []
    for line, row in read_side_table(path):
        if "text" not in row and not {"time", "seconds_elapsed"} & set(row):
            raise RecordingError("has no columns time and text; expected Sensor Logger's")
        time, elapsed = row.get("time", ""), number(row.get("seconds_elapsed"))
        if _EPOCH_NS.fullmatch(time):
            marks.append(Mark(int(time), row.get("text", "")))
        elif elapsed is not None and abs(elapsed) < 1e8:
            marks.append(Mark(start_ns + round(elapsed * NS), row.get("text", "")))
        else:
            bad.append(line)
    return sorted(marks, key=lambda mark: mark.time_ns), bad


def spans_of(marks: Sequence[Mark], end_ns: int) -> list[TruthSpan]:
    """Return the spans from each mark to the next of its kind, the last one until `end_ns`.

    A scenario's name begins a scenario, any other text an activity; `end`, `stop` or no text ends
    both.
    """
    spans: list[TruthSpan] = []
    begun: dict[TruthKind, Mark] = {}

    def end(kind: TruthKind, at_ns: int) -> None:
        mark = begun.pop(kind, None)
        if mark is not None and mark.time_ns < at_ns:
            spans.append(TruthSpan(mark.time_ns, at_ns, kind, mark.text))

    for mark in marks:
        text = " ".join(mark.text.split())
        if text.casefold() in _ENDS:
            end("scenario", mark.time_ns)
            end("activity", mark.time_ns)
            continue
        kind: TruthKind = "scenario" if text.casefold() in _SCENARIOS else "activity"
        end(kind, mark.time_ns)
        begun[kind] = Mark(mark.time_ns, _SCENARIOS.get(text.casefold(), text))
    for kind, mark in list(begun.items()):
        # One that was set after the end is there, so that it can be named as lost.
        end(kind, max(end_ns, mark.time_ns + 1))
    return sorted(spans, key=lambda span: (span.start_ns, span.end_ns))


def _zone(name: str) -> ZoneInfo | None:
    try:
        return time_zone(name) if name else None
    except ValueError:
        return None
