"""Recordings of a file `NAME_50hz.npz` with their truth, as they are replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.formats.arrays import ImuArray, finite
from models.recordings.protocol import TruthSpan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from models.recordings.datasets.motion_files import MotionRecordings
    from schemas.position import Position


def of_recording(
    path: Path,
    motion: MotionRecordings,
    index: int,
    device_id: str,
    number: int,
    start_ns: int,
    spans: Sequence[TruthSpan],
    position: Position,
) -> ImuArray:
    """Return recording `index` of the file as its device's `number`-th.

    Raises `RecordingError` where it has values that are not finite.
    """
    name = f"{device_id}-{number}"
    return finite(
        path,
        ImuArray(
            name=name,
            device_id=device_id,
            session_id=name,
            start_ns=start_ns,
            rate=motion.rate,
            values=motion.signal[motion.firsts[index] : motion.lasts[index]],
            scale=motion.scale,
            spans=tuple(spans),
            position=position,
        ),
    )


def truth_of(
    label: str,
    begin_ns: int,
    end_ns: int,
    activities: Mapping[str, str],
    motions: Mapping[str, str | None],
    other_motion: str | None = None,
) -> list[TruthSpan]:
    """Return activity and motion of a data set's label: none where it is blank or lasts no time.

    An activity that `activities` lacks has the label's own name; a label that `motions` lacks has
    `other_motion`. A motion of None is keeping still.
    """
    if not label.strip() or end_ns <= begin_ns:
        return []
    spans = [TruthSpan(begin_ns, end_ns, "activity", activities.get(label, label))]
    motion = motions.get(label, other_motion)
    if motion is not None:
        spans.append(TruthSpan(begin_ns, end_ns, "motion", motion))
    return spans
