"""The self-collected layout (EgoLog §5.1.3): array sound, motion, and where the sounds came from.

`DEVICE/USER/SESSION/` holds

- `audio.wav` or `audio.flac`: 1, 2 (left, right ear) or 4 channels in the device's own order;
- `imu.csv`: `t_s,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z`, seconds since the sound began, m/s² and
  rad/s, uneven times allowed (the paper's devices: 200 Hz);
- `labels.csv`: `start_s,end_s,activity,direction,distance,sound` and optionally `scenario`. Empty
  fields say nothing; a `sound` needs its `direction` (front, left, right, back) and `distance`
  (near, far) relative to the wearer. Several rows may overlap. A spreadsheet in any language may
  have written it, as `truth.csv`.

A session's folder may be named `YYYY-mm-ddTHH-MM-SSZ` to say when it began; otherwise the sessions
of a user with a device follow one another a minute apart from a fixed start, by name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.named_columns import read_columns
from models.recordings.imports.side_table import read_table_and_header
from models.recordings.label_seconds import label_seconds
from models.recordings.protocol import EPOCH_START_NS, RecordingError, TruthSpan
from models.recordings.report import SetReport
from models.recordings.resampling import stretches
from models.recordings.session import Session, SessionMotion, SessionRecording, Sound, sound_file
from schemas.evidence import DIRECTIONS, DISTANCES
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

PAUSE_S = 60
IMU_RATES = (10.0, 800.0)
_MOTION = ("t_s", "acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
_LABELS = ("start_s", "end_s", "activity", "direction", "distance", "sound")
_SOUNDS = ("audio.wav", "audio.flac")


def open_set(root: Path, session: str | None = None) -> list[SessionRecording]:
    """Return a recording for each session, or for `DEVICE/USER/SESSION` alone.

    All of them share one `report`. Raises `RecordingError` when there is no session to read.
    """
    if not root.is_dir():
        raise RecordingError(f"data set {str(root)!r} does not exist; expected its folder")
    report = SetReport()
    folders = [path for path in sorted(root.glob("*/*/*")) if path.is_dir()]
    known = [str(path.relative_to(root)) for path in folders]
    if session is not None and session not in known:
        raise RecordingError(
            f"session {session!r} is not in {str(root)!r}; expected one of {', '.join(known[:20])}"
        )
    recordings = []
    clock: dict[tuple[str, str], int] = {}
    for folder, name in zip(folders, known, strict=True):
        device, user, number = folder.parts[-3:]
        sound = _sound(folder, report)
        motion_path = folder / "imu.csv"
        if not motion_path.is_file():
            report.missing(motion_path)
            if sound is None:
                continue
        start_ns = _named_ns(number)
        if start_ns is None:
            start_ns = clock.get((device, user), EPOCH_START_NS)
        sound_s = sound.frames / sound.rate if sound else np.inf
        rows = _rows(folder / "labels.csv", sound_s, report)
        ends = [row[1] for row in rows] + ([sound_s] if sound else [])
        clock[device, user] = start_ns + (int(np.ceil(max(ends, default=0.0))) + PAUSE_S) * NS
        if session is not None and name != session:
            continue
        recordings.append(
            SessionRecording(_session(folder, _spans(rows, start_ns), start_ns, report))
        )
    if not recordings:
        raise RecordingError(
            f"data set {str(root)!r} has no DEVICE/USER/SESSION with audio.wav or imu.csv "
            f"({report or 'no such folder'})"
        )
    return recordings


def _session(
    folder: Path, spans: tuple[TruthSpan, ...], start_ns: int, report: SetReport
) -> Session:
    device, user, number = folder.parts[-3:]
    return Session(
        name=f"self-{device}-{user}-{number}",
        user=user,
        device_id=f"self-{device}-{user}",
        start_ns=start_ns,
        sound=partial(_sound, folder, report),
        motion=partial(_motion, folder / "imu.csv", report),
        spans=spans,
        report=report,
    )


def _named_ns(name: str) -> int | None:
    try:
        start = datetime.strptime(name, "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(start.timestamp()) * NS


def _sound(folder: Path, report: SetReport) -> Sound | None:
    path = next(
        (folder / name for name in _SOUNDS if (folder / name).is_file()), folder / "audio.wav"
    )
    return sound_file(path, report)


def _motion(path: Path, report: SetReport) -> SessionMotion | None:
    table = read_columns(path, _MOTION, report)
    if table is None:
        return None
    rows = table[0]
    rows = rows[rows[:, 0] >= 0]
    steps = np.diff(np.unique(rows[:, 0]))
    if not len(steps):
        report.skip(path, f"holds {len(rows)} rows from 0 s on; expected at least 2")
        return None
    low, high = IMU_RATES
    rate = float(round(1 / float(np.median(steps))))
    if not low <= rate <= high:
        report.skip(path, f"rate is {rate:g} Hz; expected {low:g} to {high:g}")
        return None
    laid = stretches(rows[:, 0], rows[:, 1:4], rows[:, 0], rows[:, 4:7], rate)
    return SessionMotion(rate, laid)


def _rows(
    path: Path, sound_s: float, report: SetReport
) -> list[tuple[float, float, dict[str, str]]]:
    """Return the labels that begin within the sound."""
    if not path.is_file():
        report.missing(path)
        return []
    rows = []
    try:
        header, table = read_table_and_header(path)
    except RecordingError as error:
        report.skip(path, str(error))
        return []
    lacking = [name for name in _LABELS if name not in header]
    if lacking:
        report.skip(path, f"has no column {', '.join(lacking)}")
        return []
    for line, row in table:
        try:
            rows.append(_row(row, sound_s))
        except ValueError as error:
            report.bad_row(path, line, "malformed label", str(error))
    return rows


def _row(row: dict[str, str], sound_s: float) -> tuple[float, float, dict[str, str]]:
    begin, end = label_seconds(row, sound_s)
    labels = {name: (row.get(name) or "").strip() for name in (*_LABELS[2:], "scenario")}
    if labels["sound"]:
        for name, allowed in (("direction", DIRECTIONS), ("distance", DISTANCES)):
            labels[name] = labels[name].lower()
            if labels[name] not in allowed:
                raise ValueError(
                    f"{name} is {labels[name]!r}; expected one of {', '.join(allowed)}"
                )
    elif not labels["activity"] and not labels["scenario"]:
        raise ValueError("names no activity, sound or scenario")
    return begin, end, labels


def _spans(rows: list[tuple[float, float, dict[str, str]]], start_ns: int) -> tuple[TruthSpan, ...]:
    spans = []
    for begin, end, labels in rows:
        first, last = start_ns + round(begin * NS), start_ns + round(end * NS)
        if labels["activity"]:
            spans.append(TruthSpan(first, last, "activity", labels["activity"]))
        if labels["scenario"]:
            spans.append(TruthSpan(first, last, "scenario", labels["scenario"]))
        if labels["sound"]:
            region = f"{labels['direction']}-{labels['distance']}"
            spans.append(TruthSpan(first, last, "sound", labels["sound"], region))
    return tuple(sorted(spans, key=lambda s: (s.start_ns, s.end_ns, s.kind, s.label)))
