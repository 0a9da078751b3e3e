"""Rules of `models.recordings.label_seconds`."""

from __future__ import annotations

import pytest

from models.recordings.label_seconds import label_seconds
from models.recordings.protocol import RecordingError


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [("0", "2.5", (0.0, 2.5)), ("0,5", "3", (0.5, 3.0)), ("5.9", "1000", (5.9, 1000.0))],
)
def test_a_label_begins_within_its_recording(
    start: str, end: str, span: tuple[float, float]
) -> None:
    assert label_seconds({"start_s": start, "end_s": end}, 6.0) == span


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            {"start_s": "x", "end_s": "2"},
            r"start_s or end_s is no number \('x', '2'\)",
        ),
        ({"end_s": "2"}, r"start_s or end_s is no number \(None, '2'\)"),
        ({"start_s": "-1", "end_s": "2"}, r"span is -1.0 to 2.0 s; expected 0 <= start_s < end_s"),
        ({"start_s": "2", "end_s": "2"}, r"span is 2.0 to 2.0 s; expected 0 <= start_s < end_s"),
        (
            {"start_s": "6", "end_s": "7"},
            r"begins at 6.0 s, and the recording ends at 6 s \(seconds count from its start, not",
        ),
    ],
)
def test_what_is_no_label_of_its_recording_is_said(row: dict[str, str], says: str) -> None:
    with pytest.raises(RecordingError, match=f"^{says}"):
        label_seconds(row, 6.0)


def test_a_label_ends_after_what_was_recorded_began() -> None:
    row = {"start_s": "1", "end_s": "2"}
    assert label_seconds(row, 6.0, 1.9) == (1.0, 2.0)
    with pytest.raises(RecordingError, match=r"^ends at 2.0 s, and the recording begins at 2 s$"):
        label_seconds(row, 6.0, 2.0)
