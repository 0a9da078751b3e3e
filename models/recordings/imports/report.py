"""The report on an import, as JSON and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.recordings.skipped_rows import by_kind
from schemas.event_time import iso

if TYPE_CHECKING:
    from models.recordings.imports.import_result import Import
    from models.recordings.imports.recording import ImportedRecording

_MAX_LISTED = 20  # recordings or files listed; a field season has thousands


def as_json(imported: Import) -> dict[str, Any]:
    """Return the output of `import --dry-run --json`."""
    return {
        "recordings": [_recording(recording) for recording in imported.recordings],
        "skipped": [{"path": path, "reason": reason} for path, reason in imported.skipped],
        "rows_left_out": dict(sorted(imported.rows_left_out.items())),
    }


def as_lines(imported: Import) -> list[str]:
    """Return the text that is printed before anything is published."""
    lines = []
    for recording in imported.recordings[:_MAX_LISTED]:
        lines.append(_line(recording))
        lines += [f"  warning: {warning}" for warning in recording.warnings]
    lines += _more(len(imported.recordings), "recordings")
    lines += [f"skipped {path}: {reason}" for path, reason in imported.skipped[:_MAX_LISTED]]
    lines += _more(len(imported.skipped), "skipped files")
    if imported.rows_left_out:
        total = sum(imported.rows_left_out.values())
        lines.append(
            f"{total} row{'' if total == 1 else 's'} left out: {by_kind(imported.rows_left_out)}"
        )
    lines += [f"  {example}" for example in imported.examples[:_MAX_LISTED]]
    if not imported.recordings:
        lines.append("found no recording")
    return lines


def _recording(recording: ImportedRecording) -> dict[str, Any]:
    audio = motion = None
    if recording.sample_rate is not None:
        audio = {
            "rate_hz": recording.sample_rate,
            "channels": recording.channels,
            "seconds": round(recording.audio_s, 3),
        }
    if recording.imu_rate is not None:
        motion = {
            "rate_hz": recording.imu_rate,
            "seconds": round(recording.motion_s, 3),
            "stretches": recording.stretch_count,
            "gyroscope": recording.gyroscope,
        }
    return {
        "device": recording.device_id,
        "session": recording.session_id,
        "start": iso(recording.start_ns),
        "duration_s": round(recording.duration_s, 3),
        "audio": audio,
        "motion": motion,
        "warnings": recording.warnings,
    }


def _line(recording: ImportedRecording) -> str:
    parts = [
        f"{recording.device_id} {iso(recording.start_ns)}: {recording.duration_s:.1f} s",
    ]
    if recording.sample_rate is not None:
        channels = f"{recording.channels} channel{'' if recording.channels == 1 else 's'}"
        parts.append(f"{recording.audio_s:.1f} s of sound, {recording.sample_rate} Hz, {channels}")
    if recording.imu_rate is not None:
        count = recording.stretch_count
        parts.append(
            f"{recording.motion_s:.1f} s of motion, {recording.imu_rate:g} Hz, "
            f"{count} stretch{'' if count == 1 else 'es'}"
            f"{'' if recording.gyroscope else ', no gyroscope'}"
        )
    return "; ".join(parts)


def _more(count: int, what: str) -> list[str]:
    return [f"... and {count - _MAX_LISTED} more {what}"] if count > _MAX_LISTED else []
