"""When a label lies, in seconds from the start of the recording that it is beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.imports.side_table import number
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Mapping


def label_seconds(
    row: Mapping[str, str], length_s: float, first_s: float = 0.0
) -> tuple[float, float]:
    """Return a row's `start_s` and `end_s`; raises `RecordingError` where they cannot be.

    A label overlaps its recording, which begins at `first_s` and ends at `length_s`.
    """
    start, end = number(row.get("start_s")), number(row.get("end_s"))
    if start is None or end is None:
        raise RecordingError(
            f"start_s or end_s is no number ({row.get('start_s')!r}, {row.get('end_s')!r}); "
            "expected seconds from the start of the recording, as 75 or 75.5"
        )
    if not 0 <= start < end:
        raise RecordingError(f"span is {start} to {end} s; expected 0 <= start_s < end_s")
    if start >= length_s:
        raise RecordingError(
            f"begins at {start} s, and the recording ends at {length_s:g} s (seconds count from "
            "its start, not from 1970 or midnight)"
        )
    if end <= first_s:
        raise RecordingError(f"ends at {end} s, and the recording begins at {first_s:g} s")
    return start, end
