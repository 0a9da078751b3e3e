"""A device's files as recordings: its sessions, and motion that overlaps as further devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.imports.recording import ImportedRecording, MotionStretch
from models.recordings.imports.timeline import MAX_TRIM_NS, sessions, trim_segments, trim_stretches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recordings.imports.device_motion import DeviceMotion
    from models.recordings.imports.recording_json import RecordingJson
    from models.recordings.imports.scratch import Scratch
    from models.recordings.imports.time_axis import PlacedFiles
    from schemas.position import Position


def arrange(
    device: str,
    about: RecordingJson,
    placed: PlacedFiles,
    scratch: Scratch,
    skipped: list[tuple[str, str]],
) -> list[ImportedRecording]:
    """Return a device's recordings; further simultaneous motion becomes a device of its own."""
    first, others = _lanes(placed.stretches)
    recordings, session = [], about.session_id
    lanes = [(device, placed.segments, first)]
    lanes += [(f"{device}-{name}", [], stretches) for name, stretches in others.items()]
    for name, segments, stretches in lanes:
        parts = sessions(trim_segments(segments, skipped), trim_stretches(stretches, skipped))
        for number, (sounds, device_motion) in enumerate(parts):
            its_session = session if session is None or not number else f"{session}.{number + 1}"
            recording = ImportedRecording(name, its_session, sounds, device_motion, scratch)
            recording.position = about.position if name == device else None
            recording.position = recording.position or _worn_at(placed.stretches, device_motion)
            recording.shift_ns = placed.shift_ns
            recordings.append(recording)
    return recordings


def _worn_at(
    files: Sequence[tuple[DeviceMotion, list[MotionStretch]]], stretches: Sequence[MotionStretch]
) -> Position | None:
    """Return the position that all files of some stretches name, None if they differ."""
    paths = {stretch.display_path for stretch in stretches}
    positions = {file.motion.position for file, _ in files if file.display_path in paths}
    return positions.pop() if len(positions) == 1 else None


def _lanes(
    device_motion: Sequence[tuple[DeviceMotion, list[MotionStretch]]],
) -> tuple[list[MotionStretch], dict[str, list[MotionStretch]]]:
    """Return the device's motion, and by name that of others recorded at the same time."""
    first: list[MotionStretch] = []
    others: dict[str, list[MotionStretch]] = {}
    for file, stretches in sorted(
        device_motion, key=lambda item: (bool(item[0].device), item[0].display_path)
    ):
        begin_ns, end_ns = stretches[0].start_ns, stretches[-1].end_ns
        if all(
            s.end_ns - begin_ns <= MAX_TRIM_NS or end_ns - s.start_ns <= MAX_TRIM_NS for s in first
        ):
            first += stretches
        else:
            others.setdefault(file.device or file.display_path.stem.lower(), []).extend(stretches)
    return first, others
