"""Small files in the layout of the motion data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path


def _signal(lengths: list[int], users: list[str]) -> dict[str, Any]:
    stops = np.cumsum(lengths)
    rng = np.random.default_rng(0)
    signal = rng.integers(-3000, 3000, (int(stops[-1]), 6)).astype(np.int16)
    signal[:, 2] += 9810
    return {
        "signal": signal,
        "scale": np.array([1000, 1000, 1000, 3000, 3000, 3000], np.float32),
        "recording_start": stops - lengths,
        "recording_stop": stops,
        "recording_user": np.array(users),
        "sampling_rate_hz": np.array(50.0),
    }


def hapt(path: Path) -> dict[str, Any]:
    """Write two users' recordings with three labelled intervals."""
    arrays = _signal([500, 300, 400], ["u01", "u01", "u02"]) | {
        "interval_recording": np.array([0, 0, 1]),
        "interval_start": np.array([200, 50, 0]),
        "interval_stop": np.array([300, 200, 100]),
        "interval_label": np.array(["stand to sit", "standing", "lying"]),
    }
    np.savez(path, **arrays)
    return arrays


def classyglass(path: Path) -> dict[str, Any]:
    """Write three recordings, not in the order of their start."""
    arrays = _signal([525, 600, 400], ["D1_u01", "D1_u01", "D1_u02"]) | {
        "recording_label": np.array(["walking", "computer typing", "standing"]),
        "recording_t0_unix_s": np.array([1_568_490_000.27, 1_568_480_000.803, 1_568_500_000.0]),
    }
    np.savez(path, **arrays)
    return arrays


def wisdm(path: Path) -> dict[str, Any]:
    """Write four windows of two users."""
    arrays = {
        "data": np.random.default_rng(0).normal(0, 1, (4, 120, 6)).astype(np.float16),
        "label": np.array(["walking", "walking", "teeth", "sitting"]),
        "user": np.array(["1600", "1600", "1601", "1600"]),
        "position": np.array(["pocket"] * 4),
    }
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return arrays


def labelled_recording(path: Path, user: str, intervals: list[tuple[int, int, str]]) -> Path:
    """Write one recording of 2,000 rows whose first column counts them."""
    signal = np.zeros((2000, 6), np.int16)
    signal[:, 0] = np.arange(2000)
    np.savez(
        path,
        signal=signal,
        scale=np.ones(6, np.float32),
        recording_start=np.array([0]),
        recording_stop=np.array([2000]),
        recording_user=np.array([user]),
        interval_recording=np.zeros(len(intervals), np.int64),
        interval_start=np.array([first for first, _, _ in intervals]),
        interval_stop=np.array([last for _, last, _ in intervals]),
        interval_label=np.array([label for _, _, label in intervals]),
    )
    return path
