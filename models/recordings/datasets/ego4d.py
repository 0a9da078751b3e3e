"""Ego4D (Grauman et al. 2022) as its own download tool lays it out: head cameras, 91 scenarios.

Read below the root, or below its folder `v2` or `v1`:

- `ego4d.json` (or `annotations/ego4d.json`): `videos[]` with `video_uid`, `duration_sec`,
  `scenarios[]`, `fb_participant_id` and `video_metadata.audio_start_sec`.
- `annotations/moments_train.json` and `moments_val.json`:
  `videos[].clips[].annotations[].labels[]` with `label`, `video_start_time`, `video_end_time` in
  seconds of the whole video. All labels count, primary or not; two annotators who say the same
  of the same seconds count once.
- `imu/VIDEO_UID.csv`: `component_idx, component_timestamp_ms, canonical_timestamp_ms, gyro_x..z,
  accl_x..z` in rad/s and m/s². As the data set's documentation warns, canonical times may be NULL
  (such rows are left out and counted), need not rise (they are sorted), and some files lack the
  acceleration. Times before 0 or beyond the video are left out too.
- `audio/VIDEO_UID.flac` or `.wav`, made from `full_scale/VIDEO_UID.mp4`; the data set itself holds
  sound only inside the videos: `ffmpeg -i full_scale/UID.mp4 -vn -ar 16000 audio/UID.flac`.

Assumed: motion is laid on 200 Hz, the GoPros' rate; the extracted sound starts
`audio_start_sec` after the video; a participant without id is one of their own (so that no
video is in two splits); the videos of one participant follow one another a minute apart from
the fixed start, for the data set keeps no clock.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.imports.motion.named_columns import read_columns
from models.recordings.protocol import EPOCH_START_NS, RecordingError, TruthSpan
from models.recordings.report import SetReport
from models.recordings.resampling import stretches
from models.recordings.session import Session, SessionMotion, SessionRecording, Sound, sound_file
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMU_RATE = 200.0
PAUSE_S = 60
MOMENTS = ("moments_train.json", "moments_val.json")
_COLUMNS = (
    "canonical_timestamp_ms",
    "accl_x",
    "accl_y",
    "accl_z",
    "gyro_x",
    "gyro_y",
    "gyro_z",
)
_VERSIONS = ("", "v2", "v1")
_SOUNDS = (".flac", ".wav")


def open_set(root: Path, video: str | None = None) -> list[SessionRecording]:
    """Return a recording for each video that has sound or motion on disk, or for `video` alone.

    All of them share one `report`. Raises `RecordingError` when the root or `ego4d.json` is
    missing, unreadable, or names no video that is there.
    """
    base, path = _metadata(root)
    report = SetReport()
    videos = _videos(path, report)
    if video is not None and video not in videos:
        raise RecordingError(
            f"video {video!r} is not in {path.name}; it names {len(videos)} videos"
        )
    moments = _moments(base / "annotations", report)
    recordings = []
    clock: dict[str, int] = {}
    for uid, entry in videos.items():
        user = _user(uid, entry)
        start_ns = clock.get(user, EPOCH_START_NS)
        clock[user] = start_ns + (int(np.ceil(float(entry["duration_sec"]))) + PAUSE_S) * NS
        if video is not None and uid != video:
            continue
        session = _session(base, uid, entry, moments.get(uid, ()), start_ns, report)
        if session is not None:
            recordings.append(SessionRecording(session))
    if not recordings:
        raise RecordingError(
            f"data set {str(root)!r} has neither audio/ nor imu/ of any of the {len(videos)} "
            f"videos that {path.name} names ({report})"
        )
    return recordings


def _session(
    base: Path,
    uid: str,
    entry: dict[str, Any],
    moments: list[tuple[float, float, str]] | tuple[()],
    start_ns: int,
    report: SetReport,
) -> Session | None:
    """Return a video's sound and motion; None where the disk has neither."""
    sound_path, motion_path = _sound_path(base, uid), base / "imu" / f"{uid}.csv"
    for needed in (sound_path, motion_path):
        if not needed.is_file():
            report.missing(needed)
    if not sound_path.is_file() and not motion_path.is_file():
        return None
    user, duration_s = _user(uid, entry), float(entry["duration_sec"])
    return Session(
        name=f"ego4d-{uid}",
        user=user,
        device_id=f"ego4d-{user}",
        start_ns=start_ns,
        sound=partial(_sound, sound_path, report, _audio_start_s(entry)),
        motion=partial(_motion, motion_path, duration_s, report),
        spans=_spans(entry["scenarios"], moments, start_ns, duration_s),
        report=report,
        length_s=duration_s,
    )


def _metadata(root: Path) -> tuple[Path, Path]:
    if not root.is_dir():
        raise RecordingError(f"data set {str(root)!r} does not exist; expected Ego4D's folder")
    for version in _VERSIONS:
        for folder in ("", "annotations"):
            path = root / version / folder / "ego4d.json"
            if path.is_file():
                # The tool puts ego4d.json beside v2/, or in v2/annotations/.
                inner = [root / v for v in _VERSIONS if v and (root / v / "annotations").is_dir()]
                return (root / version if version or not inner else inner[0]), path
    raise RecordingError(f"data set {str(root)!r} has no ego4d.json; expected Ego4D's folder")


def _read_videos(path: Path) -> list[Any]:
    try:
        videos = json.loads(path.read_text(encoding="utf-8"))["videos"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordingError(
            f"{path.name} cannot be read ({error!r}); expected videos[]"
        ) from error
    if not isinstance(videos, list):
        raise RecordingError(f"{path.name} has videos of {type(videos).__name__}; expected a list")
    return videos


def _videos(path: Path, report: SetReport) -> dict[str, dict[str, Any]]:
    videos = {}
    for number, entry in enumerate(_read_videos(path), 1):
        try:
            uid, duration = str(entry["video_uid"]), float(entry["duration_sec"])
            scenarios = [str(name) for name in entry.get("scenarios") or ()]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            report.bad_row(
                path, number, "malformed video", f"lacks or mistypes {error}", unit="video"
            )
            continue
        if not 0 < duration < np.inf:
            report.bad_row(path, number, "no length", f"duration_sec is {duration}", unit="video")
            continue
        videos[uid] = {**entry, "scenarios": scenarios}
    return videos


def _user(uid: str, entry: dict[str, Any]) -> str:
    participant = entry.get("fb_participant_id")
    return f"video-{uid}" if participant is None else f"p{participant}"


def _audio_start_s(entry: dict[str, Any]) -> float:
    about = entry.get("video_metadata")
    start = about.get("audio_start_sec") if isinstance(about, dict) else None
    return max(0.0, float(start)) if isinstance(start, int | float) else 0.0


def _moments(folder: Path, report: SetReport) -> dict[str, list[tuple[float, float, str]]]:
    moments: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for name in MOMENTS:
        path = folder / name
        if not path.is_file():
            report.missing(path)
            continue
        try:
            labels = list(_labels(_read_videos(path)))
        except (RecordingError, KeyError, TypeError, AttributeError) as error:
            report.skip(path, f"is not laid out as moments are: {error!r}")
            continue
        for number, (uid, label) in enumerate(labels, 1):
            try:
                begin, end = float(label["video_start_time"]), float(label["video_end_time"])
                text = str(label["label"])
            except (KeyError, TypeError, ValueError) as error:
                report.bad_row(
                    path, number, "malformed label", f"lacks or mistypes {error}", unit="label"
                )
                continue
            if not 0 <= begin < end < np.inf or not text:
                report.bad_row(
                    path, number, "no span", f"{text!r} from {begin} to {end} s", unit="label"
                )
                continue
            if (begin, end, text) not in moments[uid]:
                moments[uid].append((begin, end, text))
    return moments


def _labels(videos: list[Any]) -> Iterator[tuple[str, Any]]:
    for video in videos:
        for clip in video.get("clips") or ():
            for annotation in clip.get("annotations") or ():
                for label in annotation.get("labels") or ():
                    yield str(video["video_uid"]), label


def _spans(
    scenarios: list[str],
    moments: list[tuple[float, float, str]] | tuple[()],
    start_ns: int,
    duration_s: float,
) -> tuple[TruthSpan, ...]:
    end_ns = start_ns + round(duration_s * NS)
    spans = [TruthSpan(start_ns, end_ns, "scenario", name) for name in scenarios]
    spans += [
        TruthSpan(
            start_ns + round(begin * NS), start_ns + round(end * NS), "activity", readable(label)
        )
        for begin, end, label in moments
    ]
    return tuple(sorted(spans, key=lambda s: (s.start_ns, s.end_ns, s.kind, s.label)))


def readable(label: str) -> str:
    """Return a label as words: `cut_/_trim_grass` -> `cut / trim grass`."""
    return label.replace("_", " ").strip()


def _sound_path(base: Path, uid: str) -> Path:
    paths = [base / "audio" / f"{uid}{suffix}" for suffix in _SOUNDS]
    return next((path for path in paths if path.is_file()), paths[0])


def _sound(path: Path, report: SetReport, late_s: float) -> Sound | None:
    return sound_file(path, report, late_s)


def _motion(path: Path, duration_s: float, report: SetReport) -> SessionMotion | None:
    table = read_columns(path, _COLUMNS, report, may_lack=_COLUMNS)
    if table is None:
        return None
    rows, lines = table
    times = rows[:, 0] / 1_000
    placed = np.isfinite(times)
    inside = placed & (times >= 0) & (times <= duration_s)
    for wrong, kind in ((~placed, "without a time"), (placed & ~inside, "outside of the video")):
        if wrong.any():
            report.bad_row(path, int(lines[np.argmax(wrong)]), kind, count=int(wrong.sum()))
    acc = inside & np.isfinite(rows[:, 1:4]).all(axis=1)
    gyro = inside & np.isfinite(rows[:, 4:7]).all(axis=1)
    if not acc.any() or not gyro.any():
        report.skip(path, f"has no {'acceleration' if gyro.any() else 'rotation'}")
        return None
    laid = stretches(times[acc], rows[acc, 1:4], times[gyro], rows[gyro, 4:7], IMU_RATE)
    return SessionMotion(IMU_RATE, laid)
