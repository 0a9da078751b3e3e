"""A small folder laid out like the shared recordings, made up throughout."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from models.labels import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CATEGORIES_WRITTEN = ("dog", "footsteps", "keyboard_typing", "vacuum_cleaner", "rain", "clapping")
USERS = ("D9_u02", "D9_u05", "D9_u06")
"""Of the parts train, test and validation, in this order."""
DETAILS = (
    "walking",
    "sitting reading",
    "standing",
    "stand up from sitting",
    "computer typing",
    "running",
)
ROWS = 900
SUBJECTS = ("901", "902", "903")


def write(root: Path, *, clips: Sequence[str] = ()) -> Path:
    """Write sounds, ears and head motion; `clips` renames the first clips."""
    sounds(root / "audio" / "esc50_16k", clips)
    ears(root / "hrtf")
    motion(root / "imu")
    return root


def sounds(folder: Path, names: Sequence[str] = ()) -> None:
    """Write one clip of noise a category and fold, each of its own colour."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows: list[tuple[object, ...]] = []
    for fold in (1, 5):
        for number, category in enumerate(CATEGORIES_WRITTEN):
            name = f"{fold}-99{fold}{number}-A-{CATEGORIES.index(category)}"
            if len(rows) < len(names):
                name = names[len(rows)]
            wave = np.convolve(rng.normal(0, 0.1, 5 * 16_000), np.ones(number + 1), "same")
            soundfile.write(folder / f"{name}.flac", np.clip(wave, -1, 1), 16_000)
            row = (f"{name}.wav", fold, CATEGORIES.index(category), category, f"99{fold}{number}")
            rows.append((*row, "A", 1.0))
    with (folder / "esc50.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("filename", "fold", "target", "category", "src_file", "take", "id_margin"))
        table.writerows(rows)


SPEAKERS = ("george", "lucas", "nicolas")
"""Of the parts train, validation and test, in this order."""


def speech(folder: Path) -> None:
    """Write six seconds of each speaker: words of 0.4 s at a pitch of their own, silence between.

    The pitch is 200 Hz more for each.
    """
    folder.mkdir(parents=True)
    at_s = np.arange(6 * 16_000) / 16_000
    for number, name in enumerate(SPEAKERS, 1):
        wave = 0.3 * np.sin(2 * np.pi * 200 * number * at_s) * (at_s % 1.0 < 0.4)
        soundfile.write(folder / f"{name}_00.flac", wave, 16_000)


STREET_CLIPS = (
    ("100-3-0-0", "dog_bark"),
    ("100-3-0-1", "dog_bark"),
    ("101-7-0-0", "jackhammer"),
    ("101-2-0-0", "children_playing"),
    ("102-8-0-0", "siren"),
    ("103-5-0-0", "engine_idling"),
)
"""Recordings 100 and 101 are of the test part, 102 validates, 103 trains."""


def streets(folder: Path) -> None:
    """Write three seconds of noise for each clip."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, _ in STREET_CLIPS:
        soundfile.write(folder / f"{name}.flac", rng.normal(0, 0.05, 3 * 16_000), 16_000)
    rows = [f"{name}.flac,1,{name.split('-')[0]},{category}" for name, category in STREET_CLIPS]
    table = "\n".join(["filename,fold,freesound_id,category", *rows])
    (folder / "urbansound8k.csv").write_text(table + "\n")


def ears(folder: Path) -> None:
    """Write subjects whose responses are one delayed and weakened click an ear."""
    folder.mkdir(parents=True)
    azimuth = np.linspace(-80, 80, 25)
    hrir = np.zeros((len(SUBJECTS), 25, 50, 2, 73), np.float16)
    for number, angle in enumerate(np.sin(np.deg2rad(azimuth))):
        for ear, side in enumerate((-1, 1)):
            hrir[:, number, :, ear, 20 - round(5 * side * angle)] = 1 + 0.4 * side * angle
    np.savez(
        folder / "cipic_16khz.npz",
        hrir=hrir,
        subject=np.array(SUBJECTS),
        azimuth_deg=azimuth,
        elevation_deg=np.linspace(-45, 230.625, 50),
        sampling_rate_hz=np.array(16_000.0),
    )


def motion(folder: Path) -> None:
    """Write a head recording of each detail for each user, gravity elsewhere for each of them.

    A user's accelerometer swings at a pace of their own, (user's place + 2) Hz.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    parts, users, labels = [], [], []
    for place, user in enumerate(USERS):
        for detail in DETAILS:
            values = rng.normal(0, 0.05, (ROWS, 6))
            swing = np.sin(2 * np.pi * (place + 2) * np.arange(ROWS) / 50)
            values[:, place] += 9.81 + (2.0 if detail in ("walking", "running") else 0.1) * swing
            values[:, 3 + place] += 0.5 * np.sin(2 * np.pi * 0.2 * np.arange(ROWS) / 50)
            parts.append(np.round(values * 1000).astype(np.int16))
            users.append(user)
            labels.append(detail)
    starts = np.arange(len(parts)) * ROWS
    np.savez(
        folder / "classyglass_50hz.npz",
        signal=np.concatenate(parts),
        scale=np.full(6, 1000, np.float32),
        recording_start=starts,
        recording_stop=starts + ROWS,
        recording_user=np.array(users),
        recording_label=np.array(labels),
        recording_t0_unix_s=1.5e9 + 100.0 * np.arange(len(parts)),
        sampling_rate_hz=np.array(50.0),
    )
    windows = [(r, s) for r in range(len(parts)) for s in range(0, ROWS, 300)]
    np.savez(
        folder / "classyglass_windows.npz",
        recording=np.array([r for r, _ in windows], np.int32),
        start=np.array([s for _, s in windows], np.int32),
        label=np.array([labels[r] for r, _ in windows]),
        detail=np.array([labels[r] for r, _ in windows]),
        user=np.array([users[r] for r, _ in windows]),
    )
