"""EgoADL (Sun et al. 2024) as its own repository describes it: a phone in the pocket, 221 actions.

`USER/` (also below a folder `dataset`) holds

- `smartphone/STAMP.npz`, made by the authors' preprocessing: `audio_signal` (n,) in [-1, 1] at
  48 kHz, `acc_matrix` and `gyro_matrix` (m, 3) at 200 Hz (m/s², rad/s), and Wi-Fi that is not
  read (EgoLog §5.1.2 leaves it out); or
- the raw `smartphone/STAMP.wav` with `STAMP_acc.csv` and `STAMP_gyro.csv`: `Time,X,Y,Z`, quoted,
  `Time` in ms since the epoch. STAMP is the session's start in ms since the epoch.
- `label/label_clean.aucvl`, else `label_sync.aucvl` (JSON): `data["STAMP.MP4"][]` with `time` in s
  and `label`; each marks the beginning of an action, the next one its end, and `end` the last's.
  `label.aucvl` counts seconds of the video and is not used: it is not aligned with the phone.

As the authors cut it, an action lasts 10 s at most and one of less than 1 s is left out; labels are
lower case letters, figures and `/`. Assumed: raw sound starts with the first acceleration. The
data set names no scenarios.
"""

from __future__ import annotations

import json
import re
import zlib
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from models.recordings.formats.npz import open_npz
from models.recordings.imports.motion.named_columns import read_columns
from models.recordings.protocol import RecordingError, TruthSpan
from models.recordings.report import SetReport
from models.recordings.resampling import Regular, stretches
from models.recordings.session import (
    Session,
    SessionMotion,
    SessionRecording,
    Sound,
    int16,
    sound_array,
    sound_file,
)
from schemas.event_time import NS_PER_MS
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

AUDIO_RATE = 48_000
IMU_RATE = 200.0
LONGEST_S = 10.0
SHORTEST_S = 1.0
_LABELS = ("label_clean.aucvl", "label_sync.aucvl")
_COLUMNS = ("Time", "X", "Y", "Z")


def open_set(root: Path, user: str | None = None) -> list[SessionRecording]:
    """Return a recording for each session of every user, or of one.

    All of them share one `report`. Raises `RecordingError` when there is no session to read.
    """
    if not root.is_dir():
        raise RecordingError(f"data set {str(root)!r} does not exist; expected EgoADL's folder")
    base = root / "dataset" if (root / "dataset").is_dir() else root
    report = SetReport()
    folders = [path for path in sorted(base.iterdir()) if (path / "smartphone").is_dir()]
    known = [path.name for path in folders]
    if user is not None and user not in known:
        raise RecordingError(
            f"user {user!r} is not in {str(root)!r}; expected one of {', '.join(known)}"
        )
    recordings = []
    for folder in folders:
        if user is not None and folder.name != user:
            continue
        labels = _labels(folder / "label", report)
        for stamp in sorted(set(labels) | _stamps(folder / "smartphone", report), key=int):
            stem = folder / "smartphone" / stamp
            npz = stem.with_suffix(".npz")
            if not npz.is_file() and not stem.with_suffix(".wav").is_file():
                report.missing(npz)
                continue
            if stamp not in labels:
                report.skip(npz, "has no labels")
            session = _session(stem, folder.name, labels.get(stamp, ()), report)
            recordings.append(SessionRecording(session))
    if not recordings:
        raise RecordingError(
            f"data set {str(root)!r} has no USER/smartphone/STAMP.npz or .wav "
            f"({report or 'no such file'})"
        )
    return recordings


def _session(
    stem: Path, user: str, labels: Iterable[tuple[float, float, str]], report: SetReport
) -> Session:
    """Return what the files of one stamp, its start in ms, hold; labels are in s from there."""
    start_ns = int(stem.name) * NS_PER_MS
    return Session(
        name=f"egoadl-{user}-{stem.name}",
        user=user,
        device_id=f"egoadl-{user}",
        start_ns=start_ns,
        sound=partial(_sound, stem, report),
        motion=partial(_motion, stem, report),
        spans=tuple(
            TruthSpan(start_ns + round(begin * NS), start_ns + round(end * NS), "activity", label)
            for begin, end, label in labels
        ),
        report=report,
    )


def _stamps(folder: Path, report: SetReport) -> set[str]:
    stamps = set()
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".npz", ".wav"):
            continue
        if path.stem.isdigit():
            stamps.add(path.stem)
        else:
            report.skip(path, "is not named by its start in ms since the epoch")
    return stamps


def _labels(folder: Path, report: SetReport) -> dict[str, list[tuple[float, float, str]]]:
    files = {path.name.lower(): path for path in folder.iterdir()} if folder.is_dir() else {}
    path = next((files[name] for name in _LABELS if name in files), None)
    if path is None:
        report.missing(folder / _LABELS[0])
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        sessions = {Path(str(name)).stem: list(marks) for name, marks in data.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        report.skip(path, f"is not laid out as labels are: {error!r}")
        return {}
    labels = {}
    for number, (stamp, marks) in enumerate(sessions.items(), 1):
        if not stamp.isdigit():
            report.bad_row(path, number, "no start in ms", repr(stamp), unit="session")
            continue
        labels[stamp] = _actions(path, marks, report)
    return labels


def _actions(path: Path, marks: list[Any], report: SetReport) -> list[tuple[float, float, str]]:
    begun: list[tuple[float, str]] = []
    for number, mark in enumerate(marks, 1):
        try:
            at = float(mark["time"])
            label = re.sub(r"[^a-z0-9/ ]", "", str(mark["label"]).lower()).strip()
        except (KeyError, TypeError, ValueError) as error:
            report.bad_row(
                path, number, "malformed label", f"lacks or mistypes {error}", unit="label"
            )
            continue
        if not 0 <= at < np.inf or not label:
            report.bad_row(path, number, "malformed label", f"{label!r} at {at} s", unit="label")
            continue
        begun.append((at, label))
    begun.sort()
    if begun and begun[-1][1] != "end":
        begun.append((begun[-1][0] + LONGEST_S, "end"))
    actions = []
    for (at, label), (next_at, _) in pairwise(begun):
        if label != "end" and next_at - at >= SHORTEST_S:
            actions.append((at, min(next_at, at + LONGEST_S), label))
    return actions


def _array(path: Path, name: str, axes: int, report: SetReport) -> NDArray[Any] | None:
    try:
        with open_npz(path) as arrays:
            array: NDArray[Any] = arrays[name]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        report.skip(path, f"has no readable {name}: {error}")
        return None
    shape_fits = array.ndim == axes and len(array) > 0 and (axes == 1 or array.shape[1] == 3)
    if not shape_fits or array.dtype.kind not in "iuf":
        want = "(n,)" if axes == 1 else "(n, 3)"
        report.skip(path, f"has {name} of shape {array.shape}; expected {want}")
        return None
    return array


def _sound(stem: Path, report: SetReport) -> Sound | None:
    npz = stem.with_suffix(".npz")
    if not npz.is_file():
        return sound_file(stem.with_suffix(".wav"), report)
    wave = _array(npz, "audio_signal", 1, report)
    return None if wave is None else sound_array(int16(wave), AUDIO_RATE)


def _motion(stem: Path, report: SetReport) -> SessionMotion | None:
    npz = stem.with_suffix(".npz")
    if not npz.is_file():
        return _raw_motion(stem, report)
    report.read_again(npz)
    acc = _array(npz, "acc_matrix", 2, report)
    gyro = _array(npz, "gyro_matrix", 2, report)
    if acc is None or gyro is None:
        return None
    count = min(len(acc), len(gyro))
    values = np.concatenate([acc[:count], gyro[:count]], axis=1).astype(np.float64)
    # Chunks are float32, in which larger values would be infinite.
    good = (np.abs(values) <= np.finfo(np.float32).max).all(axis=1)
    if not good.all():
        report.bad_row(npz, int(np.argmin(good)) + 1, "not finite", "", int((~good).sum()), "row")
    times = np.flatnonzero(good) / IMU_RATE
    laid = stretches(times, values[good, :3], times, values[good, 3:], IMU_RATE)
    return SessionMotion(IMU_RATE, laid)


def _raw_motion(stem: Path, report: SetReport) -> SessionMotion | None:
    acc_table = read_columns(stem.with_name(f"{stem.name}_acc.csv"), _COLUMNS, report)
    gyro_table = read_columns(stem.with_name(f"{stem.name}_gyro.csv"), _COLUMNS, report)
    if acc_table is None or gyro_table is None:
        return None
    acc, gyro = acc_table[0], gyro_table[0]
    start_ms = acc[:, 0].min()
    segments: list[Regular] = stretches(
        (acc[:, 0] - start_ms) / 1_000,
        acc[:, 1:],
        (gyro[:, 0] - start_ms) / 1_000,
        gyro[:, 1:],
        IMU_RATE,
    )
    return SessionMotion(IMU_RATE, [s for s in segments if s.start_s >= 0])
