"""Writes tiny data sets in the layouts of Ego4D, EgoADL, SAMoSA and the self-collected one."""

from __future__ import annotations

import json
import pickle
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RNG = np.random.default_rng(7)
IMU_HEADER = (
    "component_idx,component_timestamp_ms,canonical_timestamp_ms,"
    "gyro_x,gyro_y,gyro_z,accl_x,accl_y,accl_z"
)
# A video of Ego4D, and the actions of a session of EgoADL with its start, ms.
VIDEO = {
    "uid": "aa-1",
    "user": 12,
    "seconds": 8,
    "scenarios": ["Cooking", "Eating"],
    "moments": [(1.0, 4.0, "wash_dishes"), (1.0, 4.0, "wash_dishes"), (4.5, 6.0, "cut_/_trim")],
}
STAMP = 1_650_000_000_000
ACTIONS = [(0.0, "Open Door!"), (3.0, "walk"), (17.0, "sit/stand"), (17.5, "type"), (20.0, "End")]


def tone(seconds: float, hz: float, rate: int = 16_000, channels: int = 1) -> np.ndarray:
    """Return a tone in noise, (n, channels) int16."""
    t = np.arange(round(seconds * rate)) / rate
    wave = 8_000 * np.sin(2 * np.pi * hz * t) + RNG.normal(0, 200, len(t))
    return np.repeat(np.round(wave).astype(np.int16)[:, None], channels, axis=1)


def swing(seconds: float, hz: float, rate: float) -> np.ndarray:
    """Return motion (n, 6) swinging at `hz`: acceleration about gravity, then rotation."""
    t = np.arange(round(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * hz * t)
    rows = np.stack([wave, 0 * t, 9.81 + wave, 0 * t, 0 * t, wave], axis=1)
    return rows + RNG.normal(0, 0.02, rows.shape)


def ego4d(root: Path, videos: Sequence[dict[str, Any]]) -> None:
    """Write videos given as `uid`, `user`, `seconds`, `scenarios`, `moments`, `hz`."""
    base = root / "v2"
    for folder in ("annotations", "imu", "audio"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    entries, moments = [], []
    for video in videos:
        uid, seconds, hz = video["uid"], video["seconds"], video.get("hz", 2.0)
        entries.append(
            {
                "video_uid": uid,
                "duration_sec": float(seconds),
                "scenarios": video["scenarios"],
                "fb_participant_id": video.get("user"),
                "video_metadata": {"audio_start_sec": video.get("late", 0.0)},
            }
        )
        labels = [
            {"label": label, "video_start_time": begin, "video_end_time": end, "primary": True}
            for begin, end, label in video["moments"]
        ]
        clip = {"clip_uid": f"c-{uid}", "annotations": [{"labels": labels}]}
        moments.append({"video_uid": uid, "split": "train", "clips": [clip]})
        soundfile.write(base / "audio" / f"{uid}.flac", tone(seconds, 200 * hz), 16_000)
        motion = swing(seconds, hz, 200)
        lines = [
            f"0,{5 * i}.0,{5 * i}.0," + ",".join(f"{v:.6f}" for v in [*row[3:], *row[:3]])
            for i, row in enumerate(motion)
        ]
        (base / "imu" / f"{uid}.csv").write_text("\n".join([IMU_HEADER, *lines]) + "\n")
    (root / "ego4d.json").write_text(json.dumps({"version": "v2", "videos": entries}))
    half = max(1, len(moments) // 2)
    for name, part in (("train", moments[:half]), ("val", moments[half:])):
        path = base / "annotations" / f"moments_{name}.json"
        path.write_text(json.dumps({"version": "v2", "split": name, "videos": part}))


def egoadl(root: Path, user: str, stamp: int, actions: Sequence[tuple[float, str]]) -> Path:
    """Write one preprocessed session and add its labels; return its .npz."""
    seconds = actions[-1][0]
    folder = root / user
    (folder / "smartphone").mkdir(parents=True, exist_ok=True)
    (folder / "label").mkdir(exist_ok=True)
    audio = np.concatenate(
        [
            tone(end - begin, 300.0 + 10 * len(label), 48_000)[:, 0]
            for (begin, label), (end, _) in pairwise(actions)
        ]
    )
    motion = swing(seconds - actions[0][0], 1.5, 200)
    path = folder / "smartphone" / f"{stamp}.npz"
    np.savez_compressed(
        path,
        acc_matrix=motion[:, :3],
        gyro_matrix=motion[:, 3:],
        csi_matrix=np.zeros((4, 208)),
        audio_signal=audio / 32_767,
    )
    labels = folder / "label" / "label_clean.AUCVL"
    data = json.loads(labels.read_text())["data"] if labels.exists() else {}
    data[f"{stamp}.MP4"] = [{"time": at, "label": label} for at, label in actions]
    labels.write_text(json.dumps({"data": data, "videos": []}))
    return path


def samosa(
    root: Path, name: str, seconds: float = 6.0, hz: float = 2.0, protocol: int = 4, **extra: Any
) -> Path:
    """Write one trial named PARTICIPANT---CONTEXT---ACTIVITY---TRIAL."""
    folder = root / "TrainingDataset"
    folder.mkdir(parents=True, exist_ok=True)
    motion = np.concatenate([swing(seconds, hz, 50), np.zeros((round(seconds * 50), 3))], axis=1)
    held = {"Audio": tone(seconds, 200 * hz)[:, 0], "IMU": motion, **extra}
    path = folder / f"{name}.pkl"
    path.write_bytes(pickle.dumps(held, protocol=protocol))
    return path


def self_collected(root: Path, name: str, seconds: float = 6.0, channels: int = 4) -> Path:
    """Write the session DEVICE/USER/SESSION and return its folder."""
    folder = root / name
    folder.mkdir(parents=True)
    soundfile.write(folder / "audio.wav", tone(seconds, 500, 48_000, channels), 48_000)
    rows = swing(seconds, 1.0, 200)
    lines = [f"{i / 200:.4f}," + ",".join(f"{v:.6f}" for v in row) for i, row in enumerate(rows)]
    header = "t_s,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z"
    (folder / "imu.csv").write_text("\n".join([header, *lines]) + "\n")
    (folder / "labels.csv").write_text(
        "start_s,end_s,activity,direction,distance,sound\n"
        f"0,{seconds},clapping,,,\n1,3,,left,far,dog\n"
    )
    return folder
