"""What is written beside recordings: their ground truth, and Sensor Logger's annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.imports.sensor_logger import ANNOTATION_NAME, Mark, read_marks, spans_of
from models.recordings.protocol import RecordingError
from models.recordings.skipped_rows import MAX_EXAMPLES
from models.recordings.truth import TRUTH_NAME, read_truth
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.recordings.imports.files import FoundFile
    from models.recordings.imports.import_result import Import
    from models.recordings.imports.recorders import Recorders
    from models.recordings.imports.recording import ImportedRecording
    from models.recordings.imports.recording_json import RecordingJsons
    from models.recordings.protocol import TruthSpan

_OUTSIDE = "label outside what was recorded"


def add_truth(files: Iterable[FoundFile], abouts: RecordingJsons, result: Import) -> None:
    """Add to each recording the overlapping spans of the truth.csv above its files."""
    for file in files:
        if file.display_path.name != TRUTH_NAME:
            continue
        its, start_ns, shift_ns = _beside(file, abouts.of(file.display_path).start_ns, result)
        if not its:
            continue
        try:
            spans, bad = read_truth(file.path, start_ns + shift_ns, _first_ns(its), _end_ns(its))
        except RecordingError as error:
            result.skipped.append((str(file.display_path), str(error)))
            continue
        for kind, count in bad.counts.items():
            result.leave_out_rows(kind, count)
        result.examples += [f"{file.display_path}: {text}" for text in bad.examples]
        _add(file, spans, its, start_ns + shift_ns, result)


def add_annotations(files: Iterable[FoundFile], recorders: Recorders, result: Import) -> None:
    """Add to each recording the spans of Sensor Logger's annotations above its files."""
    for file in files:
        if not is_annotation(file):
            continue
        its, start_ns, shift_ns = _beside(file, recorders.of(file.display_path).start_ns, result)
        if not its:
            continue
        try:
            marks, bad = read_marks(file.path, start_ns)
        except RecordingError as error:
            result.skipped.append((str(file.display_path), str(error)))
            continue
        if bad:
            kind = "annotation without a time"
            result.leave_out_rows(kind, len(bad))
            result.examples += [f"{file.display_path}: line {line}: {kind}" for line in bad]
        marks = [Mark(mark.time_ns + shift_ns, mark.text) for mark in marks]
        spans = spans_of(marks, _end_ns(its))
        _add(file, spans, its, start_ns + shift_ns, result)


def _add(
    file: FoundFile,
    spans: Sequence[TruthSpan],
    recordings: Sequence[ImportedRecording],
    zero_ns: int,
    result: Import,
) -> None:
    """Add spans to the recordings that they overlap; list those that lie outside all of them."""
    kept = {span for recording in recordings for span in recording.add_truth(spans)}
    outside = [span for span in spans if span not in kept]
    if not outside:
        return
    result.leave_out_rows(_OUTSIDE, len(outside))
    result.examples += [
        f"{file.display_path}: {_OUTSIDE}: {span.label!r} at {(span.start_ns - zero_ns) / NS:g} s"
        for span in outside[:MAX_EXAMPLES]
    ]


def _first_ns(recordings: list[ImportedRecording]) -> int:
    return min(each.start_ns for each in recordings)


def _end_ns(recordings: list[ImportedRecording]) -> int:
    return max(each.start_ns + round(each.duration_s * NS) for each in recordings)


def is_annotation(file: FoundFile) -> bool:
    """Return whether a file has Sensor Logger's annotations."""
    return file.display_path.name.lower() == ANNOTATION_NAME.lower()


def _beside(
    file: FoundFile, start_ns: int | None, result: Import
) -> tuple[list[ImportedRecording], int, int]:
    """Return the recordings beside and below a file, and the start and shift of the file's times.

    The start is `start_ns`, or else where the first of the recordings' clocks begins; without any
    the file is skipped.
    """
    folder = file.display_path.parent
    its = [r for r in result.recordings if any(folder in p.parents for p in r.files)]
    if not its:
        result.skipped.append((str(file.display_path), "no recording lies beside it"))
    shift_ns = its[0].shift_ns if its else 0
    if start_ns is None:
        start_ns = min((r.zero_ns for r in its), default=0) - shift_ns
    return its, start_ns, shift_ns
