"""A device's segments in order of time: overlaps are trimmed, long pauses split recordings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.recordings.imports.recording import MotionStretch, SoundSegment
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Recorders name segments by the whole second and let them overlap a little.
MAX_TRIM_NS = NS // 2
# A motion clock that is further on at its first row began with the device, not with the recording.
MAX_LEAD_NS = 60 * NS
# Duty-cycled recorders pause for seconds to minutes within a recording.
MAX_GAP_NS = 300 * NS
_SAME_RATE = 0.01


def trim_segments(
    segments: Iterable[SoundSegment], skipped: list[tuple[str, str]]
) -> list[SoundSegment]:
    """Return segments that do not overlap, by start.

    Up to 0.5 s are trimmed from the beginning of the later one; a larger overlap is `skipped`.
    """
    kept: list[SoundSegment] = []
    for segment in sorted(segments, key=lambda s: (s.start_ns, s.display_path)):
        late_ns = kept[-1].end_ns - segment.start_ns if kept else 0
        if late_ns <= 0:
            kept.append(segment)
        elif late_ns <= MAX_TRIM_NS and segment.end_ns > kept[-1].end_ns:
            kept.append(
                replace(
                    segment,
                    start_ns=segment.start_ns + late_ns,
                    skip_ns=segment.skip_ns + late_ns,
                )
            )
        else:
            skipped.append((str(segment.display_path), _overlaps(late_ns, kept[-1], "sound")))
    return kept


def trim_stretches(
    stretches: Iterable[MotionStretch], skipped: list[tuple[str, str]]
) -> list[MotionStretch]:
    """Return segments of motion that do not overlap, by start; as `trim_segments`."""
    kept: list[MotionStretch] = []
    for stretch in sorted(stretches, key=lambda s: (s.start_ns, s.display_path)):
        late_ns = kept[-1].end_ns - stretch.start_ns if kept else 0
        # A difference by rounding to nanoseconds is not an overlap.
        if late_ns <= 0.01 * NS / stretch.rate_hz:
            kept.append(stretch)
        elif late_ns <= MAX_TRIM_NS and stretch.end_ns > kept[-1].end_ns:
            rows = int(-(-late_ns * stretch.rate_hz // NS))
            kept.append(
                replace(
                    stretch,
                    start_ns=stretch.start_ns + round(rows * NS / stretch.rate_hz),
                    values=stretch.values[rows:],
                    trimmed_s=rows / stretch.rate_hz,
                )
            )
        else:
            reason = (str(stretch.display_path), _overlaps(late_ns, kept[-1], "motion"))
            if reason not in skipped:
                skipped.append(reason)
    return kept


def sessions(
    segments: Sequence[SoundSegment], stretches: Sequence[MotionStretch]
) -> list[tuple[list[SoundSegment], list[MotionStretch]]]:
    """Return the segments of each recording, by start.

    A new one begins after a pause of 5 minutes in both modalities, and where the channels or the
    motion's rate change.
    """
    recordings: list[tuple[list[SoundSegment], list[MotionStretch]]] = []
    end_ns = 0
    items: list[SoundSegment | MotionStretch] = [*segments, *stretches]
    for item in sorted(items, key=lambda i: i.start_ns):
        if (
            not recordings
            or item.start_ns - end_ns > MAX_GAP_NS
            or not _fits(item, *recordings[-1])
        ):
            recordings.append(([], []))
            end_ns = item.end_ns
        if isinstance(item, SoundSegment):
            recordings[-1][0].append(item)
        else:
            recordings[-1][1].append(item)
        end_ns = max(end_ns, item.end_ns)
    return recordings


def _fits(
    item: SoundSegment | MotionStretch, segments: list[SoundSegment], stretches: list[MotionStretch]
) -> bool:
    if isinstance(item, SoundSegment):
        return not segments or len(segments[0].file.used) == len(item.file.used)
    if not stretches:
        return True
    rate = stretches[0].rate_hz
    return abs(item.rate_hz - rate) <= _SAME_RATE * rate


def _overlaps(late_ns: int, before: SoundSegment | MotionStretch, kind: str) -> str:
    return f"starts {late_ns / NS:.3f} s before the {kind} of {before.display_path} ends"
